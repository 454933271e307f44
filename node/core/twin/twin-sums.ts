import { owedNano, type RatingOutcome } from "../rating/outcome.ts";

/** How many records a group has, and what they come to under both tariffs, in nano-units of each. */
export interface TwinSums {
  records: number;
  changed: number;
  suspendedBefore: number;
  suspendedAfter: number;
  beforeNano: bigint;
  afterNano: bigint;
}

/** What a record is summed under. */
export interface TwinGroups {
  service: string;
  product: string;
  customerGroup: string;
  partner: string;
}

export const TWIN_DIMENSIONS = ["service", "product", "customerGroup", "partner"] as const;
export type TwinDimension = (typeof TWIN_DIMENSIONS)[number];

/** Networks are as many as records say; the sums must not grow with the input. */
const GROUPS_MAX = 10_000;
export const OTHER_GROUPS = "(others)";

const noSums = (): TwinSums => ({
  records: 0,
  changed: 0,
  suspendedBefore: 0,
  suspendedAfter: 0,
  beforeNano: 0n,
  afterNano: 0n,
});

export function isChange(before: RatingOutcome, after: RatingOutcome): boolean {
  if (before.outcome === "rated" && after.outcome === "rated") {
    return before.amountNano !== after.amountNano || before.currency !== after.currency;
  }
  return before.outcome !== after.outcome;
}

/** Sums of a replay, in all and by what a record is summed under. Memory does not grow with records. */
export class TwinTally {
  readonly total = noSums();
  readonly by: Record<TwinDimension, Map<string, TwinSums>> = {
    service: new Map(),
    product: new Map(),
    customerGroup: new Map(),
    partner: new Map(),
  };

  add(before: RatingOutcome, after: RatingOutcome, groups: TwinGroups): void {
    const changes = isChange(before, after);
    for (const sums of this.#sumsOf(groups)) {
      sums.records += 1;
      if (changes) sums.changed += 1;
      if (before.outcome === "rated") sums.beforeNano += owedNano(before);
      else sums.suspendedBefore += 1;
      if (after.outcome === "rated") sums.afterNano += owedNano(after);
      else sums.suspendedAfter += 1;
    }
  }

  /** What a period's end adds to an account under both tariffs. */
  addPeriodEnd(beforeNano: bigint, afterNano: bigint, customerGroup: string): void {
    const groups = {
      service: "period end",
      product: "period end",
      customerGroup,
      partner: "period end",
    };
    for (const sums of this.#sumsOf(groups)) {
      if (beforeNano !== afterNano) sums.changed += 1;
      sums.beforeNano += beforeNano;
      sums.afterNano += afterNano;
    }
  }

  #sumsOf(groups: TwinGroups): TwinSums[] {
    const all = [this.total];
    for (const dimension of TWIN_DIMENSIONS) {
      const map = this.by[dimension];
      const asked = groups[dimension];
      const name = map.size < GROUPS_MAX || map.has(asked) ? asked : OTHER_GROUPS;
      let sums = map.get(name);
      if (sums === undefined) {
        sums = noSums();
        map.set(name, sums);
      }
      all.push(sums);
    }
    return all;
  }
}
