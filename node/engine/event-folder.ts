import type { PolicyDocument } from "../core/aggregation/policy.ts";

/** How far one source of events was read, durably. */
export interface SourceProgress {
  /** The first line: what the columns are. */
  header?: string;
  bytes: number;
  lines: number;
  events: number;
  rejected: number;
}

/** What is known after a crash: anything that it does not speak of did not happen. */
export interface EventCheckpoint {
  version: 1;
  policy: PolicyDocument;
  partitions: number;
  sources: Record<string, SourceProgress>;
  /** Latest time of any event. */
  watermark: number;
  /** Bytes of each part of each window that is open: what lies beyond is not there. */
  open: Record<string, Record<string, number>>;
  /** Of open windows that were closed before: the watermark when their first late event came. */
  lateSince: Record<string, number>;
  /** Begin of a window to how many times it was closed. */
  closed: Record<string, number>;
  /** Closed, and perhaps not yet handed out. */
  publishing: string[];
}

/** One charge's events, in the file of its window. */
export interface ClosedGroup {
  record: string;
  /** What its events have in common (`groupName`). */
  group: string;
  /** The events key, base64. */
  key: string;
  events: number;
}

/** Writes the file of one closing. What it wrote is there only once `finish` has ended. */
export interface ClosingWriter {
  /** @param events as `encodeEvents` gives them */
  add(group: ClosedGroup, events: Uint8Array, recordLine: string): void;
  /** Durable, under its name, in place of what an earlier, interrupted closing left. */
  finish(): { bytes: number };
}

/**
 * Where events lie until their bill can no longer be challenged. `name` is a window and how many
 * times it was closed before, `part` a number. Written for one process, which it locks out others of.
 */
export interface EventFolder {
  readCheckpoint(): EventCheckpoint | undefined;
  /** Durable when it returns, whole or not at all. */
  writeCheckpoint(checkpoint: EventCheckpoint): void;
  /** Appends one frame; durable after the next `sync`. */
  append(name: string, part: number, events: Uint8Array): void;
  /** Makes what was appended durable. Answers how long each part is that was appended to. */
  sync(): Map<string, Map<number, number>>;
  /** Cuts what was appended after the checkpoint. */
  truncate(name: string, part: number, bytes: number): void;
  readFrames(name: string, part: number): Iterable<Uint8Array>;
  /** Windows of which something was appended, whether a checkpoint speaks of it or not. */
  listOpen(): string[];
  removeOpen(name: string): void;
  close(name: string): ClosingWriter;
  /** Events of the groups that are wanted, out of a closed file. */
  readClosed(
    name: string,
    wanted: (group: ClosedGroup) => boolean,
  ): Iterable<ClosedGroup & { data: Uint8Array }>;
  listClosed(): string[];
  /** Hands out the records of a closing: a file of usage records, once. */
  publish(name: string): void;
}
