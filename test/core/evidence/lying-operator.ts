import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import { commitmentOf, sealOf } from "../../../node/core/commitment/batch-commitment.ts";
import {
  accountGroupDigest,
  chargeGroupDigest,
  creditGroupDigest,
  partyGroupDigest,
} from "../../../node/core/commitment/charge-groups.ts";
import {
  BATCH_DEPTH_MIN,
  buildInclusionTree,
} from "../../../node/core/commitment/inclusion-tree.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../../../node/core/commitment/invoice-leaf.ts";
import { chargeLeaf } from "../../../node/core/commitment/leaf.ts";
import type { Bundle, BundleInvoice } from "../../../node/core/evidence/bundle.ts";
import { digestOf } from "../../../node/core/evidence/check.ts";
import {
  accountFromJson,
  chargeFromJson,
  creditFromJson,
  partyFromJson,
} from "../../../node/core/evidence/group-json.ts";
import { type LedgerFacts, sealKey } from "../../../node/core/evidence/ledger-facts.ts";
import { hashDocument } from "../../../node/core/hash.ts";
import {
  type InvoiceDocument,
  readInvoiceDocument,
  writeInvoiceDocument,
} from "../../../node/core/invoice/invoice-document.ts";

/**
 * What an operator would have put on the ledger that lied before it committed: a copy of the bundle
 * after `lie`, with every path leading to the ledger's seals again.
 */
export function committedLie(
  honest: Bundle,
  facts: LedgerFacts,
  lie: (bundle: Bundle) => void,
): { bundle: Bundle; facts: LedgerFacts } {
  const bundle = structuredClone(honest);
  lie(bundle);
  const seals: Record<string, Hex> = { ...facts.seals };
  for (const [at, batch] of bundle.batches.entries()) {
    const domain = fromHex(batch.domain);
    const leaves: Uint8Array[] = [];
    const entries = [
      ...bundle.charges.map((charge) => ({
        place: charge,
        leaf: chargeLeaf(
          domain,
          {
            account: digestOf(charge.account, (group) =>
              accountGroupDigest(accountFromJson(group)),
            ),
            party: digestOf(charge.party, (group) => partyGroupDigest(partyFromJson(group))),
            charge: digestOf(charge.charge, (group) => chargeGroupDigest(chargeFromJson(group))),
          },
          BigInt(charge.amountNano),
        ),
      })),
      ...bundle.credits.map((credit) => ({
        place: credit,
        leaf: chargeLeaf(
          domain,
          {
            account: digestOf(credit.account, (group) =>
              accountGroupDigest(accountFromJson(group)),
            ),
            party: fromHex(credit.party.digest),
            charge: digestOf(credit.credit, (group) => creditGroupDigest(creditFromJson(group))),
          },
          BigInt(credit.amountNano),
        ),
      })),
      ...(bundle.invoice === undefined
        ? []
        : [{ place: bundle.invoice, leaf: leafOfInvoice(domain, bundle.invoice) }]),
    ].filter(({ place }) => place.batch === at);
    if (entries.length === 0) continue;
    for (const { place, leaf } of entries) leaves[place.leafIndex] = leaf;
    // Other subscribers' leaves stand between.
    const all = Array.from(leaves, (leaf) => leaf ?? new Uint8Array(32).fill(7));
    const tree = buildInclusionTree(all, BATCH_DEPTH_MIN);
    batch.root = toHex(tree.root);
    batch.depth = tree.depth;
    for (const { place } of entries) place.path = tree.path(place.leafIndex).map(toHex);
    seals[sealKey(batch.domain, batch.sequence)] = toHex(
      sealOf(
        commitmentOf({
          domain,
          sequence: BigInt(batch.sequence),
          depth: batch.depth,
          root: fromHex(batch.root),
          totals: fromHex(batch.totals),
          runningTotals: fromHex(batch.runningTotals),
        }),
        BigInt(batch.blockTime ?? "0"),
      ),
    );
  }
  return { bundle, facts: { ...facts, seals } };
}

/** Writes another invoice than the lines yield, for `committedLie`. */
export function rewriteInvoice(bundle: Bundle, rewrite: (document: InvoiceDocument) => void): void {
  const invoice = bundle.invoice as BundleInvoice;
  const document = readInvoiceDocument(invoice.documentText);
  rewrite(document);
  invoice.documentText = writeInvoiceDocument(document);
}

function leafOfInvoice(domain: Uint8Array, invoice: BundleInvoice): Uint8Array {
  const { body, document } = invoice;
  return invoiceLeaf(domain, {
    orderKey: invoiceOrderKey(fromHex(body.pseudonym), BigInt(invoice.run)),
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
      documentHash: hashDocument(new TextEncoder().encode(invoice.documentText)),
      closingState: fromHex(document.closingState),
    }),
    chargesNano: BigInt(invoice.chargesNano),
  });
}
