import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { MEASURES, type Measure } from "./class-measures.ts";
import type { CalendarTime, TariffDocument, TariffService } from "./document.ts";
import type { ClassTime } from "./document-conditions.ts";
import { notExpressible } from "./fits-export.ts";
import { exactNumber } from "./ocpi-export-values.ts";

/* Restrictions of exported elements: what classes of use and bands of the calendar are in OCPI. */

export type Type = "ENERGY" | "TIME" | "PARKING_TIME" | "FLAT";
export type Restrictions = Record<string, unknown>;

/** What time was for, as import names it, and what OCPI says for it. */
const TIME_USES: Record<string, { type: Type; reservation?: string }> = {
  parking: { type: "PARKING_TIME" },
  reservation: { type: "TIME", reservation: "RESERVATION" },
  "reservation-expired": { type: "TIME", reservation: "RESERVATION_EXPIRES" },
};
/** Names of a restriction, and how many of the measure one of its units are. */
export const RANGES: Record<Measure, [string, string, bigint]> = {
  powerKilowatts: ["min_power", "max_power", 1n],
  currentAmperes: ["min_current", "max_current", 1n],
  sessionSeconds: ["min_duration", "max_duration", 1n],
  sessionWattHours: ["min_kwh", "max_kwh", 1000n],
};

/** What a class of use is in OCPI. */
export interface Use {
  type: Type;
  reservation?: string;
  restrictions: Restrictions;
}

/** @throws TallystickError `export.not-expressible` for a class that OCPI does not tell apart */
export function usesOf(
  { classes }: TariffDocument,
  service: TariffService["service"],
  name: string | undefined,
): Use[] {
  const plain: Type = service === "energy" ? "ENERGY" : service === "event" ? "FLAT" : "TIME";
  const index = classes?.classes.findIndex((one) => one.name === name) ?? -1;
  const found = classes?.classes[index];
  if (found === undefined) return [{ type: plain, restrictions: {} }];
  return found.when.flatMap((time, at) => {
    const place = `classes/classes/${index}/when/${at}`;
    const { services, applications, ...conditions } = time;
    if (services?.includes(service) === false) return [];
    const restrictions = restrictionsOfUse(conditions, place);
    if (applications === undefined) return [{ type: plain, restrictions }];
    return applications.map((application): Use => {
      const use = service === "time" ? TIME_USES[application] : undefined;
      if (use !== undefined) return { ...use, restrictions };
      throw notExpressible(`${place}/applications`, `OCPI does not tell "${application}" apart.`);
    });
  });
}

function restrictionsOfUse(conditions: ClassTime, place: string): Restrictions {
  const restrictions: Restrictions = {};
  for (const key of Object.keys(conditions)) {
    const measure = MEASURES.find((one) => one === key);
    if (measure === undefined) {
      throw notExpressible(`${place}/${key}`, `OCPI does not tell uses apart by ${key}.`);
    }
    const [min, max, divisor] = RANGES[measure];
    const { from, below } = conditions[measure] ?? {};
    const scaled = (text: string): number =>
      exactNumber(formatNano(parseDecimalNano(text) / divisor), `${place}/${key}`);
    if (from !== undefined) restrictions[min] = scaled(from);
    if (below !== undefined) restrictions[max] = scaled(below);
  }
  return restrictions;
}

export function timesOf({ calendar }: TariffDocument) {
  return [
    ...(calendar?.bands ?? []).flatMap(({ name, when }, band) =>
      when.map((time, index) => ({
        band: name,
        time,
        at: `calendar/bands/${band}/when/${index}`,
      })),
    ),
    { band: calendar?.otherwise ?? "any time", time: undefined, at: "calendar/otherwise" },
  ];
}

export function timeRestrictions(time: CalendarTime, place: string): Restrictions {
  if (time.dates !== undefined || time.holidays !== undefined) {
    throw notExpressible(place, "OCPI has no holidays and no dates of every year.");
  }
  const { days, since, until, from = "00:00", to = "24:00" } = time;
  const isWholeDay = from === "00:00" && to === "24:00";
  return {
    ...(isWholeDay ? {} : { start_time: from, end_time: to === "24:00" ? "00:00" : to }),
    ...(since === undefined ? {} : { start_date: since }),
    ...(until === undefined ? {} : { end_date: until }),
    ...(days === undefined ? {} : { day_of_week: days.map((day) => day.toUpperCase()) }),
  };
}
