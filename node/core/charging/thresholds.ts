import { firstPricePlace } from "../rating/price-pieces.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { TIER_END } from "../tariff/rows.ts";
import type { ChargingAccount } from "./charging-account.ts";
import type { Notice } from "./entry.ts";
import type { SessionPrice } from "./price-session.ts";

/** Percent of a limit or allowance at which its owner is told. */
const LEVELS = [80, 100] as const;

export interface Raising {
  /** What the request adds to the period's spending. */
  spentNano: bigint;
  balanceAfterNano: bigint;
  price?: SessionPrice;
  tariff?: CompiledTariff;
}

/**
 * The thresholds that a request reaches, each once in a billing period: 80 and 100 percent of the
 * spend limit and of an allowance, the next tier of a counter, a balance below what is allowed.
 */
export function thresholdNotices(
  account: ChargingAccount,
  period: number,
  raising: Raising,
): { notices?: Notice[]; raised?: string[] } {
  const known = account.period === period ? account.raised : new Set<string>();
  const raised: string[] = [];
  const notices: Notice[] = [];
  const raise = (name: string, notice: Omit<Notice, "account">): void => {
    if (known.has(name) || raised.includes(name)) return;
    raised.push(name);
    notices.push({ ...notice, account: account.id });
  };
  const { overspendNano, spendLimitNano } = account.policy;
  if (spendLimitNano !== undefined) {
    const before = account.period === period ? account.periodSpentNano : 0n;
    const spent = before + raising.spentNano;
    for (const percent of LEVELS) {
      if (!reaches(spent, BigInt(spendLimitNano), percent)) continue;
      raise(`spend-limit ${percent}`, { kind: "spend-limit", percent });
    }
  }
  if (overspendNano !== "unlimited" && raising.balanceAfterNano < -BigInt(overspendNano)) {
    raise("overspent", { kind: "balance-overspent" });
  }
  const { price, tariff } = raising;
  if (price !== undefined && tariff !== undefined) {
    for (const move of price.moves) {
      const key = `${move.name} ${move.scope} ${move.of}`;
      if (move.granted !== undefined) {
        for (const percent of LEVELS) {
          if (!reaches(move.granted - move.after, move.granted, percent)) continue;
          raise(`allowance ${percent} ${key}`, { kind: "allowance", name: move.name, percent });
        }
        continue;
      }
      for (const end of tierEnds(tariff, price, move.name)) {
        if (move.after < end) continue;
        raise(`tier ${end} ${key}`, { kind: "next-tier", name: move.name });
      }
    }
  }
  return notices.length === 0 ? {} : { notices, raised };
}

const reaches = (value: bigint, whole: bigint, percent: number): boolean =>
  value * 100n >= whole * BigInt(percent) && (whole > 0n || value > 0n);

/** Where the tiers of the charge's price end, the last one excepted, if they stand over the counter. */
function tierEnds(tariff: CompiledTariff, { rated }: SessionPrice, counter: string): bigint[] {
  const index = rated.rows.price - firstPricePlace(tariff);
  const row = tariff.priceRows[index];
  if (tariff.priceSources[index]?.counter?.name !== counter) return [];
  return tariff.priceRows
    .filter(({ zone, band, tierTo }) => {
      return zone === row?.zone && band === row.band && tierTo !== TIER_END;
    })
    .map(({ tierTo }) => tierTo);
}
