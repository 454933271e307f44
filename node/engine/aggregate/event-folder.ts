import type { PolicyDocument } from "../../core/aggregation/policy.ts";

/** How far one source of events was read, durably. */
export interface SourceProgress {
  /** The first line: what the columns are. */
  header?: string;
  bytes: number;
  lines: number;
  events: number;
  rejected: number;
  /** Latest time of any event when something was last read of it. */
  at: number;
}

/** A window whose events still come in. */
export interface OpenWindow {
  /** In how many parts it will be closed: one of them is held in memory at a time. */
  parts: number;
  /** Bytes of each lane's file: what lies beyond is not there. */
  bytes: Record<string, number>;
}

/** What is known after a crash: anything that it does not speak of did not happen. */
export interface EventCheckpoint {
  version: 3;
  policy: PolicyDocument;
  sources: Record<string, SourceProgress>;
  /** Latest time of any event. */
  watermark: number;
  /** Latest time of this machine's clock: it may have been set back since. */
  clock: number;
  /** By the name of the window. */
  open: Record<string, OpenWindow>;
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
  /** The events root that its record carries, "0x…". */
  root: string;
  /** The events key, base64. */
  key: string;
  events: number;
}

/** Writes one lane's file of a closing. What it wrote is there only once `finish` has ended. */
export interface ClosingWriter {
  /** @param events as `encodeEvents` gives them: copied at once */
  add(group: ClosedGroup, events: Uint8Array, recordLine: string): void;
  /** Durable, under its name. */
  finish(): { bytes: number };
}

/** Names of windows: when they begin, and how many times they were closed before. */
export const windowName = (window: number, supplement: number): string => `${window}-${supplement}`;

export function readWindowName(name: string): { window: number; supplement: number } {
  const [window = 0, supplement = 0] = name.split("-").map(Number);
  return { window, supplement };
}

/**
 * Where events lie until their bill can no longer be challenged. A window's events lie in a file for each
 * lane that took some in, and are closed into a file for each lane that closed some.
 */
export interface EventFolder {
  readCheckpoint(): EventCheckpoint | undefined;
  /** Durable when it returns, whole or not at all. */
  writeCheckpoint(checkpoint: EventCheckpoint): void;
  /** Cuts what the checkpoint does not speak of. */
  restore(checkpoint: EventCheckpoint): void;
  removeOpen(name: string): void;
  /** Removes what an interrupted closing left. */
  clearClosing(name: string): void;
  /** Hands out the records of a closing: files of usage records, once. */
  publish(name: string): void;
}

/** What one lane does in the folder, in files that are its own. */
export interface LaneFolder {
  /** Appends events of one part of a window; durable after the next `sync`. */
  append(name: string, part: number, events: Uint8Array, count: number): void;
  /** Makes what was appended durable. Answers how long the file of each window is that was appended to. */
  sync(): Map<string, number>;
  /** How many events one part has, of all lanes. */
  countPart(name: string, part: number): number;
  readPart(name: string, part: number): Iterable<Uint8Array>;
  /** The window is closed: its files are let go of. */
  releaseOpen(name: string): void;
  close(name: string): ClosingWriter;
  /** Events of the groups that are wanted, out of all files of a closing. */
  readClosed(
    name: string,
    wanted: (group: ClosedGroup) => boolean,
  ): Iterable<ClosedGroup & { data: Uint8Array }>;
}
