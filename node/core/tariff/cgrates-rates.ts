import type { Service } from "../records/usage-record.ts";
import { type CgratesRow, rowError } from "./cgrates-files.ts";
import type { TariffPrice } from "./document.ts";
import { baseUnitOf, type UnitName } from "./units.ts";

type PerUnits = NonNullable<TariffPrice["price"]>;
type Increments = NonNullable<TariffPrice["increments"]>;

interface Slot {
  row: CgratesRow;
  connectFee: string;
  price: PerUnits;
  /** In units of the price. */
  increment: number;
  start: number;
  unit: UnitName;
}

/**
 * The price that a rate of CGRateS is: its slots, from a place in the session on, are the steps of
 * tiers over the session; where only increments differ, they are first and further increment.
 * @throws TallystickError `import.row-unusable`, `import.not-expressible`, by file and line
 */
export function priceOfRate(rows: readonly CgratesRow[], service: Service): TariffPrice {
  const slots = inSeconds(rows.map((row) => readSlot(row, service)));
  slots.sort((a, b) => a.start - b.start);
  const [first, second] = slots as [Slot, Slot | undefined];
  if (first.start !== 0) {
    throw rowError(first.row, "import.not-expressible", "Nothing says what the first units cost.");
  }
  const setUp = isZero(first.connectFee) ? {} : { setUp: first.connectFee };
  for (const { row, connectFee } of slots.slice(1)) {
    if (isZero(connectFee)) continue;
    throw rowError(
      row,
      "import.not-expressible",
      "A fee in the middle of a session can not be said.",
    );
  }
  const counted = (one: Slot, from = one.increment): Increments => ({
    first: from,
    further: one.increment,
    unit: one.unit,
  });
  if (second === undefined) return { ...setUp, price: first.price, increments: counted(first) };
  const isOnePrice =
    slots.length === 2 && JSON.stringify(first.price) === JSON.stringify(second.price);
  if (isOnePrice && first.increment === second.start) {
    return { ...setUp, price: first.price, increments: counted(second, first.increment) };
  }
  return {
    ...setUp,
    increments: counted(first),
    tiers: {
      kind: "graduated",
      over: "session",
      unit: first.unit,
      steps: slots.map((slot, index) => ({
        ...(slots[index + 1] === undefined ? {} : { upTo: slots[index + 1]?.start as number }),
        price: slot.price,
        ...(index === 0 ? {} : { increments: counted(slot) }),
      })),
    },
  };
}

/** As people write it, where nothing of the rate is finer. */
function inSeconds(slots: readonly Slot[]): Slot[] {
  const isWhole = slots.every(
    ({ unit, price, increment, start }) =>
      unit === "ms" && [price.per, increment, start].every((one) => one % 1000 === 0),
  );
  const seconds = (milliseconds: number): number => milliseconds / 1000;
  if (!isWhole) return [...slots];
  return slots.map((slot) => ({
    ...slot,
    unit: "s" as const,
    price: { ...slot.price, per: seconds(slot.price.per), unit: "s" as const },
    increment: seconds(slot.increment),
    start: seconds(slot.start),
  }));
}

function readSlot(row: CgratesRow, service: Service): Slot {
  const [, fee = "", rate = "", rateUnit = "", increment = "", start = ""] = row.fields;
  const unit = UNIT[baseUnitOf(service)] as UnitName | undefined;
  if (unit === undefined) {
    throw rowError(row, "import.not-expressible", `${service} is not counted as CGRateS counts.`);
  }
  const amount = decimal(rate === "" ? "0" : rate, row);
  const per = quantity(rateUnit, unit, row);
  if (per === 0 && !isZero(amount)) {
    throw rowError(row, "import.row-unusable", "A rate is for some units; its unit is 0.");
  }
  return {
    row,
    connectFee: feeOf(decimal(fee === "" ? "0" : fee, row), row),
    price: isZero(amount)
      ? { amount: "0", per: unit === "ms" ? 1000 : 1, unit }
      : { ...fine(amount, per, row), unit },
    increment: quantity(increment, unit, row) || (unit === "ms" ? 1000 : 1),
    start: quantity(start, unit, row),
    unit,
  };
}

const UNIT: Partial<Record<ReturnType<typeof baseUnitOf>, UnitName>> = {
  millisecond: "ms",
  octet: "octet",
  unit: "unit",
};

const MILLISECONDS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Go's durations ("1m30s") for time, whole numbers for everything that is counted. */
function quantity(text: string, unit: UnitName, row: CgratesRow): number {
  if (text === "" || /^0+[a-z]*$/.test(text)) return 0;
  if (unit !== "ms") {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw rowError(row, "import.not-expressible", `"${text}" is no count of ${unit}s.`);
  }
  const parts = [...text.matchAll(/(\d{1,9})(ms|h|m|s)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return parts.reduce((sum, [, n, of]) => sum + Number(n) * (MILLISECONDS[of ?? ""] ?? 0), 0);
  }
  // A bare number is nanoseconds there.
  if (/^\d{1,18}$/.test(text) && BigInt(text) % 1_000_000n === 0n) {
    return Number(BigInt(text) / 1_000_000n);
  }
  throw rowError(
    row,
    "import.not-expressible",
    `"${text}" is no duration in milliseconds or more, such as 60s; a bare number is nanoseconds.`,
  );
}

function decimal(text: string, row: CgratesRow): string {
  const match = /^(\d{1,18})(?:\.(\d{1,27}))?$/.exec(text);
  if (match === null) throw rowError(row, "import.row-unusable", `"${text}" is no plain amount.`);
  const whole = (match[1] ?? "").replace(/^0+(?=\d)/, "");
  const decimals = (match[2] ?? "").replace(/0+$/, "");
  return decimals === "" ? whole : `${whole}.${decimals}`;
}

const isZero = (amount: string): boolean => /^[0.]*$/.test(amount);

function feeOf(amount: string, row: CgratesRow): string {
  if ((amount.split(".")[1] ?? "").length <= 9) return amount;
  throw rowError(row, "import.amount-not-exact", `${amount} has more than nine decimals.`);
}

/** More than nine decimals become a price for more units: 0.00000000015 for 1 is 0.000000015 for 100. */
function fine(amount: string, per: number, row: CgratesRow): { amount: string; per: number } {
  const [whole = "", decimals = ""] = amount.split(".");
  const extra = Math.max(0, decimals.length - 9);
  if (extra === 0) return { amount, per };
  const scaled = per * 10 ** extra;
  if (!Number.isSafeInteger(scaled)) {
    throw rowError(row, "import.amount-not-exact", `${amount} is too fine to be kept exactly.`);
  }
  const moved = (whole + decimals.slice(0, extra)).replace(/^0+(?=\d)/, "");
  return { amount: `${moved}.${decimals.slice(extra)}`, per: scaled };
}
