import { toHex } from "../../node/core/bytes.ts";
import {
  type AccountGroup,
  accountGroupDigest,
  type ChargeGroup,
  CREDIT_REASON,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  NO_DIGITS,
  NO_NETWORK,
  type PartyGroup,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import { deviceTag, recordSalts, sourceTag } from "../../node/core/commitment/secrets.ts";
import type { BundleBatch, BundleCharge, BundleCredit } from "../../node/core/evidence/bundle.ts";
import {
  accountToJson,
  chargeToJson,
  creditToJson,
  partyToJson,
} from "../../node/core/evidence/group-json.ts";
import type { Rated } from "../../node/core/rating/outcome.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import type { CompiledTariff } from "../../node/core/tariff/compile.ts";
import { EPOCH_KEY, key, type SampleBook, type SampleLedger } from "./sample-books.ts";
import { SAMPLE_USES, type SampleUse } from "./sample-month.ts";

/** Other subscribers' charges around each of the sample's. */
const NEIGHBOURS = 37;
const CREDITED_AT = Date.parse("2026-11-03T09:14:20Z") / 1000;

export interface SampleCharge {
  record: UsageRecord;
  amountNano: bigint;
  proof: BundleCharge;
}

/**
 * Rates, numbers and commits the month, one batch for each use.
 * @param eventsRoots of lines that stand for events
 */
export function commitCharges(
  tariff: CompiledTariff,
  book: SampleBook,
  ledger: SampleLedger,
  eventsRoots: Record<string, Uint8Array> = {},
): SampleCharge[] {
  let runningTotalNano = 0n;
  return SAMPLE_USES.map((use, at) => {
    const record = recordOf(use, at);
    const rated = rateUsage(tariff, record);
    if (rated.outcome !== "rated") throw new Error(`sample ${at} is ${JSON.stringify(rated)}`);
    const amountNano = use.billedNano ?? rated.amountNano;
    runningTotalNano += amountNano;
    const salts = recordSalts(EPOCH_KEY, record.id, 0);
    const account = accountGroup(book, record.id, salts.account, at + 1, runningTotalNano);
    const eventsRoot = eventsRoots[at + 1] ?? new Uint8Array(32);
    const party = { ...partyGroup(rated, salts.party, at), eventsRoot };
    const charge = chargeGroup(rated, salts.charge);
    const digests = {
      account: accountGroupDigest(account),
      party: partyGroupDigest(party),
      charge: chargeGroupDigest(charge),
    };
    const leaf = chargeLeaf(book.domain, digests, amountNano);
    const { start } = charge;
    const leafIndex = (at * 7) % NEIGHBOURS;
    const leaves = Array.from({ length: NEIGHBOURS }, (_, i) => ({
      leaf: key(`neighbour ${at} ${i}`),
      amountNano: BigInt(i) * 10_000_000n,
      start,
    })).toSpliced(leafIndex, 0, { leaf, amountNano, start });
    const committedAt = Math.floor(Date.parse(use.start) / 1000) + (use.seconds ?? 0) + 47;
    const { batch, place } = book.commit(ledger, BigInt(at * 61 + 12), leaves, committedAt);
    const proof: BundleCharge = {
      line: String(at + 1),
      batch: place,
      leafIndex,
      amountNano: amountNano.toString(),
      path: batch.tree.path(leafIndex).map(toHex),
      account: accountToJson(account),
      party: partyToJson(party),
      charge: chargeToJson(charge),
    };
    return { record, amountNano, proof };
  });
}

/** A credit that points at a charge. */
export function commitCredit(
  book: SampleBook,
  ledger: SampleLedger,
  target: { batch: BundleBatch; leafIndex: number; domain: Uint8Array },
  amountNano: bigint,
  line: string,
): BundleCredit {
  const salts = recordSalts(EPOCH_KEY, "credit:1", 0);
  const account = accountGroup(book, "credit:1", salts.account, 1, amountNano);
  const credit: CreditGroup = {
    salt: salts.charge,
    targetDomain: target.domain,
    targetSequence: BigInt(target.batch.sequence),
    targetIndex: target.leafIndex,
    reason: CREDIT_REASON.breachProven,
    claim: key("claim"),
  };
  const party = key("closed party of the credit");
  const leaf = chargeLeaf(
    book.domain,
    { account: accountGroupDigest(account), party, charge: creditGroupDigest(credit) },
    amountNano,
  );
  const entry = { leaf, amountNano, start: BigInt(CREDITED_AT) * 1000n };
  const { batch, place } = book.commit(ledger, 1n, [entry], CREDITED_AT);
  return {
    line,
    batch: place,
    leafIndex: 0,
    amountNano: amountNano.toString(),
    path: batch.tree.path(0).map(toHex),
    account: accountToJson(account),
    party: { digest: toHex(party) },
    credit: creditToJson(credit),
  };
}

function accountGroup(
  book: SampleBook,
  recordId: string,
  salt: Uint8Array,
  number: number,
  runningTotalNano: bigint,
): AccountGroup {
  return {
    salt,
    pseudonym: book.pseudonym,
    chargeNumber: BigInt(number),
    runningTotalNano,
    sourceTag: sourceTag(key("traffic month"), 1, recordId),
    deviceTag: deviceTag(EPOCH_KEY, "sim-1"),
  };
}

function partyGroup(rated: Rated, salt: Uint8Array, at: number): Omit<PartyGroup, "eventsRoot"> {
  return {
    salt,
    restDigits: rated.restDigits,
    type: rated.partyType,
    cell: 0n,
    file: key("file").slice(16),
    offset: BigInt(at * 200),
    length: 190,
  };
}

function chargeGroup(rated: Rated, salt: Uint8Array): ChargeGroup {
  return {
    salt,
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
