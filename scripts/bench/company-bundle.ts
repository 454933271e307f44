import { readFileSync } from "node:fs";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { commitTrees, sealOf } from "../../node/core/commitment/batch-commitment.ts";
import {
  accountGroupDigest,
  chargeGroupDigest,
  NO_DIGITS,
  NO_NETWORK,
  PARTY_TYPE,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { BOOK_KIND, bookDomain } from "../../node/core/commitment/domain.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import {
  deviceTag,
  pseudonym,
  recordSalts,
  SOURCE_ROLE,
  sourceTag,
} from "../../node/core/commitment/secrets.ts";
import type { Bundle, BundleCharge } from "../../node/core/evidence/bundle.ts";
import { accountToJson, chargeToJson, partyToJson } from "../../node/core/evidence/group-json.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { hashDocument } from "../../node/core/hash.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import { type CompiledTariff, compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";

const TARIFF = new URL("../../samples/tariffs/alder-retail.json", import.meta.url);
const FIRST_START = Date.parse("2026-10-01T06:00:00Z");
/** Of every batch, the company's lines are some among other subscribers'. */
const BATCH_LEAVES = 100_000;
const LINES_A_BATCH = 5_000;

const key = (name: string): Uint8Array => hashDocument(new TextEncoder().encode(name));
const address = (name: string): Uint8Array => key(name).slice(12);

export interface CompanyBundle {
  text: string;
  facts: LedgerFacts;
}

/** Evidence of a company's month with many devices, as `verify` reads it; without an invoice. */
export function companyBundle(lines: number): CompanyBundle {
  const document = JSON.parse(readFileSync(TARIFF, "utf8"));
  const tariff = compileTariff(document, 1);
  const identity = {
    chainId: 31337n,
    books: address("books"),
    operator: address("operator"),
    agreement: key("agreement"),
    kind: BOOK_KIND.charges,
    number: 1n,
  };
  const domain = bookDomain(identity);
  const owner = { disputeAddress: address("dispute"), blind: key("blind") };
  const mine = pseudonym(domain, owner.disputeAddress, owner.blind);
  const made = Array.from({ length: lines }, chargeMaker(tariff, domain, mine));
  const batches: Bundle["batches"] = [];
  const charges: BundleCharge[] = [];
  const seals: Record<string, Hex> = {};
  let before = { sumNano: 0n, count: 0n };
  for (let first = 0; first < lines; first += LINES_A_BATCH) {
    const some = made.slice(first, first + LINES_A_BATCH);
    const trees = treesAround(some);
    const start = BigInt(FIRST_START);
    const committed = commitTrees(
      {
        domain,
        bookKey: key("book"),
        sequence: BigInt(batches.length + 1),
        before,
        suspended: 0n,
        oldestSuspended: 0n,
      },
      trees,
      { from: start, to: start },
    );
    before = committed.runningTotals;
    const { parts } = committed;
    const blockTime = String(FIRST_START / 1000 + 86_400 * 20);
    const sequence = parts.sequence.toString();
    seals[sealKey(toHex(domain), sequence)] = toHex(
      sealOf(committed.commitment, BigInt(blockTime)),
    );
    for (const [at, { proof }] of some.entries()) {
      const leafIndex = placeOf(at);
      const path = trees.path(leafIndex).map(toHex);
      charges.push({ ...proof, batch: batches.length, leafIndex, path });
    }
    batches.push({
      domain: toHex(domain),
      sequence,
      depth: parts.depth,
      root: toHex(parts.root),
      totals: toHex(parts.totals),
      runningTotals: toHex(parts.runningTotals),
      blockTime,
    });
  }
  const validFrom = String(Date.parse("2024-12-31T23:00:00Z") / 1000);
  const bundle: Bundle = {
    format: "tallystick-evidence",
    version: 1,
    createdAt: "2026-11-02T08:00:00.000Z",
    ledger: {
      chainId: identity.chainId.toString(),
      kind: "embedded",
      runBy: "Alder Mobile",
      contracts: {
        books: toHex(identity.books),
        tariffs: toHex(address("tariffs")),
        agreements: toHex(address("agreements")),
        claims: toHex(address("claims")),
        members: toHex(address("members")),
      },
      endpoints: [],
    },
    operator: { id: toHex(identity.operator), name: "Alder Mobile" },
    agreement: toHex(identity.agreement),
    currency: "EUR",
    period: {
      epoch: "2026-10",
      from: "2026-09-30T22:00:00.000Z",
      to: "2026-10-31T23:00:00.000Z",
      zone: "Europe/Berlin",
    },
    books: [
      {
        domain: toHex(domain),
        kind: BOOK_KIND.charges,
        number: "1",
        pseudonym: toHex(mine),
        disputeAddress: toHex(owner.disputeAddress),
        blind: toHex(owner.blind),
      },
    ],
    batches,
    charges,
    credits: [],
    tariffs: [{ version: 1, validFrom, document }],
  };
  const root = toHex(buildTariffTree(tariff).root);
  return {
    text: JSON.stringify(bundle),
    facts: {
      sources: [{ member: "Alder Mobile", url: "", finalizedBlock: "1" }],
      seals,
      tariffs: { 1: { root, validFrom } },
      maxRecordAgeSeconds: String(86_400 * 30),
    } as unknown as LedgerFacts,
  };
}

const placeOf = (at: number): number => (at * 17) % BATCH_LEAVES;

interface MadeCharge {
  leaf: Uint8Array;
  amountNano: bigint;
  proof: Omit<BundleCharge, "batch" | "leafIndex" | "path">;
}

function treesAround(charges: MadeCharge[]): BatchTrees {
  const trees = new BatchTrees(BATCH_LEAVES);
  for (let i = 0; i < trees.leaves.length; i++) trees.leaves[i] = (i * 2_654_435_761) >>> 24;
  for (const [at, { leaf, amountNano }] of charges.entries()) {
    trees.leaves.set(leaf, 32 * placeOf(at));
    trees.amounts[2 * placeOf(at)] = amountNano;
  }
  return trees.build();
}

/** Calls of many devices, a few seconds apart, each rated, numbered and hashed by the real code. */
function chargeMaker(tariff: CompiledTariff, domain: Uint8Array, mine: Uint8Array) {
  const epochKey = key("epoch key");
  const monthKey = key("month key");
  let runningTotalNano = 0n;
  return (_: unknown, at: number): MadeCharge => {
    const id = `company:${at}`;
    const device = `+49171${String(at % 200_000).padStart(7, "0")}`;
    const rated = rateUsage(tariff, {
      id,
      service: "voice",
      direction: "outgoing",
      start: new Date(FIRST_START + at * 1_000).toISOString(),
      durationSeconds: (at * 7) % 900,
      aParty: device,
      bParty: at % 3 === 0 ? "+447700900345" : "+493023125042",
      billable: true,
    });
    if (rated.outcome !== "rated") throw new Error(`line ${at} is ${rated.outcome}`);
    const { amountNano } = rated;
    runningTotalNano += amountNano;
    const salts = recordSalts(epochKey, id, 0);
    const account = {
      salt: salts.account,
      pseudonym: mine,
      chargeNumber: BigInt(at + 1),
      runningTotalNano,
      sourceTag: sourceTag(monthKey, SOURCE_ROLE.retail, id),
      deviceTag: deviceTag(epochKey, device),
    };
    const party = {
      salt: salts.party,
      restDigits: rated.restDigits,
      type: PARTY_TYPE.international,
      cell: 0n,
      file: key("file").slice(0, 16),
      offset: BigInt(190 * at),
      length: 190,
      eventsRoot: new Uint8Array(32),
    };
    const charge = {
      salt: salts.charge,
      kind: 1,
      service: rated.service,
      flags: rated.direction | (rated.wholeNumber ? 8 : 0),
      start: BigInt(rated.startMilliseconds),
      sessionMinutes: rated.sessionMinutes,
      quantity: rated.quantity,
      secondQuantity: rated.secondQuantity,
      decidingDigits: rated.decidingDigits,
      originDigits: NO_DIGITS,
      visitedNetwork: NO_NETWORK,
      class: 0,
      tariffVersion: 1,
      counters: [],
    };
    const digests = {
      account: accountGroupDigest(account),
      party: partyGroupDigest(party),
      charge: chargeGroupDigest(charge),
    };
    return {
      leaf: chargeLeaf(domain, digests, amountNano),
      amountNano,
      proof: {
        line: String(at + 1),
        amountNano: amountNano.toString(),
        account: accountToJson(account),
        party: partyToJson(party),
        charge: chargeToJson(charge),
      },
    };
  };
}
