import type { TariffDocument, TariffPrice } from "./document.ts";
import type { ProblemList } from "./problem.ts";
import { baseUnitOf } from "./units.ts";

/** Prices that move one counter must count the same; what closes by a counter has it alone. */
export function checkCounters(document: TariffDocument, list: ProblemList): void {
  const known = new Map<string, { counts: string; isAlone: boolean }>();
  for (const [serviceIndex, service] of document.services.entries()) {
    for (const [priceIndex, { tiers }] of service.prices.entries()) {
      if (tiers?.counter === undefined) continue;
      const counts = `${tiers.over}, ${baseUnitOf(service)}${windowOf(tiers)}`;
      const isAlone = isChargedAtEnd(tiers);
      const other = known.get(tiers.counter);
      known.set(tiers.counter, { counts, isAlone });
      if (other === undefined) continue;
      const place = ["services", serviceIndex, "prices", priceIndex, "tiers", "counter"];
      if (isAlone || other.isAlone) {
        list.error(
          "tariff.counter-shared",
          place,
          `Another price moves "${tiers.counter}": what its closing value costs would be open. ` +
            "Give volume and stair-step tiers a counter of their own.",
        );
      } else if (other.counts !== counts) {
        list.error(
          "tariff.counter-differs",
          place,
          `"${tiers.counter}" counts ${other.counts} elsewhere and ${counts} here.`,
        );
      }
    }
  }
}

const windowOf = ({ window }: NonNullable<TariffPrice["tiers"]>): string =>
  window === undefined ? "" : ` in windows of ${window.quantity} ${window.unit}`;

const isChargedAtEnd = ({ kind }: NonNullable<TariffPrice["tiers"]>): boolean =>
  kind === "volume" || kind === "stair-step";
