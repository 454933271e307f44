import type { RoundingMode } from "../money/rounding.ts";
import { bandSpans } from "./cgrates-spans.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import { type ExportNote, notExpressible, requireExportable } from "./fits-export.ts";
import { parseTariffInstant } from "./instants.ts";
import { baseUnitOf, unitSize } from "./units.ts";

/*
 * A tariff document as the CSV files of a CGRateS tariff plan, the reverse of import-cgrates.ts:
 * prices by prefix and time, set-up fees, increments, tiers over a session. What does not fit is
 * refused by place.
 */

const CATEGORY_OF_SERVICE: Record<string, string> = {
  "voice outgoing": "call",
  "sms outgoing": "sms",
  "mms outgoing": "mms",
  "data none": "data",
  "event none": "generic",
};

const METHOD: Partial<Record<RoundingMode, string>> = {
  up: "*up",
  "half-up": "*middle",
  down: "*down",
};

const HEADERS = {
  "Destinations.csv": "#Id,Prefix",
  "Rates.csv": "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart",
  "DestinationRates.csv":
    "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy",
  "Timings.csv": "#Tag,Years,Months,MonthDays,WeekDays,Time",
  "RatingPlans.csv": "#Id,DestinationRatesId,TimingTag,Weight",
  "RatingProfiles.csv": "#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject",
} as const;
type FileName = keyof typeof HEADERS;

export interface CgratesExport {
  files: Map<string, string>;
  notes: ExportNote[];
}

/**
 * @param document one that `parseTariff` gave
 * @throws TallystickError `export.not-expressible` with the place of what does not fit
 */
export function exportCgrates(document: TariffDocument, tenant = "cgrates.org"): CgratesExport {
  requireExportable(document, "CGRateS");
  if (document.taxes !== undefined) throw notExpressible("taxes", "CGRateS plans have no taxes.");
  for (const [band, { when }] of (document.calendar?.bands ?? []).entries()) {
    const season = when.findIndex(({ since, until }) => (since ?? until) !== undefined);
    if (season < 0) continue;
    const place = `calendar/bands/${band}/when/${season}`;
    throw notExpressible(place, "CGRateS has dates and no seasons.");
  }
  const writer = new CgratesWriter(document);
  for (const [index, service] of document.services.entries()) {
    writer.service(service, `services/${index}`, tenant);
  }
  return { files: writer.files(), notes: notesOf(document) };
}

class CgratesWriter {
  readonly #document: TariffDocument;
  readonly #lines = new Map<FileName, string[]>(
    (Object.keys(HEADERS) as FileName[]).map((name) => [name, [HEADERS[name]]]),
  );
  readonly #destinations = new Map<string, string[]>();
  /** Tags of rates and destination rates by what they say, so that the same is said once. */
  readonly #tags = new Map<string, string>();
  /** Timing tags and weights of each band. */
  readonly #timings: Map<string, { tag: string; weight: number }[]>;

  constructor(document: TariffDocument) {
    this.#document = document;
    this.#timings = this.#writeTimings();
    for (const [index, { prefixes }] of (document.zones ?? []).entries()) {
      const id = `DST_${index + 1}`;
      const named = prefixes.filter((prefix) => prefix !== "");
      for (const prefix of named) this.#line("Destinations.csv", id, prefix);
      const ids = [
        ...(named.length > 0 ? [id] : []),
        ...(named.length < prefixes.length ? ["*any"] : []),
      ];
      this.#destinations.set(document.zones?.[index]?.name ?? "", ids);
    }
  }

  files(): Map<string, string> {
    return new Map([...this.#lines].map(([name, lines]) => [name, `${lines.join("\n")}\n`]));
  }

  service(service: TariffService, place: string, tenant: string): void {
    const category = CATEGORY_OF_SERVICE[`${service.service} ${service.direction ?? "none"}`];
    if (category === undefined) {
      throw notExpressible(place, "CGRateS has no category of its own for this service.");
    }
    const plan = `RP_${category.toUpperCase()}`;
    for (const zone of service.zones ?? [undefined]) {
      const ids = zone === undefined ? ["*any"] : (this.#destinations.get(zone) ?? []);
      for (const band of this.#bands()) {
        const index = service.prices.findIndex(
          ({ zones, bands }) =>
            (bands?.includes(band) ?? true) &&
            (zone === undefined || (zones?.includes(zone) ?? true)),
        );
        const price = service.prices[index];
        if (price === undefined) continue;
        const rate = this.#rate(price, service, `${place}/prices/${index}`);
        for (const id of ids) {
          const tag = this.#destinationRate(id, rate, price, `${place}/prices/${index}`);
          for (const { tag: timing, weight } of this.#timings.get(band) ?? []) {
            this.#line("RatingPlans.csv", plan, tag, timing, String(weight));
          }
        }
      }
    }
    const { validFrom, timeZone } = this.#document;
    const activation = new Date(parseTariffInstant(validFrom, timeZone) ?? 0).toISOString();
    const start = activation.replace(/\.000Z$/, "Z");
    this.#line("RatingProfiles.csv", tenant, category, "*any", start, plan, "");
  }

  #bands(): string[] {
    const { calendar } = this.#document;
    if (calendar === undefined) return ["any time"];
    return [...calendar.bands.map(({ name }) => name), calendar.otherwise];
  }

  #writeTimings(): Map<string, { tag: string; weight: number }[]> {
    const { calendar } = this.#document;
    if (calendar === undefined) return new Map([["any time", [{ tag: "*any", weight: 10 }]]]);
    const found = new Map<string, { tag: string; weight: number }[]>();
    let count = 0;
    for (const { band, date, weekdays, from } of bandSpans(calendar)) {
      const tag = `TM_${++count}`;
      const [year, month, day] = date ?? ["*any", "*any", "*any"];
      const days = weekdays.length === 7 ? "*any" : weekdays.map((one) => one + 1).join(";");
      this.#line("Timings.csv", tag, year, month, day, days, `${from}:00`);
      // A full date is an exception of a yearly one, and both are of a usual day.
      const weight = date === undefined ? 10 : year === "*any" ? 20 : 30;
      found.set(band, [...(found.get(band) ?? []), { tag, weight }]);
    }
    return found;
  }

  #rate(price: TariffPrice, service: TariffService, place: string): string {
    const slots = slotsOf(price, place);
    const isTime = baseUnitOf(service.service) === "millisecond";
    const size = (units: bigint): string => {
      if (!isTime) return units.toString();
      return units % 1000n === 0n ? `${units / 1000n}s` : `${units}ms`;
    };
    const rows = slots.map(({ amount, per, increment, start }, index) => [
      index === 0 ? (price.setUp ?? "0") : "0",
      amount,
      size(per),
      size(increment),
      size(start),
    ]);
    return this.#tagged("RT", JSON.stringify(rows), (tag) => {
      for (const row of rows) this.#line("Rates.csv", tag, ...row);
    });
  }

  #destinationRate(id: string, rate: string, price: TariffPrice, place: string): string {
    if (price.minimum !== undefined)
      throw notExpressible(`${place}/minimum`, "CGRateS has no minimum.");
    if (price.maximum !== undefined && /^[0.]*$/.test(price.maximum)) {
      throw notExpressible(`${place}/maximum`, "A maximum of 0 is none in CGRateS.");
    }
    const { mode, scale } = price.rounding ?? this.#document.rounding;
    const method = METHOD[mode];
    if (method === undefined) {
      throw notExpressible(`${place}/rounding`, `CGRateS does not round ${mode}.`);
    }
    const bound = price.maximum === undefined ? ["0", ""] : [price.maximum, "*free"];
    const row = [id, rate, method, String(scale), ...bound];
    return this.#tagged("DR", JSON.stringify(row), (tag) => {
      this.#line("DestinationRates.csv", tag, ...row);
    });
  }

  #tagged(kind: string, content: string, write: (tag: string) => void): string {
    const known = this.#tags.get(kind + content);
    if (known !== undefined) return known;
    const tag = `${kind}_${this.#tags.size + 1}`;
    this.#tags.set(kind + content, tag);
    write(tag);
    return tag;
  }

  #line(file: FileName, ...fields: string[]): void {
    this.#lines.get(file)?.push(fields.join(","));
  }
}

interface Slot {
  amount: string;
  per: bigint;
  increment: bigint;
  start: bigint;
}

/** A first increment that differs from the further ones is a slot of its own. */
function slotsOf(price: TariffPrice, place: string): Slot[] {
  const { tiers } = price;
  if (tiers !== undefined && (tiers.kind !== "graduated" || tiers.over !== "session")) {
    throw notExpressible(`${place}/tiers`, "CGRateS prices by the session's own units alone.");
  }
  const steps = tiers?.steps ?? [{ price: price.price }];
  let increments = price.increments ?? { first: 1, further: 1, unit: "unit" as const };
  let from = 0n;
  return steps.flatMap((step, index): Slot[] => {
    if ("increments" in step && step.increments !== undefined) increments = step.increments;
    else if (index > 0) increments = { ...increments, first: increments.further };
    const upTo = "upTo" in step && step.upTo !== undefined ? BigInt(step.upTo) : undefined;
    const end = upTo === undefined ? undefined : upTo * unitSize(tiers?.unit ?? "unit");
    const size = unitSize(increments.unit);
    const [first, further] = [BigInt(increments.first) * size, BigInt(increments.further) * size];
    const { amount = "0", per = 1, unit = increments.unit } = step.price ?? {};
    const slot = { amount, per: BigInt(per) * unitSize(unit) };
    const start = from;
    from = end ?? from;
    const isSplit = first !== further && (end === undefined || start + first < end);
    return [
      { ...slot, increment: first, start },
      ...(isSplit ? [{ ...slot, increment: further, start: start + first }] : []),
    ];
  });
}

function notesOf({ validTo, numbering, calendar, services }: TariffDocument): ExportNote[] {
  const notes: ExportNote[] = [];
  const note = (code: string, place: string, message: string): void => {
    notes.push({ code, place, message });
  };
  if (validTo !== undefined) {
    note("export.no-end", "validTo", "A CGRateS profile has no end; the next activation ends it.");
  }
  if (numbering !== undefined) {
    note(
      "export.numbers",
      "numbering",
      "CGRateS compares numbers as written: give it international ones without +.",
    );
  }
  if (calendar !== undefined && services.some(({ bandsAt }) => bandsAt !== "increment-start")) {
    note(
      "export.price-of-the-start",
      "calendar",
      "CGRateS splits a session at a change of time; here its start decides.",
    );
  }
  return notes;
}
