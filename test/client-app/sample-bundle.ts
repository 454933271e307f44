import { readFileSync } from "node:fs";
import { computeAddress } from "ethers";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { BOOK_KIND } from "../../node/core/commitment/domain.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../../node/core/commitment/invoice-leaf.ts";
import { invoiceSalts } from "../../node/core/commitment/secrets.ts";
import { disputeKey } from "../../node/core/evidence/access-link.ts";
import {
  type Bundle,
  type BundleBatch,
  type BundleCharge,
  type BundleInvoice,
  isClosed,
} from "../../node/core/evidence/bundle.ts";
import { describeCharge } from "../../node/core/evidence/describe-charge.ts";
import { hashDocument } from "../../node/core/hash.ts";
import { writeInvoiceDocument } from "../../node/core/invoice/invoice-document.ts";
import { formatNano } from "../../node/core/money/decimal.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import {
  AGREEMENT,
  CHAIN_ID,
  CONTRACTS,
  EPOCH_KEY,
  key,
  OPERATOR,
  SampleBook,
  SampleLedger,
} from "./sample-books.ts";
import { commitCharges, commitCredit, type SampleCharge } from "./sample-charges.ts";

import { EVENTS_LINE, sampleEventsRoot } from "./sample-events.ts";

/** Of the subscriber's personal link. */
export const SECRET = key("the subscriber's link");
export const EPOCH = "2026-10";
const PERIOD = {
  epoch: EPOCH,
  from: "2026-09-30T22:00:00.000Z",
  to: "2026-10-31T23:00:00.000Z",
  zone: "Europe/Berlin",
};
const BILLED_AT = Date.parse("2026-11-01T02:00:00Z") / 1000;
const NO_STATE = new Uint8Array(32);

export interface SampleBundle {
  bundle: Bundle;
  /** What the ledger holds: `sealKey` to seal, and version 1 of the tariff. */
  seals: Record<string, Hex>;
  tariff: { root: Hex; validFrom: string };
}

export interface SampleOptions {
  /** One line stands for events of a device. */
  events?: boolean;
  kind?: "embedded" | "consortium";
  endpoints: { member: string; url: string }[];
  /** Line and nano-units that were paid back; settles a dispute. */
  credited?: { line: string; amountNano: bigint };
}

/** An evidence bundle made by the real functions: every group hashed, every tree built. */
export function sampleBundle({ kind, endpoints, credited, events }: SampleOptions): SampleBundle {
  const document = JSON.parse(readFileSync("samples/tariffs/alder-retail.json", "utf8"));
  const compiled = compileTariff(document, 1);
  const tariff = {
    root: toHex(buildTariffTree(compiled).root),
    validFrom: String(Date.parse("2024-12-31T23:00:00Z") / 1000),
  };
  const disputeAddress = computeAddress(disputeKey(SECRET, EPOCH));
  const charges = new SampleBook(BOOK_KIND.charges, disputeAddress);
  const credits = new SampleBook(BOOK_KIND.credits, disputeAddress);
  const invoices = new SampleBook(BOOK_KIND.invoices, disputeAddress);
  const ledger = new SampleLedger();
  const roots = events === true ? { [EVENTS_LINE]: sampleEventsRoot() } : {};
  const made = commitCharges(compiled, charges, ledger, roots);
  const invoice = commitInvoice(made, charges, invoices, ledger);
  const target = made[Number(credited?.line) - 1]?.proof;
  const bundle: Bundle = {
    format: "tallystick-evidence",
    version: 1,
    createdAt: "2026-11-02T08:00:00.000Z",
    ledger: {
      chainId: CHAIN_ID.toString(),
      kind: kind ?? "embedded",
      runBy: "Alder Mobile",
      contracts: CONTRACTS,
      endpoints,
    },
    operator: { id: toHex(OPERATOR), name: "Alder Mobile" },
    agreement: toHex(AGREEMENT),
    currency: "EUR",
    period: PERIOD,
    books: [charges.toJson(), credits.toJson(), invoices.toJson()],
    batches: ledger.batches,
    charges: made.map(({ proof }) => proof),
    credits:
      credited === undefined || target === undefined
        ? []
        : [
            commitCredit(
              credits,
              ledger,
              {
                batch: ledger.batches[target.batch] as BundleBatch,
                leafIndex: target.leafIndex,
                domain: charges.domain,
              },
              credited.amountNano,
              `C${EPOCH}-1`,
            ),
          ],
    invoice,
    tariffs: [{ version: 1, validFrom: tariff.validFrom, document }],
  };
  return { bundle, seals: ledger.seals, tariff };
}

function commitInvoice(
  made: SampleCharge[],
  charges: SampleBook,
  invoices: SampleBook,
  ledger: SampleLedger,
): BundleInvoice {
  const chargesNano = made.reduce((sum, { amountNano }) => sum + amountNano, 0n);
  const documentText = invoiceText(made, chargesNano);
  const salts = invoiceSalts(EPOCH_KEY, 1n);
  const leaf = invoiceLeaf(invoices.domain, {
    orderKey: invoiceOrderKey(charges.pseudonym, 1n),
    body: invoiceBodyDigest({
      salt: salts.body,
      pseudonym: charges.pseudonym,
      lastChargeNumber: BigInt(made.length),
      lastCreditNumber: 0n,
      creditsNano: 0n,
      taxNano: 0n,
    }),
    document: invoiceDocumentDigest({
      salt: salts.document,
      documentHash: hashDocument(new TextEncoder().encode(documentText)),
      closingState: NO_STATE,
    }),
    chargesNano,
  });
  const entry = { leaf, amountNano: chargesNano, start: BigInt(BILLED_AT) * 1000n };
  const { batch, place } = invoices.commit(ledger, 1n, [entry], BILLED_AT);
  return {
    batch: place,
    leafIndex: 0,
    path: batch.tree.path(0).map(toHex),
    run: "1",
    chargesNano: chargesNano.toString(),
    body: {
      salt: toHex(salts.body),
      pseudonym: toHex(charges.pseudonym),
      lastChargeNumber: String(made.length),
      lastCreditNumber: "0",
      creditsNano: "0",
      taxNano: "0",
    },
    document: { salt: toHex(salts.document), closingState: toHex(NO_STATE) },
    documentText,
  };
}

/** What the invoice prints of a use, as its groups tell it. */
function printed({ charge, party }: BundleCharge) {
  if (isClosed(charge) || isClosed(party)) return {};
  const { durationSeconds, octets, units, otherParty } = describeCharge(charge, party);
  return {
    ...(otherParty === undefined ? {} : { otherParty }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(octets === undefined ? {} : { octets }),
    ...(units === undefined ? {} : { units }),
  };
}

function invoiceText(made: SampleCharge[], chargesNano: bigint): string {
  return writeInvoiceDocument({
    format: "tallystick-invoice",
    version: 1,
    number: "2026-10-000417",
    issuedAt: new Date(BILLED_AT * 1000).toISOString(),
    operator: { name: "Alder Mobile", member: toHex(OPERATOR) },
    account: "Alex Sample",
    period: PERIOD,
    currency: "EUR",
    lines: made.map(({ record, proof, amountNano }, at) => ({
      line: String(at + 1),
      device: "+491713920017",
      service: record.service,
      direction: record.direction,
      ...printed(proof),
      start: record.start,
      amount: formatNano(amountNano, 2),
    })),
    credits: [],
    charges: formatNano(chargesNano, 2),
    creditsTotal: "0.00",
    tax: "0.00",
    total: formatNano(chargesNano, 2),
  });
}
