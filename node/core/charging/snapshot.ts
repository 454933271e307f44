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

/** A line's own form, however deep: what JSON lacks is text and lists. */
type Written<T> = T extends bigint
  ? string
  : T extends Map<infer Key, infer Value>
    ? [Key, Written<Value>][]
    : T extends Set<infer Value>
      ? Value[]
      : T extends object
        ? { [K in keyof T]: Written<T[K]> }
        : T;

type Line =
  | { format: string; nextRecord: number; nextNotice: number; noticesTaken?: number }
  | { account: Written<Omit<ChargingAccount, "sessions">> }
  | { session: Written<ChargingSession> }
  | { counters: CounterChange[]; of: "used" | "held" }
  | { record: SessionRecord; number: number }
  | { notice: NumberedNotice }
  | { slice: Written<EdgeSlice> }
  | { edge: string; upTo: number }
  | { end: number };

const nano = (value: bigint): string => `${value}n`;
const bigintOf = (text: string): bigint => BigInt(text.slice(0, -1));

/*
 * Field by field: a function that JSON calls for every value took three quarters of the time that a
 * million accounts need.
 */
function writtenAccount({
  sessions: _named,
  ...account
}: ChargingAccount): Written<Omit<ChargingAccount, "sessions">> {
  return {
    ...account,
    balanceNano: nano(account.balanceNano),
    reservedNano: nano(account.reservedNano),
    spentNano: nano(account.spentNano),
    toppedUpNano: nano(account.toppedUpNano),
    paidOutNano: nano(account.paidOutNano),
    periodSpentNano: nano(account.periodSpentNano),
    payments: [...account.payments],
    raised: [...account.raised],
  };
}

function readAccount(account: Written<Omit<ChargingAccount, "sessions">>): ChargingAccount {
  return {
    ...account,
    balanceNano: bigintOf(account.balanceNano),
    reservedNano: bigintOf(account.reservedNano),
    spentNano: bigintOf(account.spentNano),
    toppedUpNano: bigintOf(account.toppedUpNano),
    paidOutNano: bigintOf(account.paidOutNano),
    periodSpentNano: bigintOf(account.periodSpentNano),
    payments: new Map(account.payments),
    raised: new Set(account.raised),
    sessions: new Set(),
  };
}

function writtenSession({ sponsored, ...session }: ChargingSession): Written<ChargingSession> {
  return {
    ...session,
    used: nano(session.used),
    granted: nano(session.granted),
    ...writtenPart(session),
    refundedNano: nano(session.refundedNano),
    ...(sponsored === undefined
      ? {}
      : { sponsored: sponsored.map((one) => ({ ...one, ...writtenPart(one) })) }),
  };
}

function readSession({ sponsored, ...session }: Written<ChargingSession>): ChargingSession {
  return {
    ...session,
    used: bigintOf(session.used),
    granted: bigintOf(session.granted),
    ...readPart(session),
    refundedNano: bigintOf(session.refundedNano),
    ...(sponsored === undefined
      ? {}
      : { sponsored: sponsored.map((one) => ({ ...one, ...readPart(one) })) }),
  };
}

/** What an account, whoever it is, spends on a session and holds for it. */
type Part = Pick<ChargingSession, "spentNano" | "reservedNano">;

const writtenPart = ({ spentNano, reservedNano }: Part): Written<Part> => ({
  spentNano: nano(spentNano),
  reservedNano: nano(reservedNano),
});

const readPart = ({ spentNano, reservedNano }: Written<Part>): Part => ({
  spentNano: bigintOf(spentNano),
  reservedNano: bigintOf(reservedNano),
});

function writtenSlice(slice: EdgeSlice): Written<EdgeSlice> {
  return {
    ...slice,
    grantedNano: nano(slice.grantedNano),
    spentNano: nano(slice.spentNano),
    returnedNano: nano(slice.returnedNano),
  };
}

function readSlice(slice: Written<EdgeSlice>): EdgeSlice {
  return {
    ...slice,
    grantedNano: bigintOf(slice.grantedNano),
    spentNano: bigintOf(slice.spentNano),
    returnedNano: bigintOf(slice.returnedNano),
  };
}

export function* writeState(state: ChargingState): Generator<string> {
  const { nextRecord, nextNotice, noticesTaken } = state;
  let lines = 2;
  const line = (content: Line): string => {
    lines += 1;
    return JSON.stringify(content satisfies Line);
  };
  const taken = noticesTaken === undefined ? {} : { noticesTaken };
  const head: Line = { format: SNAPSHOT_FORMAT, nextRecord, nextNotice, ...taken };
  yield JSON.stringify(head);
  for (const account of state.accounts.values()) yield line({ account: writtenAccount(account) });
  for (const session of state.sessions.values()) yield line({ session: writtenSession(session) });
  for (const kind of ["used", "held"] as const) {
    for (const one of state[kind].changes()) yield line({ of: kind, counters: [one] });
  }
  for (const [number, record] of state.records) yield line({ number, record });
  for (const notice of state.notices) yield line({ notice });
  for (const slice of state.slices.values()) yield line({ slice: writtenSlice(slice) });
  for (const [edge, upTo] of state.edgeRecords) yield line({ edge, upTo });
  yield JSON.stringify({ end: lines } satisfies Line);
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
      line = JSON.parse(text) as Line;
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
      state.accounts.set(line.account.id, readAccount(line.account));
    } else if ("session" in line) {
      state.sessions.set(line.session.id, readSession(line.session));
      state.accounts.get(line.session.account)?.sessions.add(line.session.id);
    } else if ("counters" in line) state[line.of].add(line.counters);
    else if ("record" in line) state.records.set(line.number, line.record);
    else if ("notice" in line) state.notices.push(line.notice);
    else if ("slice" in line) {
      state.slices.set(sliceKey(line.slice.edge, line.slice.account), readSlice(line.slice));
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
