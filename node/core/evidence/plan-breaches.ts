import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { type NamedPlan, planNamedBy } from "../commitment/plan-scope.ts";
import {
  accountOpening,
  chargeTuple,
  leafOfCharge,
  openedAccount,
  openedUse,
} from "./breach-openings.ts";
import { type Bundle, type BundleCharge, isClosed, type OpenedCharge } from "./bundle.ts";
import { attempt, type FoundBreach, placeOf } from "./found-breach.ts";
import { chargeFromJson } from "./group-json.ts";

/* Which plan an account has, by the charges of kind 8 that say so, and charges that say otherwise. */

interface Assigned extends NamedPlan {
  proof: BundleCharge;
  pseudonym: string;
  /** Milliseconds, from ≤ t < to. */
  from: bigint;
  to: bigint;
}

const namedBy = (charge: OpenedCharge): NamedPlan | undefined =>
  planNamedBy(chargeFromJson(charge));

/** Charges by a plan that was not assigned at their start, and assignments that clash. */
export function* planBreaches(bundle: Bundle): Generator<FoundBreach> {
  const assigned = assignmentsOf(bundle);
  for (const charge of bundle.charges) {
    yield* attempt(() => notAssigned(bundle, charge, assigned));
  }
  for (const [at, later] of assigned.entries()) {
    const before = assigned.slice(0, at).find((one) => clash(one, later));
    if (before !== undefined) yield* attempt(() => clashOf(bundle, later, before));
  }
}

/** In the order of their places. */
function assignmentsOf(bundle: Bundle): Assigned[] {
  const all = bundle.charges.flatMap((proof): Assigned[] => {
    const { account, charge } = proof;
    if (isClosed(account) || isClosed(charge)) return [];
    const named = namedBy(charge);
    if (charge.kind !== CHARGE_KIND.assignment || named === undefined) return [];
    const from = BigInt(charge.start);
    const to = from + BigInt(charge.quantity);
    return [{ ...named, proof, pseudonym: account.pseudonym, from, to }];
  });
  const sequenceOf = ({ proof }: Assigned) => placeOf(bundle, proof).sequence;
  return all.sort(
    (a, b) => Number(sequenceOf(a) - sequenceOf(b)) || a.proof.leafIndex - b.proof.leafIndex,
  );
}

/** The rule of PlanNotAssigned.sol: what one assignment shows, or two neighbouring ones. */
function notAssigned(
  bundle: Bundle,
  charge: BundleCharge,
  assigned: readonly Assigned[],
): FoundBreach | undefined {
  const use = openedUse(charge);
  const named = namedBy(use);
  if (use.kind === CHARGE_KIND.assignment || named === undefined) return undefined;
  const { pseudonym } = openedAccount(charge);
  const start = BigInt(use.start);
  const own = assigned.filter((one) => one.pseudonym === pseudonym);
  const other = own.find((one) => {
    const isHeld = one.from <= start && start < one.to;
    const isSamePlan = one.plan === named.plan;
    if (one.ordinal === named.ordinal) return !isHeld || !isSamePlan;
    return (one.ordinal === 1n && start < one.from) || (isHeld && !isSamePlan);
  });
  if (other !== undefined) return shown(bundle, charge, [other]);
  for (const one of own) {
    const next = own.find(({ ordinal }) => ordinal === one.ordinal + 1n);
    if (next !== undefined && one.to <= start && start < next.from) {
      return shown(bundle, charge, [one, next]);
    }
  }
  return undefined;
}

function shown(
  bundle: Bundle,
  charge: BundleCharge,
  assigned: readonly Assigned[],
): FoundBreach | undefined {
  const place = placeOf(bundle, charge);
  const book = bundle.books.find(({ domain }) => domain === place.book);
  if (book?.disputeAddress === undefined || book.blind === undefined) return undefined;
  const { third: _, ...owner } = accountOpening(bundle, charge);
  const use = openedUse(charge);
  return {
    kind: "planNotAssigned",
    line: charge.line,
    ...place,
    claimedNano: 0n,
    opened: { leaf: leafOfCharge(bundle, charge), salt: use.salt },
    evidence: {
      claimed: {
        ...owner,
        charge: chargeTuple(use),
        disputeAddress: book.disputeAddress,
        blind: book.blind,
        signature: "0x",
      },
      assignments: assigned.map(({ proof }) => assignmentOpening(bundle, proof)),
    },
    needsConsent: true,
  };
}

/** A charge that needs consent, with the signature of the pseudonym's own key. */
export function withConsent(breach: FoundBreach, signature: string): FoundBreach {
  const evidence = breach.evidence as { claimed: object };
  const { needsConsent: _, ...rest } = breach;
  return { ...rest, evidence: { ...evidence, claimed: { ...evidence.claimed, signature } } };
}

const clash = (a: Assigned, b: Assigned): boolean => {
  if (a.pseudonym !== b.pseudonym) return false;
  if (a.ordinal === b.ordinal) return true;
  return a.ordinal < b.ordinal ? b.from < a.to : a.from < b.to;
};

function clashOf(bundle: Bundle, later: Assigned, before: Assigned): FoundBreach {
  return {
    kind: "assignmentsClash",
    line: later.proof.line,
    ...placeOf(bundle, later.proof),
    claimedNano: 0n,
    opened: { leaf: leafOfCharge(bundle, later.proof), salt: openedUse(later.proof).salt },
    evidence: {
      claimed: assignmentOpening(bundle, later.proof),
      before: assignmentOpening(bundle, before.proof),
    },
  };
}

/** AssignmentOpening: both sides of what says no use. */
function assignmentOpening(bundle: Bundle, proof: BundleCharge) {
  const { third: _, ...owner } = accountOpening(bundle, proof);
  const { sequence, leafIndex } = placeOf(bundle, proof);
  const charge = chargeTuple(openedUse(proof));
  return { sequence: sequence.toString(), leafIndex, ...owner, charge };
}
