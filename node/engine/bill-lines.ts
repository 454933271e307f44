import {
  type BilledCharge,
  creditReason,
  invoiceLine,
  invoiceMoney,
  writeInvoiceCredit,
  writeInvoiceLine,
} from "../core/invoice/invoice-line.ts";
import {
  type BillBucket,
  type BillPlan,
  type BillState,
  billUnit,
  GATHERED_UNITS,
} from "./bill-state.ts";
import type { ChargeBlock } from "./charge-block.ts";
import { below, keys, sortable } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import type { Store } from "./store.ts";
import type { StoreSession } from "./store-session.ts";
import { encodeBytes, readBytes } from "./stored-bytes.ts";
import { isBlock, scanRows } from "./stored-rows.ts";
import type { StoredCharge } from "./stored-types.ts";

/*
 * Lines gathered for the invoices of a bucket of accounts: text, one entry a line, of account, number
 * and the invoice's own line in canonical JSON, with a tab between. None of them holds a tab or a line
 * feed: accounts and numbers by their alphabet, JSON because it escapes both. Numbers of credits have
 * a "C" in front.
 */

export interface GatheredLines {
  charges: string[];
  credits: string[];
  /** Charge number of the last line; lines stand in their order without gaps. */
  lastCharge: bigint;
  lastCredit: bigint;
}

/**
 * One unit of gathering: rows of the period from where the last unit ended, read by the block once.
 * @returns how far the run is then
 */
export async function gatherUnit(
  context: EngineContext,
  session: StoreSession,
  epoch: string,
  { plan, state }: { plan: BillPlan; state: BillState },
): Promise<BillState> {
  const book = plan.books[state.index];
  if (book === undefined) return { ...state, phase: "compose", index: 0 };
  const money = invoiceMoney(context.profile.agreement.currency);
  const unit = GATHERED_UNITS * billUnit(context);
  const texts = new Map<number, string>();
  const later = { ...state.later };
  let gathered = 0;
  const add = (account: string, number: string, line: string) => {
    const bucket = bucketOf(plan.buckets, account);
    const entry = `${account}\t${number}\t${line}\n`;
    texts.set(bucket, (texts.get(bucket) ?? "") + entry);
    gathered++;
  };
  /** @returns whether the row is of the period */
  const isMeant = (of: string, position: bigint): boolean => {
    if (of > epoch) later[book.domain] ??= position.toString();
    return of === epoch;
  };
  let position = BigInt(state.position);
  for await (const { first, count, rows } of scanRows(
    context.store,
    book.domain,
    position,
    BigInt(book.to),
  )) {
    if (isBlock(rows)) {
      for (let row = 0; row < count; row++) {
        const { account, epoch: of } = rows.owner(row);
        if (!isMeant(of, first + BigInt(row))) continue;
        const billed = chargeOfRow(rows, row);
        add(account, billed.chargeNumber, writeInvoiceLine(invoiceLine(billed, money)));
      }
    } else if ("opened" in rows && isMeant(rows.epoch, first)) {
      const { number, line } = lineOfLoose(rows, money);
      add(rows.account, number, line);
    }
    position = first + BigInt(count);
    if (gathered >= unit) break;
  }
  for (const [bucket, text] of texts) {
    session.putBytes(
      keys.billLines(epoch, bucket, state.units),
      encodeBytes(Buffer.from(text, "utf8")),
    );
  }
  const units = state.units + 1;
  if (gathered >= unit) return { ...state, position: String(position), units, later };
  const index = state.index + 1;
  return { ...state, index, position: plan.books[index]?.from ?? "0", units, later };
}

/** What was gathered for a bucket, by account. */
export async function readGathered(
  store: Store,
  epoch: string,
  bucket: number,
): Promise<{ lines: Map<string, GatheredLines>; stored: string[] }> {
  const lines = new Map<string, GatheredLines>();
  const stored: string[] = [];
  const range = below(`bill-lines/${epoch}/${sortable(bucket)}/`);
  for await (const { key, value } of store.scan(range)) {
    stored.push(key);
    const text = Buffer.from(readBytes(key, value).buffer).toString("utf8");
    for (let at = 0; at < text.length; ) {
      const tab = text.indexOf("\t", at);
      const second = text.indexOf("\t", tab + 1);
      const end = text.indexOf("\n", second + 1);
      const account = text.slice(at, tab);
      let own = lines.get(account);
      if (own === undefined) {
        own = { charges: [], credits: [], lastCharge: 0n, lastCredit: 0n };
        lines.set(account, own);
      }
      take(own, text.slice(tab + 1, second), text.slice(second + 1, end));
      at = end + 1;
    }
  }
  return { lines, stored };
}

/** A line that does not follow the last one leaves the last number behind, which `compose` refuses. */
function take(own: GatheredLines, number: string, line: string): void {
  if (number.startsWith("C")) {
    own.credits.push(line);
    if (BigInt(number.slice(1)) === own.lastCredit + 1n) own.lastCredit++;
  } else {
    own.charges.push(line);
    if (BigInt(number) === own.lastCharge + 1n) own.lastCharge++;
  }
}

/** The last bucket whose first account is not behind the account; accounts are ASCII. */
function bucketOf(buckets: readonly BillBucket[], account: string): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((buckets[middle] as BillBucket).first <= account) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Without keys: a line of an invoice tells nothing that salts or tags are needed for. */
function chargeOfRow(block: ChargeBlock, row: number): BilledCharge {
  const { wide, middle, small, table } = block;
  const text = table.texts[row];
  return {
    chargeNumber: String(middle.chargeNumber[row]),
    device: block.owner(row).device,
    amountNano: wide.amountNano[row] as bigint,
    charge: {
      service: small.service[row] as number,
      flags: small.flags[row] as number,
      start: String(wide.start[row]),
      quantity: String(wide.quantity[row]),
      secondQuantity: String(wide.secondQuantity[row]),
      decidingDigits: `0x${(wide.decidingDigits[row] as bigint).toString(16)}`,
    },
    party: {
      type: small.partyType[row] as number,
      restDigits: `0x${(wide.restDigits[row] as bigint).toString(16)}`,
      ...(text === undefined ? {} : { text }),
    },
  };
}

function lineOfLoose(
  stored: StoredCharge,
  money: (nano: bigint) => string,
): { number: string; line: string } {
  const { account, party, charge, credit } = stored.opened;
  const amountNano = BigInt(stored.amountNano);
  const { chargeNumber } = account;
  if (charge !== undefined) {
    const billed = { chargeNumber, device: stored.device, amountNano, charge, party };
    return { number: chargeNumber, line: writeInvoiceLine(invoiceLine(billed, money)) };
  }
  const number = `C${chargeNumber}`;
  const line = writeInvoiceCredit({
    line: number,
    amount: money(amountNano),
    reason: creditReason(credit?.reason),
    invoice: stored.recordId,
  });
  return { number, line };
}
