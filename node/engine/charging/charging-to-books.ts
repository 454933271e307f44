import { sha256 } from "@noble/hashes/sha2.js";
import { usageOf } from "../../core/charging/session-use.ts";
import type { InspectLine } from "../../core/formats/inspect-line.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { baseUnitOf } from "../../core/tariff/units.ts";
import type { UsageFile } from "../intake/ingest-usage.ts";
import type { ChargingNode } from "./charging-node.ts";

const RECORDS_MAX = 1_000;

/**
 * Hands ended sessions to the ordinary path of usage records, as files of their own: they are
 * guided, rated, numbered and committed like any other. A record's id is its session's, so a crash
 * between taking in and noting it makes a duplicate, which is charged once. A charge can not be of a
 * time that the ledger has not reached, so what ended after its newest block waits for the next one.
 * @returns how many were taken over
 */
export async function chargingToBooks(
  charging: ChargingNode,
  ingest: (file: UsageFile) => Promise<unknown>,
  clocks: Clocks,
): Promise<number> {
  const waiting = charging.recordsAfter(0, RECORDS_MAX);
  const early = waiting.findIndex(({ record }) => isEarly(record, clocks));
  const found = early < 0 ? waiting : waiting.slice(0, early);
  const [first, last] = [found.at(0), found.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const file = `charging-${first.number}-${last.number}`;
  // A session that a crash takes back could end otherwise.
  await charging.settled();
  const records = found.map(({ record }, index) => sourced(usageOfRecord(record), file, index + 1));
  await ingest({
    name: file,
    sha256: digest(JSON.stringify(records)),
    lines: linesOf(records),
  });
  await charging.recordsTaken(last.number);
  return found.length;
}

/** Milliseconds since 1970 UTC: of the ledger's newest block, and now. */
export interface Clocks {
  ledgerMilliseconds: number;
  nowMilliseconds: number;
}

/** What claims to end later than now would wait for ever: suspense is the place for it. */
function isEarly({ use, quantity }: Found, { ledgerMilliseconds, nowMilliseconds }: Clocks) {
  const lasted = baseUnitOf(use.service) === "millisecond" ? Number(quantity) : 0;
  const end = Date.parse(use.start) + lasted;
  return end > ledgerMilliseconds && end <= nowMilliseconds;
}

type Found = ReturnType<ChargingNode["recordsAfter"]>[number]["record"];

/** Whose it is, is found by number and date like that of every record. */
function usageOfRecord({ session, account, use, quantity }: Found): UsageRecord {
  const { account: _, ...usage } = usageOf(session, account, use, BigInt(quantity));
  return usage;
}

function sourced(record: UsageRecord, file: string, position: number): UsageRecord {
  const content = digest(JSON.stringify(record));
  return { ...record, source: { format: "charging", file, position, sha256: content } };
}

async function* linesOf(records: readonly UsageRecord[]): AsyncGenerator<InspectLine> {
  yield* records;
}

const digest = (text: string): string =>
  [...sha256(new TextEncoder().encode(text))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
