import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import type { TariffDocument } from "../tariff/document.ts";

export const RATING_STATE_FORMAT = "tallystick-rating-state-1";

/** A file of usage that the quantities hold already. */
const countedFile = z.strictObject({
  /** Of its bytes, in hexadecimal digits. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  /** Records that were rated. */
  rated: z.int().nonnegative(),
  /** When it was first counted, ISO 8601. */
  at: z.string(),
});

export type CountedFile = z.infer<typeof countedFile>;

const stateFile = z.strictObject({
  format: z.literal(RATING_STATE_FORMAT),
  currency: z.string(),
  timeZone: z.string(),
  billingPeriod: z.string(),
  closed: z.array(z.int()),
  periods: z.record(
    z.string().regex(/^-?\d{1,16}$/),
    z.record(z.string(), z.string().regex(/^\d{1,60}$/)),
  ),
  // States of earlier versions have none.
  files: z.array(countedFile).optional(),
});

/** What a running quantity is of; the first part names its kind. */
export type StateKey = readonly string[];

/** A change that is not made yet: rating a record makes all of its changes or none. */
export interface StateChange {
  period: number;
  key: StateKey;
  value: bigint;
}

/**
 * The running quantities that rating carries from record to record and from run to run: counters,
 * allowances, sums of charges; each in the billing period that it is of.
 */
export class RatingState {
  readonly #periods = new Map<number, Map<string, bigint>>();
  readonly #closed = new Set<number>();
  readonly #files = new Map<string, CountedFile>();
  readonly #currency: string;
  readonly #timeZone: string;
  readonly #billingPeriod: string;

  constructor({ currency, timeZone, billingPeriod }: TariffDocument) {
    this.#currency = currency;
    this.#timeZone = timeZone;
    const { every = "month", startDay = 1, startMonth } = billingPeriod ?? {};
    this.#billingPeriod = [every, startDay, startMonth]
      .filter((one) => one !== undefined)
      .join(" ");
  }

  get(period: number, key: StateKey): bigint {
    return this.#periods.get(period)?.get(JSON.stringify(key)) ?? 0n;
  }

  has(period: number, key: StateKey): boolean {
    return this.#periods.get(period)?.has(JSON.stringify(key)) ?? false;
  }

  apply(changes: readonly StateChange[]): void {
    for (const { period, key, value } of changes) {
      const values = this.#periods.get(period) ?? new Map<string, bigint>();
      this.#periods.set(period, values);
      values.set(JSON.stringify(key), value);
    }
  }

  /** All quantities of a period whose kind is one of `kinds`. */
  *entries(period: number, kinds: readonly string[]): Generator<[StateKey, bigint]> {
    for (const [text, value] of this.#periods.get(period) ?? []) {
      const key = JSON.parse(text) as string[];
      if (kinds.includes(key[0] ?? "")) yield [key, value];
    }
  }

  /** The file with this digest, where an earlier run counted it. */
  countedFile(sha256: string): CountedFile | undefined {
    return this.#files.get(sha256);
  }

  /** Keeps the first mention of a file that is counted again. */
  countFile(file: CountedFile): void {
    if (!this.#files.has(file.sha256)) this.#files.set(file.sha256, file);
  }

  isClosed(period: number): boolean {
    return this.#closed.has(period);
  }

  /** Closes a period; of its quantities only those stay that later periods ask for. */
  close(period: number, kept: readonly string[]): void {
    this.#closed.add(period);
    const values = this.#periods.get(period);
    for (const text of values?.keys() ?? []) {
      if (!kept.includes((JSON.parse(text) as string[])[0] ?? "")) values?.delete(text);
    }
  }

  /** Forgets what was kept of periods that began before an instant. */
  forgetBefore(milliseconds: number): void {
    for (const period of this.#periods.keys()) {
      if (period < milliseconds && this.#closed.has(period)) this.#periods.delete(period);
    }
  }

  toJSON(): z.infer<typeof stateFile> {
    return {
      format: RATING_STATE_FORMAT,
      currency: this.#currency,
      timeZone: this.#timeZone,
      billingPeriod: this.#billingPeriod,
      closed: [...this.#closed].sort((a, b) => a - b),
      periods: Object.fromEntries(
        [...this.#periods].map(([period, values]) => [
          String(period),
          Object.fromEntries([...values].map(([key, value]) => [key, value.toString()])),
        ]),
      ),
      ...(this.#files.size === 0 ? {} : { files: [...this.#files.values()] }),
    };
  }

  /**
   * @throws TallystickError `state.shape`, `state.other-tariff` (another currency, time zone or
   *   billing period: its quantities mean something else)
   */
  static read(input: unknown, document: TariffDocument): RatingState {
    const parsed = stateFile.safeParse(input);
    if (!parsed.success) {
      const { field, says } = firstShapeProblem(parsed.error, input);
      throw new TallystickError(
        "state.shape",
        `The file holds no state of an earlier run: ${field === "" ? "" : `${field}: `}${says}. Give the file that --state wrote, or leave it out to begin anew.`,
        { field },
      );
    }
    const state = new RatingState(document);
    const { currency, timeZone, billingPeriod, closed, periods, files } = parsed.data;
    if (
      currency !== state.#currency ||
      timeZone !== state.#timeZone ||
      billingPeriod !== state.#billingPeriod
    ) {
      throw new TallystickError(
        "state.other-tariff",
        `The state is of a tariff in ${currency}, ${timeZone}, with another billing period or ` +
          "currency than this one; start a new one.",
      );
    }
    for (const period of closed) state.#closed.add(period);
    for (const file of files ?? []) state.countFile(file);
    for (const [period, values] of Object.entries(periods)) {
      state.#periods.set(
        Number(period),
        new Map(Object.entries(values).map(([key, value]) => [key, BigInt(value)])),
      );
    }
    return state;
  }
}
