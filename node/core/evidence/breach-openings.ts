import { fromHex, type Hex, toHex } from "../bytes.ts";
import {
  accountGroupDigest,
  chargeGroupDigest,
  creditGroupDigest,
  partyGroupDigest,
} from "../commitment/charge-groups.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../commitment/invoice-leaf.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { TallystickError } from "../errors.ts";
import { hashDocument } from "../hash.ts";
import {
  type Bundle,
  type BundleBatch,
  type BundleCharge,
  type BundleCredit,
  type BundleInvoice,
  isClosed,
  type OpenedAccount,
  type OpenedCharge,
  type OpenedCredit,
} from "./bundle.ts";
import { digestOf } from "./check.ts";
import { accountFromJson, chargeFromJson, creditFromJson, partyFromJson } from "./group-json.ts";

/*
 * Entries of a bundle as the judges of contracts/breaches take them, each field by its name there.
 * Integers are decimal strings or numbers, bytes "0x…", so that it travels as JSON.
 */

const NO_SCOPE = { scope: `0x${"00".repeat(8)}`, scopeSequence: "0", counterBefore: "0" };

/** What a proof of an entry has beside its leaf. */
type Proven = Pick<BundleCharge, "batch" | "path">;

/** @throws TallystickError `opening.not-possible` while the batch is not on the ledger */
export function batchPath(bundle: Bundle, { batch, path }: Proven) {
  const { depth, totals, runningTotals, blockTime } = bundle.batches[batch] as BundleBatch;
  if (blockTime === undefined) throw notOpened("its batch is not on the ledger yet");
  return { depth, siblings: path, totals, runningTotals, blockTime };
}

export function chargeTuple({ counters, ...group }: OpenedCharge) {
  return {
    ...group,
    decidingDigits: BigInt(group.decidingDigits).toString(),
    originDigits: BigInt(group.originDigits).toString(),
    visitedNetwork: `0x${group.visitedNetwork.toString(16).padStart(6, "0")}`,
    scopes: [counters[0] ?? NO_SCOPE, counters[1] ?? NO_SCOPE],
  };
}

/** Digests of whose it is and of the other side, never opened with the use. */
export function leafRest({
  account,
  party,
  amountNano,
}: Pick<BundleCharge, "account" | "amountNano"> & {
  party: BundleCharge["party"];
}) {
  return {
    account: toHex(digestOf(account, (group) => accountGroupDigest(accountFromJson(group)))),
    party: toHex(digestOf(party, (group) => partyGroupDigest(partyFromJson(group)))),
    amountNano,
  };
}

const thirdOf = (charge: BundleCharge): Hex =>
  toHex(digestOf(charge.charge, (group) => chargeGroupDigest(chargeFromJson(group))));

export const openedAccount = ({ account }: BundleCharge): OpenedAccount => {
  if (isClosed(account)) throw notOpened("whose it is, is not shown");
  return account;
};

export const openedUse = ({ charge }: BundleCharge): OpenedCharge => {
  if (isClosed(charge)) throw notOpened("its use is not shown");
  return charge;
};

/** UsageOpening: a charge by its use. */
export const usageOpening = (bundle: Bundle, charge: BundleCharge) => ({
  charge: chargeTuple(openedUse(charge)),
  rest: leafRest(charge),
  path: batchPath(bundle, charge),
});

/** AccountOpening: a charge by whose it is. */
export function accountOpening(bundle: Bundle, charge: BundleCharge) {
  const { party, amountNano } = leafRest(charge);
  const path = batchPath(bundle, charge);
  return { account: openedAccount(charge), party, third: thirdOf(charge), amountNano, path };
}

export function leafOfCharge(bundle: Bundle, charge: BundleCharge): Hex {
  const { account, party, amountNano } = leafRest(charge);
  return leafIn(bundle, charge, { account, party, third: thirdOf(charge), amountNano });
}

/** CreditOpening: a credit by what it points at. */
export function creditOpening(bundle: Bundle, proof: BundleCredit) {
  const { targetDomain, ...credit } = openedCredit(proof);
  return {
    sequence: (bundle.batches[proof.batch] as BundleBatch).sequence,
    leafIndex: proof.leafIndex,
    credit: { ...credit, targetBook: targetDomain },
    rest: leafRest(proof),
    path: batchPath(bundle, proof),
  };
}

export const openedCredit = ({ credit }: BundleCredit): OpenedCredit => {
  if (isClosed(credit)) throw notOpened("what the credit points at is not shown");
  return credit;
};

export function leafOfCredit(bundle: Bundle, proof: BundleCredit): Hex {
  const { account, party, amountNano } = leafRest(proof);
  const third = toHex(creditGroupDigest(creditFromJson(openedCredit(proof))));
  return leafIn(bundle, proof, { account, party, third, amountNano });
}

/** InvoiceOpening: an invoice by its body. */
export function invoiceOpening(bundle: Bundle, invoice: BundleInvoice) {
  const { orderKey, document } = partsOf(invoice);
  return {
    orderKey: toHex(orderKey),
    body: invoice.body,
    document: toHex(document),
    chargesNano: invoice.chargesNano,
    path: batchPath(bundle, invoice),
  };
}

export function leafOfInvoice(bundle: Bundle, invoice: BundleInvoice): Hex {
  const { domain } = bundle.batches[invoice.batch] as BundleBatch;
  const chargesNano = BigInt(invoice.chargesNano);
  return toHex(invoiceLeaf(fromHex(domain, 20), { ...partsOf(invoice), chargesNano }));
}

function partsOf({ body, document, documentText, run }: BundleInvoice) {
  return {
    orderKey: invoiceOrderKey(fromHex(body.pseudonym), BigInt(run)),
    body: invoiceBodyDigest({
      salt: fromHex(body.salt),
      pseudonym: fromHex(body.pseudonym),
      lastChargeNumber: BigInt(body.lastChargeNumber),
      lastCreditNumber: BigInt(body.lastCreditNumber),
      creditsNano: BigInt(body.creditsNano),
      taxNano: BigInt(body.taxNano),
    }),
    document: invoiceDocumentDigest({
      salt: fromHex(document.salt),
      documentHash: hashDocument(new TextEncoder().encode(documentText)),
      closingState: fromHex(document.closingState),
    }),
  };
}

function leafIn(
  bundle: Bundle,
  { batch }: Proven,
  parts: { account: Hex; party: Hex; third: Hex; amountNano: string },
): Hex {
  const { domain } = bundle.batches[batch] as BundleBatch;
  const digests = {
    account: fromHex(parts.account, 32),
    party: fromHex(parts.party, 32),
    charge: fromHex(parts.third, 32),
  };
  return toHex(chargeLeaf(fromHex(domain, 20), digests, BigInt(parts.amountNano)));
}

const notOpened = (because: string): TallystickError =>
  new TallystickError(
    "opening.not-possible",
    `The ledger can not be shown this entry: ${because}. Ask the operator for the full evidence.`,
  );
