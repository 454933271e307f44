import { formatDecimalScaled } from "../money/decimal.ts";
import { quantitiesOf } from "../rating/quantity.ts";
import type { Direction, Service, UsageRecord } from "../records/usage-record.ts";
import { baseUnitOf } from "../tariff/units.ts";

/** What a session is about; its quantity grows from request to request. Fields as in a usage record. */
export interface SessionUse {
  service: Service;
  direction: Direction;
  /** UTC, ISO 8601, milliseconds. */
  start: string;
  aParty?: string;
  bParty?: string;
  imsi?: string;
  deviceId?: string;
  homeNetwork?: string;
  visitedNetwork?: string;
  application?: string;
  quality?: string;
}

/** A quantity in the words of a usage record, of which a service uses one. */
export interface StatedQuantity {
  durationSeconds?: number;
  totalOctets?: number | string;
  energyWattHours?: string;
  units?: number;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** @param quantity milliseconds, octets, milliwatt-hours or units, as the service counts */
export function statedQuantity(service: Service, quantity: bigint): StatedQuantity {
  switch (baseUnitOf(service)) {
    case "millisecond":
      return { durationSeconds: Number(quantity) / 1000 };
    case "octet":
      return { totalOctets: quantity <= SAFE ? Number(quantity) : quantity.toString() };
    case "milliwatt-hour":
      return { energyWattHours: formatDecimalScaled(quantity, 3) };
    case "unit":
      return { units: Number(quantity) };
  }
}

/**
 * The reverse of `statedQuantity`.
 * @throws TallystickError `rating.no-quantity` and others of `quantitiesOf`
 */
export function readQuantity(service: Service, stated: StatedQuantity): bigint {
  return quantitiesOf({ ...stated, id: "", service, direction: "none", start: "", billable: true })
    .quantity;
}

/** The session so far as one usage record: what is priced is always the whole. */
export function usageOf(
  session: string,
  account: string,
  use: SessionUse,
  quantity: bigint,
): UsageRecord {
  return {
    id: session,
    ...use,
    ...statedQuantity(use.service, quantity),
    sessionId: session,
    billable: true,
    account,
  };
}

/** What is asked for when a request names no quantity: five minutes, 10 MB, 1 kWh, one unit. */
export function usualQuota(service: Service): bigint {
  switch (baseUnitOf(service)) {
    case "millisecond":
      return 300_000n;
    case "octet":
      return 10_000_000n;
    case "milliwatt-hour":
      return 1_000_000n;
    case "unit":
      return 1n;
  }
}
