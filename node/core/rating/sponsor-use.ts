import { parseDecimalNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";
import { divideDown } from "../money/rounding.ts";
import type { TariffPlan } from "../tariff/document.ts";
import { isMeant } from "../tariff/plan-uses.ts";
import { multiplyFractions, percentFraction } from "./compose-charge.ts";
import type { StateKey } from "./rating-state.ts";
import type { Taken, UseOfAccount } from "./use-of-account.ts";

/**
 * What other accounts pay of a charge, in listed order, each of what is left and up to its cap. It is
 * added to what the sponsor owes for the same service, so that together both pay the whole charge.
 */
export function sponsorUse(
  use: UseOfAccount,
  plan: TariffPlan | undefined,
  amountNano: bigint,
): Taken[] {
  const { account, device } = use.owner;
  const at = use.facts.startMilliseconds;
  const takings: Taken[] = [];
  let left = amountNano;
  for (const { name, uses, percent = "100", cap, capScope = "account" } of plan?.sponsored ?? []) {
    if (left === 0n || !isMeant(uses, use.place)) continue;
    const sponsor = account.sponsors.find(
      (one) => one.from <= at && at < one.to && (one.name === undefined || one.name === name),
    );
    if (sponsor === undefined) continue;
    const share = multiplyFractions(fraction(left), percentFraction(percent));
    const asked = divideDown(share.numerator, share.denominator);
    const of = { sponsor: sponsor.account, device, account: account.id }[capScope];
    const key: StateKey = ["sponsor", sponsor.account, name, capScope, of];
    const before = use.get(key);
    const room = cap === undefined ? asked : parseDecimalNano(cap) - before;
    const nano = room < asked ? room : asked;
    if (nano <= 0n) continue;
    use.add(key, nano);
    use.addNet(sponsor.account, nano);
    use.moves.push({ name, scope: `sponsor ${capScope}`, of, before, after: before + nano });
    takings.push({ kind: "sponsored", name, nano, account: sponsor.account });
    left -= nano;
  }
  return takings;
}
