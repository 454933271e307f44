import { TallystickError } from "../errors.ts";
import type { ChargingAccount } from "./charging-account.ts";
import type { ChargingSession } from "./charging-session.ts";
import { ChargingState, type NumberedNotice, sliceKey } from "./charging-state.ts";
import type { CounterChange, SessionRecord } from "./entry.ts";
import type { EdgeSlice } from "./slice.ts";

/*
 * A state as lines of JSON, so that writing and reading it can pause between any two of them. Nano
 * amounts and quantities are decimal strings with an "n" behind, so that they come back as bigint.
 */

export const SNAPSHOT_FORMAT = "tallystick-charging-1";

type Line =
  | { format: string; nextRecord: number; nextNotice: number; noticesTaken?: number }
  | { account: Omit<ChargingAccount, "sessions"> }
  | { session: ChargingSession }
  | { counters: CounterChange[]; of: "used" | "held" }
  | { record: SessionRecord; number: number }
  | { notice: NumberedNotice }
  | { slice: EdgeSlice }
  | { edge: string; upTo: number }
  | { end: number };

const write = (line: Line): string =>
  JSON.stringify(line, (_key, value) => {
    if (typeof value === "bigint") return `${value}n`;
    if (value instanceof Map) return [...value];
    if (value instanceof Set) return [...value];
    return value;
  });

const AMOUNTS = /(Nano|^used|^granted)$/;

const read = (text: string): Line =>
  JSON.parse(text, (key, value) =>
    AMOUNTS.test(key) && typeof value === "string" && /^-?\d+n$/.test(value)
      ? BigInt(value.slice(0, -1))
      : value,
  );

export function* writeState(state: ChargingState): Generator<string> {
  const { nextRecord, nextNotice, noticesTaken } = state;
  let lines = 2;
  const line = (content: Line): string => {
    lines += 1;
    return write(content);
  };
  const taken = noticesTaken === undefined ? {} : { noticesTaken };
  yield write({ format: SNAPSHOT_FORMAT, nextRecord, nextNotice, ...taken });
  for (const { sessions, ...account } of state.accounts.values()) yield line({ account });
  for (const session of state.sessions.values()) yield line({ session });
  for (const kind of ["used", "held"] as const) {
    for (const one of state[kind].changes()) yield line({ of: kind, counters: [one] });
  }
  for (const [number, record] of state.records) yield line({ number, record });
  for (const notice of state.notices) yield line({ notice });
  for (const slice of state.slices.values()) yield line({ slice });
  for (const [edge, upTo] of state.edgeRecords) yield line({ edge, upTo });
  yield write({ end: lines });
}

/** Reads the lines of `writeState`, one by one. */
export class StateReader {
  readonly state = new ChargingState();
  #lines = 0;
  #isWhole = false;

  /** @throws TallystickError `charging.snapshot-unusable` */
  take(text: string): void {
    let line: Line;
    try {
      line = read(text);
    } catch (cause) {
      throw unusable("a line is no JSON", cause);
    }
    this.#lines += 1;
    if (this.#lines === 1) {
      if (!("format" in line) || line.format !== SNAPSHOT_FORMAT) throw unusable("no such format");
      this.state.nextRecord = line.nextRecord;
      this.state.nextNotice = line.nextNotice;
      this.state.noticesTaken = line.noticesTaken;
      return;
    }
    if ("end" in line) this.#isWhole = line.end === this.#lines;
    else this.#put(line);
  }

  /** @throws TallystickError `charging.snapshot-unusable` when lines are missing */
  done(): ChargingState {
    if (!this.#isWhole) throw unusable("its end is missing");
    return this.state;
  }

  #put(line: Line): void {
    const { state } = this;
    if ("account" in line) {
      const account = line.account;
      state.accounts.set(account.id, {
        ...account,
        payments: new Map(account.payments),
        raised: new Set(account.raised),
        sessions: new Set(),
      });
    } else if ("session" in line) {
      state.sessions.set(line.session.id, line.session);
      state.accounts.get(line.session.account)?.sessions.add(line.session.id);
    } else if ("counters" in line) state[line.of].add(line.counters);
    else if ("record" in line) state.records.set(line.number, line.record);
    else if ("notice" in line) state.notices.push(line.notice);
    else if ("slice" in line) {
      state.slices.set(sliceKey(line.slice.edge, line.slice.account), line.slice);
    } else if ("upTo" in line) state.edgeRecords.set(line.edge, line.upTo);
  }
}

const unusable = (why: string, cause?: unknown): TallystickError =>
  new TallystickError(
    "charging.snapshot-unusable",
    `The charging node's snapshot can not be used: ${why}. Restore it from a backup.`,
    {},
    cause,
  );
