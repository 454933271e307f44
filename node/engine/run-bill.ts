import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { CREDIT_REASON } from "../core/commitment/charge-groups.ts";
import { invoiceSalts } from "../core/commitment/secrets.ts";
import { TallystickError } from "../core/errors.ts";
import { describeCharge } from "../core/evidence/describe-charge.ts";
import {
  type InvoiceDocument,
  type InvoiceDocumentLine,
  writeInvoiceDocument,
} from "../core/invoice/invoice-document.ts";
import { minorUnitDigits } from "../core/money/currency.ts";
import { formatNano } from "../core/money/decimal.ts";
import { type BillingEpoch, billingEpoch } from "./billing-epoch.ts";
import { below, keys } from "./key-spaces.ts";
import { appendEntry } from "./number-charge.ts";
import type { EngineContext } from "./operator.ts";
import { readBatch, readOwnedCharges } from "./read-charges.ts";
import { StoreSession } from "./store-session.ts";
import { batchLeafOfInvoice, leafPartsOfStoredInvoice } from "./stored-invoice-leaf.ts";
import { getJson, scanJson } from "./stored-json.ts";
import type {
  Account,
  BookState,
  EpochState,
  StoredCharge,
  StoredInvoice,
  StoredInvoiceLeaf,
} from "./stored-types.ts";

export interface BillRun {
  epoch: string;
  invoices: number;
  totalNano: bigint;
  /** True when this period had been billed before; nothing was done again. */
  already: boolean;
}

/**
 * The bill of a closed period: one invoice for each account with charges, its leaf appended to the
 * invoice book in strict order. Done once; running it again answers what was done.
 * @throws TallystickError `bill.period-open`, `bill.charges-pending`, `bill.earlier-period-open`
 */
export async function runBill(context: EngineContext, epochName: string): Promise<BillRun> {
  const { store, profile, time } = context;
  const epoch = billingEpoch(epochName, profile.zone);
  const session = new StoreSession(store);
  const closed = await session.get<string>(keys.node("closed-epoch"));
  if (closed !== undefined && closed >= epochName) return answerBefore(context, epochName);

  const now = await time.seconds();
  if (now * 1000n < BigInt(epoch.toMilliseconds)) {
    throw new TallystickError(
      "bill.period-open",
      `${epochName} ends at ${new Date(epoch.toMilliseconds).toISOString()}; the ledger's time is ${new Date(Number(now) * 1000).toISOString()}. Run the bill after the period.`,
    );
  }
  for (const book of [profile.agreement.chargeBook, profile.agreement.creditBook]) {
    await assertCommitted(context, book);
  }

  const leaves: StoredInvoiceLeaf[] = [];
  let totalNano = 0n;
  let ordinal = 0;
  for await (const { value: account } of scanJson<Account>(store, below("account/"))) {
    await assertNothingSkipped(context, account.id, { after: closed, before: epochName });
    const state = await session.get<EpochState>(
      keys.epoch(account.id, epochName, profile.agreement.chargeBook),
    );
    if (state === undefined) continue;
    ordinal++;
    const { invoice, leaf } = await composeInvoice(context, session, {
      account,
      epoch,
      state,
      number: `${epochName}-${String(ordinal).padStart(6, "0")}`,
      issuedAtSeconds: now,
    });
    session.put(keys.invoice(account.id, epochName), invoice);
    leaves.push(leaf);
    totalNano += BigInt(invoice.chargesNano);
  }
  leaves.sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1));
  for (const leaf of leaves) {
    const book = (await session.get<BookState>(
      keys.book(profile.agreement.invoiceBook),
    )) as BookState;
    appendEntry(session, book, leaf, batchLeafOfInvoice(fromHex(book.domain, 20), leaf));
  }
  session.put(keys.node("closed-epoch"), epochName);
  // One write: before it nothing was billed, after it all invoices are and the period is closed.
  await session.commit();
  return { epoch: epochName, invoices: leaves.length, totalNano, already: false };
}

/** Every charge and credit stands on the ledger, by a final commitment, before a bill names it. */
async function assertCommitted({ store }: EngineContext, domain: Hex): Promise<void> {
  const book = (await getJson<BookState>(store, keys.book(domain))) as BookState;
  let waits = book.pendingFirst !== book.pendingNext;
  for (let sequence = BigInt(book.lastSequence); !waits && sequence > 0n; sequence--) {
    const batch = await readBatch(store, domain, sequence);
    if (batch.blockTime !== undefined) break;
    waits = batch.count > 0;
  }
  if (!waits) return;
  throw new TallystickError(
    "bill.charges-pending",
    "Some charges or credits are not on the ledger yet; commit first, then run the bill.",
  );
}

/** A period that was passed over would never be billed: later runs close it. */
async function assertNothingSkipped(
  { store, profile }: EngineContext,
  account: string,
  { after, before }: { after: string | undefined; before: string },
): Promise<void> {
  const range = { from: `epoch/${account}/${after ?? ""}`, to: `epoch/${account}/${before}` };
  for await (const { key } of store.scan(range)) {
    const [, , epoch = "", domain] = key.split("/");
    if (domain !== profile.agreement.chargeBook || epoch === after) continue;
    throw new TallystickError(
      "bill.earlier-period-open",
      `There are charges in ${epoch}, which was not billed; run the bill of ${epoch} first.`,
    );
  }
}

/** The run of an epoch as a number: 2026-10 is 202610. */
export const runOfEpoch = (epoch: string): bigint => BigInt(epoch.replace("-", ""));

async function answerBefore(context: EngineContext, epoch: string): Promise<BillRun> {
  let invoices = 0;
  let totalNano = 0n;
  for await (const { value } of scanJson<StoredInvoice>(context.store, below("invoice/"))) {
    if (value.epoch !== epoch) continue;
    invoices++;
    totalNano += BigInt(value.chargesNano);
  }
  return { epoch, invoices, totalNano, already: true };
}

interface InvoiceInput {
  account: Account;
  epoch: BillingEpoch;
  state: EpochState;
  number: string;
  issuedAtSeconds: bigint;
}

async function composeInvoice(
  context: EngineContext,
  session: StoreSession,
  input: InvoiceInput,
): Promise<{ invoice: StoredInvoice; leaf: StoredInvoiceLeaf }> {
  const { profile } = context;
  const { account, epoch, state } = input;
  const run = runOfEpoch(epoch.name);
  const charges = await readOwnedCharges(
    context.store,
    account.id,
    epoch.name,
    profile.agreement.chargeBook,
  );
  const credits = await readOwnedCharges(
    context.store,
    account.id,
    epoch.name,
    profile.agreement.creditBook,
  );
  const creditState = await session.get<EpochState>(
    keys.epoch(account.id, epoch.name, profile.agreement.creditBook),
  );
  const creditsNano = BigInt(creditState?.runningTotalNano ?? "0");
  const documentText = writeInvoiceDocument(
    documentOf(
      context,
      input,
      charges.map(({ charge }) => charge),
      credits.map(({ charge }) => charge),
      creditsNano,
    ),
  );
  const salts = invoiceSalts(fromHex(state.epochKey, 32), run);
  const body = {
    salt: toHex(salts.body),
    pseudonym: state.pseudonym,
    lastChargeNumber: state.lastChargeNumber,
    lastCreditNumber: creditState?.lastChargeNumber ?? "0",
    creditsNano: creditsNano.toString(),
    taxNano: "0",
  };
  const document = { salt: toHex(salts.document), closingState: toHex(new Uint8Array(32)) };
  const chargesNano = state.runningTotalNano;
  const invoice: StoredInvoice = {
    account: account.id,
    epoch: epoch.name,
    run: run.toString(),
    number: input.number,
    documentText,
    chargesNano,
    body,
    document,
    domain: profile.agreement.invoiceBook,
  };
  const parts = leafPartsOfStoredInvoice(invoice);
  const leaf: StoredInvoiceLeaf = {
    account: account.id,
    epoch: epoch.name,
    orderKey: toHex(parts.orderKey),
    body: toHex(parts.body),
    document: toHex(parts.document),
    chargesNano,
  };
  return { invoice, leaf };
}

function documentOf(
  context: EngineContext,
  { account, epoch, number, issuedAtSeconds, state }: InvoiceInput,
  charges: StoredCharge[],
  credits: StoredCharge[],
  creditsNano: bigint,
): InvoiceDocument {
  const { profile } = context;
  const digits = minorUnitDigits(profile.agreement.currency) ?? 2;
  const money = (nano: bigint | string) => formatNano(BigInt(nano), digits);
  const chargesNano = BigInt(state.runningTotalNano);
  return {
    format: "tallystick-invoice",
    version: 1,
    number,
    issuedAt: new Date(Number(issuedAtSeconds) * 1000).toISOString(),
    operator: { name: profile.name, member: profile.member },
    account: account.id,
    period: {
      epoch: epoch.name,
      from: new Date(epoch.fromMilliseconds).toISOString(),
      to: new Date(epoch.toMilliseconds).toISOString(),
      zone: profile.zone,
    },
    currency: profile.agreement.currency,
    lines: charges.map((charge) => documentLine(charge, money)),
    credits: credits.map((credit) => ({
      line: `C${credit.opened.account.chargeNumber}`,
      amount: money(credit.amountNano),
      reason: creditReason(credit.opened.credit?.reason),
      invoice: credit.recordId,
    })),
    charges: money(chargesNano),
    creditsTotal: money(creditsNano),
    tax: money(0n),
    total: money(chargesNano - creditsNano),
  };
}

function documentLine(charge: StoredCharge, money: (nano: string) => string): InvoiceDocumentLine {
  const opened = charge.opened.charge as NonNullable<StoredCharge["opened"]["charge"]>;
  const facts = describeCharge(opened, charge.opened.party);
  return {
    line: charge.opened.account.chargeNumber,
    device: charge.device,
    service: facts.service ?? "other",
    direction: facts.direction,
    ...(facts.otherParty === undefined ? {} : { otherParty: facts.otherParty }),
    start: new Date(facts.startMilliseconds).toISOString(),
    ...(facts.durationSeconds === undefined ? {} : { durationSeconds: facts.durationSeconds }),
    ...(facts.octets === undefined ? {} : { octets: facts.octets }),
    ...(facts.units === undefined ? {} : { units: facts.units }),
    amount: money(charge.amountNano),
  };
}

const REASON_WORDS: Record<number, string> = {
  [CREDIT_REASON.claimConceded]: "claim conceded",
  [CREDIT_REASON.breachProven]: "breach proven on the ledger",
  [CREDIT_REASON.goodwill]: "goodwill",
  [CREDIT_REASON.correction]: "correction",
};

const creditReason = (code: number | undefined): string => REASON_WORDS[code ?? 0] ?? "credit";
