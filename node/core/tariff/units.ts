import type { Service } from "../records/usage-record.ts";

/** What a service's quantity is counted in (docs/PROTOCOL.md, section 4). */
export type ServiceUnit = "millisecond" | "octet" | "milliwatt-hour" | "unit";

/** A service's unit, or a nano-unit of the currency where what is measured is an amount. */
export type BaseUnit = ServiceUnit | "nano-unit";

/** A service, or one of a tariff that measures the amount that a record declares. */
export type Measured = Service | { service: Service; measure?: "amount" | undefined };

const BASE_UNIT: Record<Service, ServiceUnit> = {
  voice: "millisecond",
  time: "millisecond",
  data: "octet",
  energy: "milliwatt-hour",
  sms: "unit",
  mms: "unit",
  content: "unit",
  event: "unit",
};

/** Unit names of the tariff document: how many base units one of them is. */
const UNITS = {
  ms: ["millisecond", 1n],
  s: ["millisecond", 1_000n],
  min: ["millisecond", 60_000n],
  h: ["millisecond", 3_600_000n],
  octet: ["octet", 1n],
  KB: ["octet", 1_000n],
  KiB: ["octet", 1_024n],
  MB: ["octet", 1_000_000n],
  MiB: ["octet", 1_048_576n],
  GB: ["octet", 1_000_000_000n],
  GiB: ["octet", 1_073_741_824n],
  mWh: ["milliwatt-hour", 1n],
  Wh: ["milliwatt-hour", 1_000n],
  kWh: ["milliwatt-hour", 1_000_000n],
  MWh: ["milliwatt-hour", 1_000_000_000n],
  unit: ["unit", 1n],
  amount: ["nano-unit", 1_000_000_000n],
} as const satisfies Record<string, readonly [BaseUnit, bigint]>;

export type UnitName = keyof typeof UNITS;
export const UNIT_NAMES = Object.keys(UNITS) as [UnitName, ...UnitName[]];

export function baseUnitOf(of: Service): ServiceUnit;
export function baseUnitOf(of: Measured): BaseUnit;
export function baseUnitOf(of: Measured): BaseUnit {
  if (typeof of === "string") return BASE_UNIT[of];
  return of.measure === "amount" ? "nano-unit" : BASE_UNIT[of.service];
}

export function unitFits(unit: UnitName, of: Measured): boolean {
  return UNITS[unit][0] === baseUnitOf(of);
}

export function unitSize(unit: UnitName): bigint {
  return UNITS[unit][1];
}

export function unitsOf(of: Measured): UnitName[] {
  return UNIT_NAMES.filter((unit) => unitFits(unit, of));
}
