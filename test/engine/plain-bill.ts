import { fromHex, toHex } from "../../node/core/bytes.ts";
import { CREDIT_REASON } from "../../node/core/commitment/charge-groups.ts";
import { invoiceSalts } from "../../node/core/commitment/secrets.ts";
import { describeCharge } from "../../node/core/evidence/describe-charge.ts";
import {
  type InvoiceDocument,
  type InvoiceDocumentLine,
  writeInvoiceDocument,
} from "../../node/core/invoice/invoice-document.ts";
import { minorUnitDigits } from "../../node/core/money/currency.ts";
import { formatNano } from "../../node/core/money/decimal.ts";
import { type BillingEpoch, billingEpoch } from "../../node/engine/bill/billing-epoch.ts";
import { leafPartsOfStoredInvoice } from "../../node/engine/bill/stored-invoice-leaf.ts";
import type { EngineContext } from "../../node/engine/operator.ts";
import { below, keys } from "../../node/engine/store/key-spaces.ts";
import { readOwnedCharges } from "../../node/engine/store/read-charges.ts";
import { getJson, scanJson } from "../../node/engine/store/stored-json.ts";
import type {
  Account,
  EpochState,
  StoredCharge,
  StoredInvoice,
  StoredInvoiceLeaf,
} from "../../node/engine/store/stored-types.ts";

/**
 * The reference of the bill run: one account after the other, its charges read by their places and
 * opened one by one, the document written from a value. Writes nothing.
 */
export async function plainBill(
  context: EngineContext,
  epochName: string,
): Promise<{ invoices: StoredInvoice[]; leaves: StoredInvoiceLeaf[] }> {
  const { store, profile, time } = context;
  const epoch = billingEpoch(epochName, profile.zone);
  const issuedAtSeconds = await time.seconds();
  const invoices: StoredInvoice[] = [];
  const leaves: StoredInvoiceLeaf[] = [];
  for await (const { value: account } of scanJson<Account>(store, below("account/"))) {
    const key = keys.epoch(account.id, epochName, profile.agreement.chargeBook);
    const state = await getJson<EpochState>(store, key);
    if (state === undefined) continue;
    const number = `${epochName}-${String(invoices.length + 1).padStart(6, "0")}`;
    const input = { account, epoch, state, number, issuedAtSeconds };
    const { invoice, leaf } = await composeInvoice(context, input);
    invoices.push(invoice);
    leaves.push(leaf);
  }
  leaves.sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1));
  return { invoices, leaves };
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
  input: InvoiceInput,
): Promise<{ invoice: StoredInvoice; leaf: StoredInvoiceLeaf }> {
  const { profile } = context;
  const { account, epoch, state } = input;
  const run = BigInt(epoch.name.replace("-", ""));
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
  const creditState = await getJson<EpochState>(
    context.store,
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
