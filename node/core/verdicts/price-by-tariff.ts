import { rateUsage } from "../rating/rate-usage.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { PriceLine } from "./recompute-line.ts";

/** Prices a bill line as the usage that it claims to be, by the very code that made the charge. */
export function priceByTariff(tariff: CompiledTariff): PriceLine {
  return (line, { durationSeconds, startMs }) => {
    if (line.service === undefined || line.currency !== tariff.currency) return undefined;
    const direction = line.direction ?? (line.service === "data" ? "none" : "outgoing");
    const party = line.otherParty;
    const isIncoming = direction === "incoming";
    const isMessage = line.service === "sms" || line.service === "mms";
    const record: UsageRecord = {
      id: "bill-line",
      service: line.service,
      direction,
      start: new Date(startMs).toISOString(),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...(isMessage ? { units: line.billedUnits ?? 1 } : {}),
      ...(party === undefined ? {} : isIncoming ? { aParty: party } : { bParty: party }),
      billable: true,
    };
    const outcome = rateUsage(tariff, record);
    return outcome.outcome === "rated" ? outcome.amountNano : undefined;
  };
}
