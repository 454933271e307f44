import type { UsageRecord } from "../records/usage-record.ts";
import type { RepetitionIndex } from "./repetition-index.ts";

/** A record that can not be used; the rest of the file goes on. */
export interface Rejection {
  code: string;
  message: string;
  /** The record's number in the file, from 1. */
  position: number;
  line?: number;
  byte?: number;
  field?: string;
}

/** Something about a file that a reader has to know; never silently repaired. */
export interface Problem {
  code: string;
  message: string;
  /** How often, and the first records where; absent for what concerns the file as a whole. */
  count?: number;
  positions?: number[];
}

/** Control totals. Only what can be told from the records or is declared by the file. */
export interface Totals {
  records?: number;
  billable?: number;
  durationSeconds?: number;
  units?: number;
  octets?: number | string;
}

export interface FileReport {
  name: string;
  format: string;
  version?: string;
  sender?: string;
  recipient?: string;
  sequenceNumber?: number;
  records: number;
  rejected: number;
  declared: Totals;
  computed: Totals;
  problems: Problem[];
}

/** The lines that `inspect` prints (docs/COMMANDS.md): a record stands bare, the others named. */
export type InspectLine = UsageRecord | { rejected: Rejection } | { file: FileReport };

/** One by one, or many at a time. */
export type InspectLines = AsyncIterable<InspectLine | InspectLine[]>;

export type Chunks = AsyncIterable<Uint8Array>;

export interface ParseOptions {
  /** Named in records and errors. */
  file: string;
  /** Zone of local times that carry none; what the file itself reveals is used without it. */
  zone?: string;
  /** The switch or device that wrote the file, where its ids are unique only within one. */
  sourceName?: string;
  /** Where ids seen are kept; without it in memory, which grows with the file. */
  repetitions?: () => RepetitionIndex;
  /** A faster SHA-256 (hexadecimal) of the platform, where it has one. */
  sha256?: (bytes: Uint8Array) => string;
}

export function isRecord(line: InspectLine): line is UsageRecord {
  return !("rejected" in line) && !("file" in line);
}
