import { spendableNano } from "./charging-account.ts";
import type { ChargingSession } from "./charging-session.ts";
import type { ChargingState } from "./charging-state.ts";
import type { Notice, SponsorHolding } from "./entry.ts";
import type { SessionPrice, SponsorShare } from "./price-session.ts";
import { thresholdNotices } from "./thresholds.ts";

/*
 * What a session takes from accounts that sponsor it. A sponsor that has no balance here is billed for
 * its share by the books alone.
 */

/** Whether a sponsor can pay so much of a session in all; one that is locked pays no more than it did. */
export function canPay(
  state: ChargingState,
  period: number,
  session: ChargingSession | undefined,
  { account: id, amountNano }: SponsorShare,
): boolean {
  const account = state.accounts.get(id);
  if (account === undefined) return true;
  const holding = session?.sponsored?.find((one) => one.account === id);
  const reservedNano = holding?.reservedNano ?? 0n;
  const moreNano = amountNano - (holding?.spentNano ?? 0n);
  if (moreNano <= 0n) return true;
  if (account.lock !== undefined) return moreNano <= reservedNano;
  const limit = spendableNano(account, reservedNano, period);
  return limit === undefined || moreNano <= limit;
}

/** The session's parts of its sponsors' money after a request; undefined where it has none. */
export function sponsorHoldings(
  state: ChargingState,
  period: number,
  session: ChargingSession | undefined,
  { price, heldPrice, state: becomes }: HoldingPrices,
): { holdings?: SponsorHolding[]; notices: Notice[] } {
  const known = session?.sponsored ?? [];
  const spent = price?.sponsored ?? known.map((one) => shareOf(one.account, one.spentNano));
  const held = becomes === "open" ? (heldPrice?.sponsored ?? []) : [];
  // Of most sessions nobody pays a part: nothing is laid out for them.
  if (known.length + spent.length + held.length === 0) return { notices: [] };
  const names = new Set([...known, ...spent, ...held].map(({ account }) => account));
  const notices: Notice[] = [];
  const holdings: SponsorHolding[] = [];
  for (const id of names) {
    const account = state.accounts.get(id);
    if (account === undefined) continue;
    const before = known.find((one) => one.account === id);
    const spentNano = amountOf(spent, id);
    const reserved = amountOf(held, id) - spentNano;
    const reservedNano = reserved > 0n ? reserved : 0n;
    const spentMore = spentNano - (before?.spentNano ?? 0n);
    const moved = spentMore + reservedNano - (before?.reservedNano ?? 0n);
    const raising = thresholdNotices(account, period, {
      spentNano: spentMore,
      balanceAfterNano: account.balanceNano - moved,
    });
    notices.push(...(raising.notices ?? []));
    holdings.push({
      account: id,
      spentNano: spentNano.toString(),
      reservedNano: reservedNano.toString(),
      ...(raising.raised === undefined ? {} : { raised: raising.raised }),
    });
  }
  return { ...(holdings.length === 0 ? {} : { holdings }), notices };
}

interface HoldingPrices {
  /** Of what was used, and of what is granted beside it; absent where they are as before, or nothing. */
  price?: SessionPrice;
  heldPrice?: SessionPrice;
  state: "open" | "closed" | "refused";
}

const shareOf = (account: string, amountNano: bigint): SponsorShare => ({ account, amountNano });

const amountOf = (shares: readonly SponsorShare[], id: string): bigint =>
  shares.find(({ account }) => account === id)?.amountNano ?? 0n;
