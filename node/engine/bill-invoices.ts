import { fromHex, toHex } from "../core/bytes.ts";
import { invoiceSalts } from "../core/commitment/secrets.ts";
import { TallystickError } from "../core/errors.ts";
import { writeInvoiceOfLines } from "../core/invoice/invoice-document.ts";
import { invoiceMoney } from "../core/invoice/invoice-line.ts";
import { type GatheredLines, readGathered } from "./bill-lines.ts";
import { type BillPlan, type BillState, billUnit } from "./bill-state.ts";
import { type BillingEpoch, billingEpoch } from "./billing-epoch.ts";
import { below, keys } from "./key-spaces.ts";
import { appendEntry } from "./number-charge.ts";
import type { EngineContext } from "./operator.ts";
import type { Store } from "./store.ts";
import type { StoreSession } from "./store-session.ts";
import { batchLeafOfInvoice, leafPartsOfStoredInvoice } from "./stored-invoice-leaf.ts";
import { readJson, scanJson } from "./stored-json.ts";
import type { BookState, EpochState, StoredInvoice, StoredInvoiceLeaf } from "./stored-types.ts";

const NO_LINES: GatheredLines = { charges: [], credits: [], lastCharge: 0n, lastCredit: 0n };
const NO_CLOSING_STATE = toHex(new Uint8Array(32));

/** The run of an epoch as a number: 2026-10 is 202610. */
export const runOfEpoch = (epoch: string): bigint => BigInt(epoch.replace("-", ""));

export interface BilledAccount {
  account: string;
  charges: EpochState;
  credits: EpochState | undefined;
}

/** Accounts with charges in the period, in the order of their keys; those without are left out. */
export async function billedAccounts(
  { store, profile }: EngineContext,
  accounts: readonly string[],
  epoch: string,
): Promise<BilledAccount[]> {
  const { chargeBook, creditBook } = profile.agreement;
  const statesOf = async (domain: string) => {
    const names = accounts.map((account) => keys.epoch(account, epoch, domain));
    const values = await store.getMany(names);
    return values.map((value, at) =>
      value === undefined ? undefined : readJson<EpochState>(names[at] as string, value),
    );
  };
  const [charges, credits] = [await statesOf(chargeBook), await statesOf(creditBook)];
  return accounts.flatMap((account, at) => {
    const state = charges[at];
    return state === undefined ? [] : [{ account, charges: state, credits: credits[at] }];
  });
}

/**
 * The invoices of one bucket, with the leaves that wait to be appended.
 * @throws TallystickError `bill.lines-missing` when the rows do not hold what the counters say
 */
export async function composeBucket(
  context: EngineContext,
  session: StoreSession,
  epochName: string,
  { plan, state }: { plan: BillPlan; state: BillState },
): Promise<BillState> {
  const bucket = plan.buckets[state.index];
  if (bucket === undefined) return { ...state, phase: "append" };
  const { store, profile } = context;
  const epoch = billingEpoch(epochName, profile.zone);
  const next = plan.buckets[state.index + 1];
  const accounts = await accountsBetween(store, bucket.first, next?.first);
  const { lines, stored } = await readGathered(store, epochName, state.index);
  let ordinal = bucket.ordinal;
  let totalNano = BigInt(state.totalNano);
  for (const billed of await billedAccounts(context, accounts, epochName)) {
    ordinal++;
    const number = `${epochName}-${String(ordinal).padStart(6, "0")}`;
    const own = lines.get(billed.account) ?? NO_LINES;
    assertWhole(billed, own, number);
    const invoice = composeInvoice(context, billed, own, {
      epoch,
      number,
      issuedAtSeconds: BigInt(plan.issuedAtSeconds),
    });
    session.put(keys.invoice(billed.account, epochName), invoice);
    const leaf = leafOf(invoice);
    session.put(keys.billLeaf(epochName, leaf.orderKey), leaf);
    totalNano += BigInt(invoice.chargesNano);
  }
  for (const key of stored) session.delete(key);
  const index = state.index + 1;
  return { ...state, index, invoices: ordinal, totalNano: totalNano.toString() };
}

async function accountsBetween(
  store: Store,
  first: string,
  next: string | undefined,
): Promise<string[]> {
  const to = next === undefined ? below("account/").to : keys.account(next);
  const accounts: string[] = [];
  for await (const { key } of store.scan({ from: keys.account(first), to })) {
    accounts.push(key.slice("account/".length));
  }
  return accounts;
}

/** An invoice never states a number or a total whose lines it does not hold. */
function assertWhole(billed: BilledAccount, own: GatheredLines, number: string): void {
  const isWhole = (state: EpochState | undefined, last: bigint, lines: readonly string[]) =>
    BigInt(state?.lastChargeNumber ?? "0") === last && BigInt(lines.length) === last;
  if (
    isWhole(billed.charges, own.lastCharge, own.charges) &&
    isWhole(billed.credits, own.lastCredit, own.credits)
  ) {
    return;
  }
  throw new TallystickError(
    "bill.lines-missing",
    `The charges stored for invoice ${number} are not those that were numbered. Nothing of it is billed; run fsck.`,
  );
}

function composeInvoice(
  { profile }: EngineContext,
  { account, charges, credits }: BilledAccount,
  lines: GatheredLines,
  head: { epoch: BillingEpoch; number: string; issuedAtSeconds: bigint },
): StoredInvoice {
  const { epoch, number } = head;
  const money = invoiceMoney(profile.agreement.currency);
  const chargesNano = BigInt(charges.runningTotalNano);
  const creditsNano = BigInt(credits?.runningTotalNano ?? "0");
  const documentText = writeInvoiceOfLines(
    {
      format: "tallystick-invoice",
      version: 1,
      number,
      issuedAt: new Date(Number(head.issuedAtSeconds) * 1000).toISOString(),
      operator: { name: profile.name, member: profile.member },
      account,
      period: {
        epoch: epoch.name,
        from: new Date(epoch.fromMilliseconds).toISOString(),
        to: new Date(epoch.toMilliseconds).toISOString(),
        zone: profile.zone,
      },
      currency: profile.agreement.currency,
      charges: money(chargesNano),
      creditsTotal: money(creditsNano),
      tax: money(BigInt(charges.taxNano ?? "0")),
      total: money(chargesNano - creditsNano),
    },
    lines.charges,
    lines.credits,
  );
  const run = runOfEpoch(epoch.name);
  const salts = invoiceSalts(fromHex(charges.epochKey, 32), run);
  return {
    account,
    epoch: epoch.name,
    run: run.toString(),
    number,
    documentText,
    chargesNano: charges.runningTotalNano,
    body: {
      salt: toHex(salts.body),
      pseudonym: charges.pseudonym,
      lastChargeNumber: charges.lastChargeNumber,
      lastCreditNumber: credits?.lastChargeNumber ?? "0",
      creditsNano: creditsNano.toString(),
      taxNano: charges.taxNano ?? "0",
    },
    document: { salt: toHex(salts.document), closingState: NO_CLOSING_STATE },
    domain: profile.agreement.invoiceBook,
  };
}

function leafOf(invoice: StoredInvoice): StoredInvoiceLeaf {
  const parts = leafPartsOfStoredInvoice(invoice);
  return {
    account: invoice.account,
    epoch: invoice.epoch,
    orderKey: toHex(parts.orderKey),
    body: toHex(parts.body),
    document: toHex(parts.document),
    chargesNano: invoice.chargesNano,
  };
}

/**
 * Appends the next leaves to the invoice book, in strictly increasing order of their keys.
 * @returns whether those were the last
 */
export async function appendLeaves(
  context: EngineContext,
  session: StoreSession,
  epoch: string,
): Promise<boolean> {
  const { store, profile } = context;
  const limit = billUnit(context);
  const bookKey = keys.book(profile.agreement.invoiceBook);
  const range = { ...below(`bill-leaf/${epoch}/`), limit };
  let appended = 0;
  for await (const { key, value: leaf } of scanJson<StoredInvoiceLeaf>(store, range)) {
    const book = (await session.get<BookState>(bookKey)) as BookState;
    const entry = batchLeafOfInvoice(fromHex(book.domain, 20), leaf);
    const position = appendEntry(session, book, leaf, entry);
    session.put(keys.invoiceAt(leaf.account, epoch), position.toString());
    session.delete(key);
    appended++;
  }
  return appended < limit;
}
