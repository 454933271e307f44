import { readFileSync } from "node:fs";
import { computeAddress } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type BatchLeaf,
  type CommittedBatch,
  commitBatch,
  sealOf,
} from "../../node/core/commitment/batch-commitment.ts";
import {
  type AccountGroup,
  accountGroupDigest,
  type ChargeGroup,
  CREDIT_REASON,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  NO_NETWORK,
  type PartyGroup,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { BOOK_KIND, type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../../node/core/commitment/invoice-leaf.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import {
  deviceTag,
  invoiceSalts,
  pseudonym,
  recordSalts,
  sourceTag,
} from "../../node/core/commitment/secrets.ts";
import { disputeKey } from "../../node/core/evidence/access-link.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import {
  accountToJson,
  chargeToJson,
  creditToJson,
  partyToJson,
} from "../../node/core/evidence/group-json.ts";
import { sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { hashDocument } from "../../node/core/hash.ts";
import { writeInvoiceDocument } from "../../node/core/invoice/invoice-document.ts";
import { formatNano } from "../../node/core/money/decimal.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { SAMPLE_USES, type SampleUse } from "./sample-month.ts";

/** 32 bytes that stand for a random key, the same in every run. */
const key = (name: string): Uint8Array => hashDocument(new TextEncoder().encode(name));
const address = (name: string): Uint8Array => key(name).slice(12);

export const SECRET = key("the subscriber's link");
export const EPOCH = "2026-10";
const CHAIN_ID = 31337n;
const CONTRACTS = { books: address("books"), claims: address("claims") };
const OPERATOR = address("operator");
const AGREEMENT = key("agreement");
const EPOCH_KEY = key("epoch key");
const BILLED_AT = Date.parse("2026-11-01T02:00:00Z") / 1000;
const CREDITED_AT = Date.parse("2026-11-03T09:14:20Z") / 1000;
/** Other subscribers' charges around each of the sample's. */
const NEIGHBOURS = 37;

export interface SampleBundle {
  bundle: Bundle;
  /** What the ledger holds: `sealKey` to seal, version to root. */
  seals: Record<string, Hex>;
  tariff: { root: Hex; validFrom: string };
}

const bookOf = (kind: BookKind) => ({
  kind,
  number: "1",
  domain: bookDomain({
    chainId: CHAIN_ID,
    books: CONTRACTS.books,
    operator: OPERATOR,
    agreement: AGREEMENT,
    kind,
    number: 1n,
  }),
});

export interface SampleOptions {
  kind?: "embedded" | "consortium";
  endpoints: { member: string; url: string }[];
  /** Line and nano-units that were paid back; settles a dispute. */
  credited?: { line: string; amountNano: bigint };
}

/** An evidence bundle made by the real functions: every group hashed, every tree built. */
export function sampleBundle(options: SampleOptions): SampleBundle {
  const document = JSON.parse(readFileSync("samples/tariffs/alder-retail.json", "utf8"));
  const compiled = compileTariff(document, 1);
  const tariff = {
    root: toHex(buildTariffTree(compiled).root),
    validFrom: String(Date.parse("2024-12-31T23:00:00Z") / 1000),
  };
  const charges = bookOf(BOOK_KIND.charges);
  const credits = bookOf(BOOK_KIND.credits);
  const invoices = bookOf(BOOK_KIND.invoices);
  const disputeAddress = fromHex(computeAddress(disputeKey(SECRET, EPOCH)).toLowerCase(), 20);
  const blind = key("blind");
  const name = pseudonym(charges.domain, disputeAddress, blind);
  const creditName = pseudonym(credits.domain, disputeAddress, blind);

  const batches: Bundle["batches"] = [];
  const seals: Record<string, Hex> = {};
  const before = { sumNano: 0n, count: 0n };
  const commit = (domain: Uint8Array, sequence: bigint, leaves: BatchLeaf[], blockTime: number) => {
    const batch = commitBatch({
      domain,
      bookKey: key("book key"),
      sequence,
      leaves,
      before,
      suspended: 0n,
      oldestSuspended: 0n,
    });
    before.sumNano = batch.runningTotals.sumNano;
    before.count = batch.runningTotals.count;
    batches.push(batchJson(batch, blockTime));
    seals[sealKey(toHex(domain), sequence.toString())] = toHex(
      sealOf(batch.commitment, BigInt(blockTime)),
    );
    return { batch, place: batches.length - 1 };
  };

  let runningTotalNano = 0n;
  const rated = SAMPLE_USES.map((use, at) => {
    const record = recordOf(use, at);
    const outcome = rateUsage(compiled, record);
    if (outcome.outcome !== "rated") throw new Error(`sample ${at} is ${JSON.stringify(outcome)}`);
    const amountNano = use.billedNano ?? outcome.amountNano;
    runningTotalNano += amountNano;
    const salts = recordSalts(EPOCH_KEY, record.id, 0);
    const account: AccountGroup = {
      salt: salts.account,
      pseudonym: name,
      chargeNumber: BigInt(at + 1),
      runningTotalNano,
      sourceTag: sourceTag(key("traffic month"), 1, record.id),
      deviceTag: deviceTag(EPOCH_KEY, "sim-1"),
    };
    const party: PartyGroup = {
      salt: salts.party,
      restDigits: outcome.restDigits,
      type: outcome.partyType,
      cell: 0n,
      file: key("file").slice(16),
      offset: BigInt(at * 200),
      length: 190,
      eventsRoot: new Uint8Array(32),
    };
    const charge: ChargeGroup = {
      salt: salts.charge,
      kind: 1,
      service: outcome.service,
      flags: outcome.direction | (outcome.wholeNumber ? 8 : 0),
      start: BigInt(outcome.startMilliseconds),
      sessionMinutes: outcome.sessionMinutes,
      quantity: outcome.quantity,
      secondQuantity: outcome.secondQuantity,
      decidingDigits: outcome.decidingDigits,
      originDigits: 0xffff_ffff_ffff_ffffn,
      visitedNetwork: NO_NETWORK,
      class: 0,
      tariffVersion: 1,
      counters: [],
    };
    return { use, record, amountNano, account, party, charge };
  });

  const proofs: Bundle["charges"] = rated.map(({ use, amountNano, account, party, charge }, at) => {
    const leaf = chargeLeaf(
      charges.domain,
      {
        account: accountGroupDigest(account),
        party: partyGroupDigest(party),
        charge: chargeGroupDigest(charge),
      },
      amountNano,
    );
    const neighbours = Array.from({ length: NEIGHBOURS }, (_, i) => ({
      leaf: key(`neighbour ${at} ${i}`),
      amountNano: BigInt(i) * 10_000_000n,
      start: charge.start,
    }));
    const index = (at * 7) % NEIGHBOURS;
    const leaves = neighbours.toSpliced(index, 0, { leaf, amountNano, start: charge.start });
    const committedAt = Math.floor(Date.parse(use.start) / 1000) + (use.seconds ?? 0) + 47;
    const { batch, place } = commit(charges.domain, BigInt(at * 61 + 12), leaves, committedAt);
    return {
      line: String(at + 1),
      batch: place,
      leafIndex: index,
      amountNano: amountNano.toString(),
      path: batch.tree.path(index).map(toHex),
      account: accountToJson(account),
      party: partyToJson(party),
      charge: chargeToJson(charge),
    };
  });

  const documentText = writeInvoiceDocument({
    format: "tallystick-invoice",
    version: 1,
    number: "2026-10-000417",
    issuedAt: new Date(BILLED_AT * 1000).toISOString(),
    operator: { name: "Alder Mobile", member: toHex(OPERATOR) },
    account: "Alex Sample",
    period: {
      epoch: EPOCH,
      from: "2026-09-30T22:00:00.000Z",
      to: "2026-10-31T23:00:00.000Z",
      zone: "Europe/Berlin",
    },
    currency: "EUR",
    lines: rated.map(({ record, amountNano }, at) => ({
      line: String(at + 1),
      device: "+491713920017",
      service: record.service,
      direction: record.direction,
      ...(record.bParty === undefined ? {} : { otherParty: record.bParty }),
      start: record.start,
      amount: formatNano(amountNano, 2),
    })),
    credits: [],
    charges: formatNano(runningTotalNano, 2),
    creditsTotal: "0.00",
    tax: "0.00",
    total: formatNano(runningTotalNano, 2),
  });
  const salts = invoiceSalts(EPOCH_KEY, 1n);
  const body = {
    salt: salts.body,
    pseudonym: name,
    lastChargeNumber: BigInt(rated.length),
    lastCreditNumber: 0n,
    creditsNano: 0n,
    taxNano: 0n,
  };
  const invoiceEntry = invoiceLeaf(invoices.domain, {
    orderKey: invoiceOrderKey(name, 1n),
    body: invoiceBodyDigest(body),
    document: invoiceDocumentDigest({
      salt: salts.document,
      documentHash: hashDocument(new TextEncoder().encode(documentText)),
      closingState: new Uint8Array(32),
    }),
    chargesNano: runningTotalNano,
  });
  const billed = commit(
    invoices.domain,
    1n,
    [{ leaf: invoiceEntry, amountNano: runningTotalNano, start: BigInt(BILLED_AT) * 1000n }],
    BILLED_AT,
  );

  const creditProofs: Bundle["credits"] = [];
  const { credited } = options;
  if (credited !== undefined) {
    const target = proofs[Number(credited.line) - 1] as Bundle["charges"][number];
    const creditSalts = recordSalts(EPOCH_KEY, "credit:1", 0);
    const account: AccountGroup = {
      salt: creditSalts.account,
      pseudonym: creditName,
      chargeNumber: 1n,
      runningTotalNano: credited.amountNano,
      sourceTag: sourceTag(key("traffic month"), 1, "credit:1"),
      deviceTag: deviceTag(EPOCH_KEY, "sim-1"),
    };
    const group: CreditGroup = {
      salt: creditSalts.charge,
      targetDomain: charges.domain,
      targetSequence: BigInt(batches[target.batch]?.sequence ?? 0),
      targetIndex: target.leafIndex,
      reason: CREDIT_REASON.breachProven,
      claim: key("claim"),
    };
    const party = key("closed party of the credit");
    const leaf = chargeLeaf(
      credits.domain,
      { account: accountGroupDigest(account), party, charge: creditGroupDigest(group) },
      credited.amountNano,
    );
    const start = BigInt(CREDITED_AT) * 1000n;
    const entry = { leaf, amountNano: credited.amountNano, start };
    const { batch, place } = commit(credits.domain, 1n, [entry], CREDITED_AT);
    creditProofs.push({
      line: `C${EPOCH}-1`,
      batch: place,
      leafIndex: 0,
      amountNano: credited.amountNano.toString(),
      path: batch.tree.path(0).map(toHex),
      account: accountToJson(account),
      party: { digest: toHex(party) },
      credit: creditToJson(group),
    });
  }

  const bundle: Bundle = {
    format: "tallystick-evidence",
    version: 1,
    createdAt: "2026-11-02T08:00:00.000Z",
    ledger: {
      chainId: CHAIN_ID.toString(),
      kind: options.kind ?? "embedded",
      runBy: "Alder Mobile",
      contracts: {
        books: toHex(CONTRACTS.books),
        tariffs: toHex(address("tariffs")),
        agreements: toHex(address("agreements")),
        claims: toHex(CONTRACTS.claims),
        members: toHex(address("members")),
      },
      endpoints: options.endpoints,
    },
    operator: { id: toHex(OPERATOR), name: "Alder Mobile" },
    agreement: toHex(AGREEMENT),
    currency: "EUR",
    period: {
      epoch: EPOCH,
      from: "2026-09-30T22:00:00.000Z",
      to: "2026-10-31T23:00:00.000Z",
      zone: "Europe/Berlin",
    },
    books: [
      { ...bookJson(charges), pseudonym: toHex(name), ...standing(disputeAddress, blind) },
      { ...bookJson(credits), pseudonym: toHex(creditName), ...standing(disputeAddress, blind) },
      bookJson(invoices),
    ],
    batches,
    charges: proofs,
    credits: creditProofs,
    invoice: {
      batch: billed.place,
      leafIndex: 0,
      path: billed.batch.tree.path(0).map(toHex),
      run: "1",
      chargesNano: runningTotalNano.toString(),
      body: {
        salt: toHex(body.salt),
        pseudonym: toHex(name),
        lastChargeNumber: String(rated.length),
        lastCreditNumber: "0",
        creditsNano: "0",
        taxNano: "0",
      },
      document: { salt: toHex(salts.document), closingState: toHex(new Uint8Array(32)) },
      documentText,
    },
    tariffs: [{ version: 1, validFrom: tariff.validFrom, document }],
  };
  return { bundle, seals, tariff };
}

function recordOf(use: SampleUse, at: number): UsageRecord {
  return {
    id: `sample:${at + 1}`,
    service: use.service,
    direction: use.service === "data" ? "none" : "outgoing",
    start: new Date(use.start).toISOString(),
    ...(use.seconds === undefined ? {} : { durationSeconds: use.seconds }),
    ...(use.octets === undefined ? {} : { totalOctets: use.octets }),
    ...(use.service === "sms" ? { units: 1 } : {}),
    ...(use.to === undefined ? {} : { bParty: use.to }),
    billable: true,
  };
}

const bookJson = (book: { domain: Uint8Array; kind: BookKind; number: string }) => ({
  domain: toHex(book.domain),
  kind: book.kind,
  number: book.number,
});

const standing = (disputeAddress: Uint8Array, blind: Uint8Array) => ({
  disputeAddress: toHex(disputeAddress),
  blind: toHex(blind),
});

function batchJson(batch: CommittedBatch, blockTime: number): Bundle["batches"][number] {
  const { parts } = batch;
  return {
    domain: toHex(parts.domain),
    sequence: parts.sequence.toString(),
    depth: parts.depth,
    root: toHex(parts.root),
    totals: toHex(parts.totals),
    runningTotals: toHex(parts.runningTotals),
    blockTime: String(blockTime),
  };
}
