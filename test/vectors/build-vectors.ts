/*
 * The vectors of docs/PROTOCOL.md as node/core/commitment computes them now, from recognisable
 * inputs. `scripts/generate-vectors.ts` freezes them, `protocol.test.ts` compares.
 */
import { buildEventsTree, eventsRoot } from "../../node/core/aggregation/event-digests.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  commitmentOf,
  runningTotalsDigest,
  sealOf,
  totalsDigest,
} from "../../node/core/commitment/batch-commitment.ts";
import {
  accountGroupDigest,
  chargeGroupDigest,
  creditGroupDigest,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../../node/core/commitment/invoice-leaf.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import { countersWithPlan } from "../../node/core/commitment/plan-scope.ts";
import {
  bookSalts,
  deviceTag,
  invoiceSalts,
  pseudonym,
  recordSalts,
  sourceTag,
  textIdentity,
} from "../../node/core/commitment/secrets.ts";
import { sumTreeRoot } from "../../node/core/commitment/sum-tree.ts";
import { finderEvidenceHash } from "../../node/core/evidence/claim-message.ts";
import {
  encodeCharge,
  encodeChunk,
  type FullLeaf,
} from "../../node/core/evidence/delivery-bytes.ts";
import { disputeEvidence } from "../../node/core/evidence/dispute-evidence.ts";
import {
  accountFromJson,
  chargeFromJson,
  creditFromJson,
  partyFromJson,
} from "../../node/core/evidence/group-json.ts";
import { oneTimePublicKey, sealDelivery } from "../../node/core/evidence/sealed-delivery.ts";
import {
  calendarRowDigest,
  intervalRowDigest,
  type PriceRow,
  priceRowDigest,
} from "../../node/core/tariff/rows.ts";
import { noParty } from "../../node/engine/number/no-party.ts";

/** Recognisable bytes: `fill(0xa1, 32)` is a1a2a3…, so that a shifted field is seen by eye. */
function bytes(from: number, length: number): Hex {
  return toHex(Uint8Array.from({ length }, (_, i) => (from + i) & 0xff));
}

type Inputs = Record<string, unknown>;
export interface Vector {
  name: string;
  structure: string;
  input: Inputs;
  output: Hex | Hex[];
}

export const vectors: Vector[] = [];
function add(name: string, structure: string, input: Inputs, output: Uint8Array | Uint8Array[]) {
  vectors.push({
    name,
    structure,
    input,
    output: Array.isArray(output) ? output.map(toHex) : toHex(output),
  });
}

const h = (text: unknown): Uint8Array => fromHex(text as string);
const n = (text: unknown): bigint => BigInt(text as string);

for (const [name, kind, number] of [
  ["first charge book", 1, "1"],
  ["last credit book", 2, "18446744073709551615"],
] as const) {
  const input = {
    chainId: "31337",
    books: bytes(0x10, 20),
    operator: bytes(0x30, 20),
    agreement: bytes(0x50, 32),
    kind,
    number,
  };
  add(
    name,
    "domain",
    input,
    bookDomain({
      chainId: n(input.chainId),
      books: h(input.books),
      operator: h(input.operator),
      agreement: h(input.agreement),
      kind: kind as BookKind,
      number: n(number),
    }),
  );
}
const domain = vectors[0]?.output as Hex;
const creditDomain = vectors[1]?.output as Hex;

for (const [recordId, revision] of [
  ["asterisk:pbx-1:1231977075.0", 0],
  ["asterisk:pbx-1:1231977075.0", 1],
  ["é".repeat(49), 4294967295],
] as const) {
  const epochKey = bytes(0x70, 32);
  const salts = recordSalts(h(epochKey), recordId, revision);
  add(
    `salts of ${recordId.slice(0, 12)} revision ${revision}`,
    "recordSalts",
    { epochKey, recordId, revision },
    [salts.account, salts.party, salts.charge],
  );
}
{
  const epochKey = bytes(0x70, 32);
  const salts = invoiceSalts(h(epochKey), 202610n);
  add("salts of an invoice", "invoiceSalts", { epochKey, run: "202610" }, [
    salts.body,
    salts.document,
  ]);
  const input = { domain, disputeAddress: bytes(0x90, 20), blind: bytes(0xb0, 32) };
  add(
    "pseudonym",
    "pseudonym",
    input,
    pseudonym(h(domain), h(input.disputeAddress), h(input.blind)),
  );
  const tag = {
    trafficMonthKey: bytes(0xc0, 32),
    role: 1,
    recordId: "asterisk:pbx-1:1231977075.0",
  };
  add("source tag", "sourceTag", tag, sourceTag(h(tag.trafficMonthKey), 1, tag.recordId));
  const device = { epochKey, deviceId: "+493023125001" };
  add("device tag", "deviceTag", device, deviceTag(h(epochKey), device.deviceId));
  const text = { partySalt: bytes(0xd0, 32), text: "internet.example" };
  add("text identity", "textIdentity", text, textIdentity(h(text.partySalt), text.text));
  const bookKey = bytes(0xe0, 32);
  const salts2 = bookSalts(h(bookKey), 7n);
  add("salts of T and C", "bookSalts", { bookKey, sequence: "7" }, [
    salts2.totals,
    salts2.runningTotals,
  ]);
}

const account = {
  salt: bytes(0x01, 32),
  pseudonym: bytes(0x21, 32),
  chargeNumber: "3",
  runningTotalNano: "340282366920938463463374607431768211455",
  sourceTag: bytes(0x41, 24),
  deviceTag: bytes(0x61, 16),
};
const accountDigest = accountGroupDigest({
  salt: h(account.salt),
  pseudonym: h(account.pseudonym),
  chargeNumber: n(account.chargeNumber),
  runningTotalNano: n(account.runningTotalNano),
  sourceTag: h(account.sourceTag),
  deviceTag: h(account.deviceTag),
});
add("account group", "account", account, accountDigest);

const party = {
  salt: bytes(0x02, 32),
  restDigits: "0x125001ffffffffff",
  type: 1,
  cell: "262011234",
  file: bytes(0x22, 16),
  offset: "1024",
  length: 187,
  eventsRoot: `0x${"00".repeat(32)}`,
};
const partyDigest = partyGroupDigest({
  salt: h(party.salt),
  restDigits: n(party.restDigits),
  type: party.type,
  cell: n(party.cell),
  file: h(party.file),
  offset: n(party.offset),
  length: party.length,
  eventsRoot: h(party.eventsRoot),
});
add("party group", "party", party, partyDigest);

/** As credits and what a period's end adds carry it; written out, so that it can not move with the code. */
const partyOfNobody = {
  salt: bytes(0x02, 32),
  restDigits: "0xffffffffffffffff",
  type: 0,
  cell: "0",
  file: `0x${"00".repeat(16)}`,
  offset: "0",
  length: 0,
  eventsRoot: `0x${"00".repeat(32)}`,
};
add(
  "party group without another side",
  "party",
  partyOfNobody,
  partyGroupDigest({ ...noParty().group, salt: h(partyOfNobody.salt) }),
);

const charge = {
  salt: bytes(0x03, 32),
  kind: 1,
  service: 1,
  flags: 9,
  start: "1790848800123",
  sessionMinutes: 65535,
  quantity: "61000",
  secondQuantity: "0",
  decidingDigits: "0x493023ffffffffff",
  originDigits: "0xffffffffffffffff",
  visitedNetwork: 0x62f210,
  class: 2,
  tariffVersion: 12,
  counters: [] as { scope: string; scopeSequence: string; counterBefore: string }[],
};
const chargeOf = (input: typeof charge) =>
  chargeGroupDigest({
    salt: h(input.salt),
    kind: input.kind,
    service: input.service,
    flags: input.flags,
    start: n(input.start),
    sessionMinutes: input.sessionMinutes,
    quantity: n(input.quantity),
    secondQuantity: n(input.secondQuantity),
    decidingDigits: n(input.decidingDigits),
    originDigits: n(input.originDigits),
    visitedNetwork: input.visitedNetwork,
    class: input.class,
    tariffVersion: input.tariffVersion,
    counters: input.counters.map((move) => ({
      scope: h(move.scope),
      scopeSequence: n(move.scopeSequence),
      counterBefore: n(move.counterBefore),
    })),
  });
add("charge group without counters", "charge", charge, chargeOf(charge));
const one = { scope: bytes(0x80, 8), scopeSequence: "9", counterBefore: "3600000" };
const two = { scope: bytes(0x90, 8), scopeSequence: "18446744073709551615", counterBefore: "0" };
add(
  "charge group with one counter",
  "charge",
  { ...charge, counters: [one] },
  chargeOf({ ...charge, counters: [one] }),
);
add(
  "charge group with two counters",
  "charge",
  { ...charge, counters: [one, two] },
  chargeOf({ ...charge, counters: [one, two] }),
);

const credit = {
  salt: bytes(0x04, 32),
  targetDomain: domain,
  targetSequence: "12",
  targetIndex: 1048575,
  reason: 2,
  claim: bytes(0x24, 32),
};
const creditDigest = creditGroupDigest({
  salt: h(credit.salt),
  targetDomain: h(credit.targetDomain),
  targetSequence: n(credit.targetSequence),
  targetIndex: credit.targetIndex,
  reason: credit.reason,
  claim: h(credit.claim),
});
add("credit group", "credit", credit, creditDigest);

for (const [name, leafDomain, third, amountNano] of [
  ["leaf of a charge", domain, chargeOf(charge), "200000000"],
  ["leaf of a credit", creditDomain, creditDigest, "1"],
] as const) {
  const digests = { account: accountDigest, party: partyDigest, charge: third };
  add(
    name,
    "leaf",
    {
      domain: leafDomain,
      account: toHex(accountDigest),
      party: toHex(partyDigest),
      charge: toHex(third),
      amountNano,
    },
    chargeLeaf(h(leafDomain), digests, n(amountNano)),
  );
}

for (const count of [0, 1, 2, 3, 31, 32, 33, 100, 1025]) {
  const leafSeed = 7 * count;
  const leaves = Array.from({ length: count }, (_, i) => h(bytes(leafSeed + i, 32)));
  const tree = buildInclusionTree(leaves, 5);
  const pathIndex = count === 0 ? null : count - 1;
  add(
    `inclusion tree of ${count} leaves`,
    "inclusionTree",
    { count, leafSeed, depthMin: 5, depth: tree.depth, pathIndex },
    [tree.root, ...(pathIndex === null ? [] : tree.path(pathIndex))],
  );
  const amounts = Array.from({ length: count }, (_, i) => BigInt(i) * 1_000_000_007n);
  const sum = sumTreeRoot(amounts, tree.depth);
  add(
    `sum tree of ${count} amounts`,
    "sumTree",
    { count, factor: "1000000007", depth: tree.depth, sumNano: `${sum.sumNano}` },
    sum.digest,
  );
}

const totals = {
  salt: bytes(0x05, 32),
  sumRoot: bytes(0x25, 32),
  sumNano: "123456789012345678901234567890",
  count: "100",
  from: "1790848800123",
  to: "1790848900123",
  suspended: "2",
  oldestSuspended: "1790848700000",
};
const totalsOut = totalsDigest({
  salt: h(totals.salt),
  sumRoot: h(totals.sumRoot),
  sumNano: n(totals.sumNano),
  count: n(totals.count),
  from: n(totals.from),
  to: n(totals.to),
  suspended: n(totals.suspended),
  oldestSuspended: n(totals.oldestSuspended),
});
add("totals T", "totals", totals, totalsOut);
const running = { salt: bytes(0x06, 32), sumNano: "999", count: "100000" };
const runningOut = runningTotalsDigest({ salt: h(running.salt), sumNano: 999n, count: 100000n });
add("running totals C", "runningTotals", running, runningOut);
const parts = {
  domain,
  sequence: "12",
  depth: 20,
  root: bytes(0x46, 32),
  totals: toHex(totalsOut),
  runningTotals: toHex(runningOut),
};
const commitment = commitmentOf({
  domain: h(domain),
  sequence: 12n,
  depth: 20,
  root: h(parts.root),
  totals: totalsOut,
  runningTotals: runningOut,
});
add("commitment", "commitment", parts, commitment);
add(
  "seal",
  "seal",
  { commitment: toHex(commitment), blockTime: "1790849000" },
  sealOf(commitment, 1790849000n),
);

const body = {
  salt: bytes(0x07, 32),
  pseudonym: bytes(0x27, 32),
  lastChargeNumber: "14",
  lastCreditNumber: "0",
  creditsNano: "0",
  taxNano: "0",
};
const bodyOut = invoiceBodyDigest({
  salt: h(body.salt),
  pseudonym: h(body.pseudonym),
  lastChargeNumber: 14n,
  lastCreditNumber: 0n,
  creditsNano: 0n,
  taxNano: 0n,
});
add("invoice body", "invoiceBody", body, bodyOut);
const document = {
  salt: bytes(0x08, 32),
  documentHash: bytes(0x28, 32),
  closingState: bytes(0, 32),
};
const documentOut = invoiceDocumentDigest({
  salt: h(document.salt),
  documentHash: h(document.documentHash),
  closingState: h(document.closingState),
});
add("invoice document", "invoiceDocument", document, documentOut);
const orderKey = invoiceOrderKey(h(body.pseudonym), 202610n);
add("order key", "orderKey", { pseudonym: body.pseudonym, run: "202610" }, orderKey);
add(
  "leaf of an invoice",
  "invoiceLeaf",
  {
    domain,
    orderKey: toHex(orderKey),
    body: toHex(bodyOut),
    document: toHex(documentOut),
    chargesNano: "3120000000",
  },
  invoiceLeaf(h(domain), {
    orderKey,
    body: bodyOut,
    document: documentOut,
    chargesNano: 3_120_000_000n,
  }),
);

{
  const batch = {
    depth: 6,
    totals: bytes(0x09, 32),
    runningTotals: bytes(0x29, 32),
    blockTime: "1790849000",
  };
  const path = Array.from({ length: 6 }, (_, level) => bytes(0x49 + level, 32));
  const opened = {
    account: accountFromJson(account as never),
    party: partyFromJson(party as never),
    amountNano: 200_000_000n,
  };
  const leaf: FullLeaf = {
    ...opened,
    third: chargeFromJson({ ...charge, counters: [one] } as never),
  };
  const credited: FullLeaf = { ...opened, third: creditFromJson(credit as never) };
  const place = { sequence: "12", leafIndex: 41 };
  const parts = { ...batch, totals: h(batch.totals), runningTotals: h(batch.runningTotals) };
  const sealedBatch = { ...parts, blockTime: n(batch.blockTime) };
  const delivered = encodeCharge({
    leaf,
    sequence: 12n,
    leafIndex: 41,
    batch: sealedBatch,
    path: path.map(h),
  });
  const shownLeaf = {
    account,
    party,
    charge: { ...charge, counters: [one] },
    amountNano: "200000000",
  };
  add("delivered charge", "deliveredCharge", { ...shownLeaf, ...place, ...batch, path }, delivered);
  const chunkPath = path.slice(5);
  const ofCharges = { leaves: [leaf], batch: sealedBatch, path: chunkPath.map(h) };
  add(
    "delivered chunk of charges",
    "deliveredChunk",
    { ...batch, path: chunkPath, leaves: [shownLeaf] },
    encodeChunk(ofCharges, false),
  );
  add(
    "delivered chunk of credits",
    "deliveredChunk",
    { ...batch, path: chunkPath, leaves: [{ account, party, credit, amountNano: "200000000" }] },
    encodeChunk({ ...ofCharges, leaves: [credited] }, true),
  );
  const secrets = { asker: bytes(0x0a, 32), operator: bytes(0x2a, 32) };
  const demand = bytes(0x4a, 32);
  const sealed = sealDelivery(
    demand,
    oneTimePublicKey(h(secrets.asker)),
    h(secrets.operator),
    delivered,
  );
  const words = [sealed.ephemeral.x, sealed.ephemeral.y].map((value) =>
    h(`0x${value.toString(16).padStart(64, "0")}`),
  );
  add("encrypted delivery", "sealedDelivery", { demand, ...secrets, plain: toHex(delivered) }, [
    ...words,
    ...sealed.ciphertext.map(h),
  ]);
  const statement = bytes(0x0c, 32);
  const side = bytes(0x2c, 20);
  const lines = [0, 1].map((index) => ({
    salt: bytes(0x4c + index, 32),
    sequence: "12",
    leafIndex: index,
    start: "1790848800123",
    quantity: "61000",
    amountNano: "200000000",
    recordHash: bytes(0x6c + index, 32),
  }));
  const evidence = disputeEvidence(
    statement,
    side,
    lines.map((line) => ({
      salt: h(line.salt),
      sequence: n(line.sequence),
      leafIndex: line.leafIndex,
      start: n(line.start),
      quantity: n(line.quantity),
      amountNano: n(line.amountNano),
      recordHash: h(line.recordHash),
    })),
  );
  add("evidence of a dispute", "disputeEvidence", { statement, side, lines }, h(evidence.root));
}

for (const count of [1, 2, 7, 40]) {
  const events = Array.from({ length: count }, (_, i) => ({
    device: ["lamp-0417", "Straßenlampe 3"][i % 2] as string,
    time: `${1790848800000 + 60_000 * Math.floor(i / 2)}`,
    sequence: i % 3 === 0 ? "18446744073709551615" : `${i}`,
    quantity: `${(i * 977) % 1000}`,
  }));
  const eventsKey = bytes(0x60 + count, 32);
  const built = buildEventsTree(
    h(eventsKey),
    events.map(({ device, time, sequence, quantity }) => ({
      device,
      time: n(time),
      sequence: n(sequence),
      quantity: n(quantity),
    })),
  );
  add(`events of a charge, ${count} of them`, "events", { eventsKey, events }, [
    eventsRoot(built.header),
    built.header.root,
    ...built.events.map(({ orderKey }) => orderKey),
  ]);
}
const evidence = { finder: bytes(0x0b, 20), leaf: bytes(0x2b, 32), salt: bytes(0x4b, 32) };
add(
  "evidence of a claim",
  "evidence",
  evidence,
  h(finderEvidenceHash(evidence.finder, { leaf: evidence.leaf, salt: evidence.salt })),
);

const assignment = {
  ...charge,
  salt: bytes(0x1a, 32),
  kind: 8,
  service: 0,
  flags: 0,
  start: "1790812800000",
  sessionMinutes: 0,
  quantity: "2678400000",
  decidingDigits: "0xffffffffffffffff",
  visitedNetwork: 0xffffff,
  class: 0,
  counters: countersWithPlan({ plan: 3, ordinal: 2n }).map((move) => ({
    scope: toHex(move.scope),
    scopeSequence: `${move.scopeSequence}`,
    counterBefore: `${move.counterBefore}`,
  })),
};
add("charge group that assigns a plan", "charge", assignment, chargeOf(assignment));

const interval = {
  service: 1,
  direction: 1,
  low: "0x4917000000000000",
  high: "0x4917ffffffffffff",
  zone: 7,
};
add(
  "interval row",
  "intervalRow",
  interval,
  intervalRowDigest({ ...interval, low: n(interval.low), high: n(interval.high) }),
);
const calendar = { from: "1790812800000", to: "1793491200000", band: 2 };
add(
  "calendar row",
  "calendarRow",
  calendar,
  calendarRowDigest({ from: 1790812800000, to: 1793491200000, band: 2 }),
);
const price = {
  zone: 7,
  area: 0,
  origin: 0,
  band: 2,
  class: 0,
  kind: 4,
  provable: 1,
  price: "90000000",
  per: "60000",
  setUp: "50000000",
  first: 60000,
  step: 1000,
  minimum: "1",
  maximum: "340282366920938463463374607431768211455",
  tierFrom: "6000000",
  tierTo: "18446744073709551615",
  mode: 1,
  scale: 4,
  split: 1,
};
const priceRow: PriceRow = {
  ...price,
  provable: true,
  priceNano: n(price.price),
  per: n(price.per),
  setUpNano: n(price.setUp),
  first: n(price.first),
  step: n(price.step),
  minimumNano: n(price.minimum),
  maximumNano: n(price.maximum),
  tierFrom: n(price.tierFrom),
  tierTo: n(price.tierTo),
  mode: "half-even",
};
add("price row of a counter's second tier", "priceRow", price, priceRowDigest(priceRow));
