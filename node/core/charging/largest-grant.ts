/**
 * The most units, up to `wanted`, that cost at most `spendable`. A session's price never falls when
 * it goes on, so halving finds it: one pricing where all of them are paid for, else as many as the
 * quantity has bits. It ends with a whole increment by itself, since part of one costs as much.
 * @param costOf of so many units beside those that are used already
 */
export function largestGrant(
  wanted: bigint,
  spendable: bigint | undefined,
  costOf: (units: bigint) => bigint,
): bigint {
  // What costs nothing is granted in debt too.
  const limit = spendable === undefined ? undefined : spendable > 0n ? spendable : 0n;
  if (limit === undefined || costOf(wanted) <= limit) return wanted;
  let paid = 0n;
  let unpaid = wanted;
  while (unpaid - paid > 1n) {
    const middle = (paid + unpaid) / 2n;
    if (costOf(middle) <= limit) paid = middle;
    else unpaid = middle;
  }
  return paid;
}
