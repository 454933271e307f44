import type { Entry } from "../../core/charging/entry.ts";

/** What a log held at its opening: the newest snapshot's lines, and the entries after it. */
export interface LogContent {
  snapshot: AsyncIterable<string> | undefined;
  entries: AsyncIterable<Entry>;
}

/**
 * The write-ahead log of a charging node. Entries become durable in the order in which they were
 * appended, many of them in one write.
 */
export interface ChargingLog {
  /** Reads what is there, once, before anything is appended. */
  read(): LogContent;
  /** Resolves when the entry, and all before it, are durable. After a failure, always rejects. */
  append(entry: Entry): Promise<void>;
  /** Resolves when everything that was appended so far is durable. */
  settled(): Promise<void>;
  /** Whether so much was appended since the last snapshot that another one is worth it. */
  readonly wantsSnapshot: boolean;
  /** Puts a snapshot of what was durable until now in the place of the entries before it. */
  compact(): Promise<void>;
  close(): Promise<void>;
}
