import { PackedBytes } from "../bytes.ts";
import type { ChargeGroup, CounterMove } from "./charge-groups.ts";

/*
 * The plan that a charge was priced by stands in its second scope, and so does the plan that an
 * assignment gives (docs/PROTOCOL.md, section 4).
 */

const PLAN = new TextEncoder().encode("PLAN");
const NO_SCOPE: CounterMove = {
  scope: new Uint8Array(8),
  scopeSequence: 0n,
  counterBefore: 0n,
};

export interface NamedPlan {
  /** Place of the plan in the tariff's document, from 1; 0 for none. */
  plan: number;
  /** Of the assignment, from 1 within the pseudonym. */
  ordinal: bigint;
}

/** The counters of a charge that names a plan; `counter` is the one that its price stands over. */
export function countersWithPlan({ plan, ordinal }: NamedPlan, counter = NO_SCOPE): CounterMove[] {
  const scope = new PackedBytes().raw(PLAN, 4).unsigned(plan, 4).done();
  return [counter, { scope, scopeSequence: ordinal, counterBefore: 0n }];
}

export function planNamedBy({ counters }: Pick<ChargeGroup, "counters">): NamedPlan | undefined {
  const named = counters[1];
  if (named === undefined || PLAN.some((byte, at) => named.scope[at] !== byte)) return undefined;
  const plan = new DataView(named.scope.buffer, named.scope.byteOffset).getUint32(4);
  return { plan, ordinal: named.scopeSequence };
}
