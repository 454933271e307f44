import { DIRECTION_CODE, PARTY_TYPE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { SAFE_MAX, type SafeNano } from "../money/safe-integers.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { findLastIndex } from "../tariff/binary-search.ts";
import { type CompiledTariff, findPriceRow } from "../tariff/compile.ts";
import { SESSION_MINUTES_MAX } from "../tariff/instants.ts";
import { NO_MAXIMUM_NANO, PRICE_KIND, type PriceRow } from "../tariff/rows.ts";
import { parseUtcInstant } from "./instant-number.ts";
import { NumberIndex } from "./number-index.ts";
import { NumberPrices } from "./number-price.ts";
import type { RatingOutcome } from "./outcome.ts";
import { firstPricePlace } from "./price-pieces.ts";
import { locateUse, type RatedFacts, rateUsage } from "./rate-usage.ts";

const MINUTE = 60_000;
/** Unusually written numbers whose place in the tariff is remembered; a generation of them, and the one before. */
const REMEMBERED_MAX = 32_768;
const DIRECTIONS = 4;
const SERVICES = 16;

/** What a number decides of a use: facts of its charge, and where its prices stand. */
export type Place = Pick<
  RatedFacts,
  "decidingDigits" | "restDigits" | "wholeNumber" | "partyType" | "partyText"
> & { interval: number; zone: number };

/**
 * A tariff prepared once for rating many records: what it answers is what `rateUsage` answers, from
 * the same rows, with the same components. What is rare (partial records, offsets, numbers beyond
 * 2^52, anything wrong) is left to `rateUsage`.
 */
export class CompiledRater {
  readonly #tariff: CompiledTariff;
  readonly #calendarFrom: Float64Array;
  readonly #calendarTo: Float64Array;
  readonly #calendarBand: Uint16Array;
  readonly #calendarPlace: number;
  readonly #pricePlace: number;
  readonly #bands: number;
  /** By zone and band: the price row's index, or -1. */
  readonly #priceOf: Int32Array;
  readonly #prices: NumberPrices;
  readonly #needsWholeSession: boolean[];
  /** By service and direction, then number as it is written. */
  readonly #numbers: (NumberIndex | undefined)[] = [];
  #places: (Map<string, Place> | undefined)[] = [];
  #olderPlaces: (Map<string, Place> | undefined)[] = [];
  #remembered = 0;
  #calendar = 0;

  constructor(tariff: CompiledTariff) {
    this.#tariff = tariff;
    const { calendarRows, priceRows, zones, bands } = tariff;
    this.#calendarFrom = Float64Array.from(calendarRows, ({ from }) => from);
    this.#calendarTo = Float64Array.from(calendarRows, ({ to }) => to);
    this.#calendarBand = Uint16Array.from(calendarRows, ({ band }) => band);
    this.#calendarPlace = tariff.intervalRows.length;
    this.#pricePlace = firstPricePlace(tariff);
    this.#bands = bands.length + 1;
    this.#priceOf = new Int32Array((zones.length + 1) * this.#bands).fill(-1);
    for (let zone = 1; zone <= zones.length; zone++) {
      for (let band = 1; band <= bands.length; band++) {
        this.#priceOf[zone * this.#bands + band] = findPriceRow(tariff, zone, band) ?? -1;
      }
    }
    this.#prices = new NumberPrices(
      tariff,
      this.#priceOf.filter((price) => price >= 0),
    );
    this.#needsWholeSession = priceRows.map(countsOnce);
  }

  rate(record: UsageRecord): RatingOutcome {
    return this.#rateQuickly(record) ?? rateUsage(this.#tariff, record);
  }

  /**
   * What `rate` yields as amount for a usual record, by numbers alone: billable, of the service and direction
   * that the place was found for.
   * @param quantity whole units of the service
   * @param isPartial whether it is one of several records of a session
   * @returns undefined for what asks for `rate`
   */
  amountAt(
    place: Place,
    startMilliseconds: number,
    sessionMinutes: number,
    quantity: number,
    isPartial = false,
  ): SafeNano | undefined {
    const { validFrom, validTo } = this.#tariff;
    if (!(startMilliseconds >= validFrom && startMilliseconds < validTo)) return undefined;
    const minute = (Math.floor(startMilliseconds / MINUTE) - sessionMinutes) * MINUTE;
    const calendar = this.#calendarAt(minute);
    if (calendar < 0) return undefined;
    const band = this.#calendarBand[calendar] as number;
    const price = this.#priceOf[place.zone * this.#bands + band] as number;
    if (isPartial && this.#needsWholeSession[price]) return undefined;
    return this.#prices.amount(price, quantity);
  }

  #rateQuickly(record: UsageRecord): RatingOutcome | undefined {
    if (record.billable === false) return undefined;
    const startMilliseconds = parseUtcInstant(record.start);
    const tariff = this.#tariff;
    // A comparison with NaN, which stands for no instant, is false as well.
    if (!(startMilliseconds >= tariff.validFrom && startMilliseconds < tariff.validTo)) {
      return undefined;
    }
    const sessionMinutes = sessionMinutesOf(record, startMilliseconds);
    const quantity = quantityNumber(record);
    if (quantity === undefined || sessionMinutes === undefined) return undefined;
    const place = this.placeOf(record);
    if (place === undefined) return undefined;
    const calendar = this.#calendarAt(
      (Math.floor(startMilliseconds / MINUTE) - sessionMinutes) * MINUTE,
    );
    if (calendar < 0) return undefined;
    const band = this.#calendarBand[calendar] as number;
    const price = this.#priceOf[place.zone * this.#bands + band] as number;
    if (record.partial !== undefined && this.#needsWholeSession[price]) return undefined;
    const priced = this.#prices.price(price, quantity.whole);
    if (priced === undefined) return undefined;
    const rated = {
      outcome: "rated" as const,
      amountNano: priced.amountNano,
      components: priced.components,
      rows: {
        interval: place.interval,
        calendar: this.#calendarPlace + calendar,
        price: this.#pricePlace + price,
      },
      startMilliseconds,
      sessionMinutes,
      quantity: BigInt(quantity.whole),
      secondQuantity: quantity.second === 0 ? 0n : BigInt(quantity.second),
      service: SERVICE_CODE[record.service],
      direction: DIRECTION_CODE[record.direction],
      decidingDigits: place.decidingDigits,
      restDigits: place.restDigits,
      wholeNumber: place.wholeNumber,
      partyType: place.partyType,
      currency: tariff.currency,
      tariffVersion: tariff.version,
    };
    return place.partyText === undefined ? rated : { ...rated, partyText: place.partyText };
  }

  /** Records come nearly in order of time, so the row of the last one is tried first. */
  #calendarAt(minute: number): number {
    const index = this.#calendar;
    const from = this.#calendarFrom[index] as number;
    const to = this.#calendarTo[index] as number;
    return minute >= from && minute < to ? index : this.#findCalendar(minute);
  }

  /** Apart from who asks first: what a closure sees is memory at each call, also where it is not made. */
  #findCalendar(minute: number): number {
    const from = this.#calendarFrom;
    const index = findLastIndex(from.length, (i) => (from[i] as number) <= minute);
    if (index < 0 || minute >= (this.#calendarTo[index] as number)) return -1;
    this.#calendar = index;
    return index;
  }

  /**
   * What the plain rater finds for a use's other side: numbers as most records write them by the tree of
   * prefixes, the others remembered; a number that it refuses is not.
   * Undefined where only the plain rater can say.
   */
  placeOf(record: UsageRecord): Place | undefined {
    const written = (record.direction === "incoming" ? record.aParty : record.bParty) ?? "";
    const service = SERVICE_CODE[record.service];
    const direction = DIRECTION_CODE[record.direction];
    const slot = service * DIRECTIONS + direction;
    const found = this.#numbersOf(slot, service, direction).find(written);
    if (found !== undefined) {
      const { interval, zone, decidingDigits, restDigits } = found;
      const partyType = PARTY_TYPE.international;
      return { interval, zone, decidingDigits, restDigits, wholeNumber: false, partyType };
    }
    const known = this.#places[slot]?.get(written);
    if (known !== undefined) return known;
    const place = this.#olderPlaces[slot]?.get(written) ?? this.#locate(record);
    if (place === undefined) return undefined;
    if (this.#remembered === REMEMBERED_MAX) {
      this.#olderPlaces = this.#places;
      this.#places = new Array(DIRECTIONS * SERVICES);
      this.#remembered = 0;
    }
    let places = this.#places[slot];
    if (places === undefined) {
      places = new Map();
      this.#places[slot] = places;
    }
    places.set(written, place);
    this.#remembered += 1;
    return place;
  }

  #numbersOf(slot: number, service: number, direction: number): NumberIndex {
    const known = this.#numbers[slot];
    if (known !== undefined) return known;
    const numbers = new NumberIndex(this.#tariff, service, direction, (interval) =>
      this.#isUsual(this.#tariff.intervalRows[interval]?.zone ?? 0),
    );
    this.#numbers[slot] = numbers;
    return numbers;
  }

  /** What asks for more than number, time and quantity is left to the plain rater. */
  #isUsual(zone: number): boolean {
    const { service, by } = this.#tariff.zones[zone - 1] ?? {};
    return (
      by !== undefined && !by.area && !by.origin && !by.class && service?.measure === undefined
    );
  }

  #locate(record: UsageRecord): Place | undefined {
    try {
      const { interval, facts } = locateUse(this.#tariff, record);
      const { decidingDigits, restDigits, wholeNumber, partyType, partyText } = facts;
      const zone = this.#tariff.intervalRows[interval]?.zone ?? 0;
      if (!this.#isUsual(zone)) return undefined;
      const place = { interval, zone, decidingDigits, restDigits, wholeNumber, partyType };
      return partyText === undefined ? place : { ...place, partyText };
    } catch {
      // Why it is refused is for the plain rater to say.
      return undefined;
    }
  }
}

function countsOnce(row: PriceRow): boolean {
  const hasMaximum = row.maximumNano < NO_MAXIMUM_NANO;
  const isLinear = row.kind === PRICE_KIND.linear;
  return !isLinear || row.setUpNano > 0n || row.minimumNano > 0n || hasMaximum;
}

/** The same of instants; NaN for what the plain rater refuses. */
export function sessionMinutesBetween(sessionStart: number, startMilliseconds: number): number {
  if (!(sessionStart <= startMilliseconds)) return Number.NaN;
  const minutes = Math.floor(startMilliseconds / MINUTE) - Math.floor(sessionStart / MINUTE);
  return minutes <= SESSION_MINUTES_MAX ? minutes : Number.NaN;
}

/** Minutes of the clock since the session's start; undefined for what the plain rater refuses. */
function sessionMinutesOf(record: UsageRecord, startMilliseconds: number): number | undefined {
  if (record.sessionStart === undefined) return 0;
  const minutes = sessionMinutesBetween(parseUtcInstant(record.sessionStart), startMilliseconds);
  return Number.isNaN(minutes) ? undefined : minutes;
}

/** Quantities of the usual records in whole units; undefined for what asks for the exact reader. */
function quantityNumber(record: UsageRecord): { whole: number; second: number } | undefined {
  switch (record.service) {
    case "voice":
    case "time": {
      const whole = milliseconds(record.durationSeconds);
      return whole === undefined ? undefined : { whole, second: 0 };
    }
    case "data": {
      const { uplinkOctets: up, downlinkOctets: down, totalOctets: total } = record;
      if (up !== undefined || down !== undefined || !isWhole(total)) return undefined;
      const second =
        record.durationSeconds === undefined ? 0 : milliseconds(record.durationSeconds);
      return second === undefined ? undefined : { whole: total, second };
    }
    case "energy":
      return undefined;
    default: {
      const units = record.units ?? 1;
      return isWhole(units) ? { whole: units, second: 0 } : undefined;
    }
  }
}

/**
 * Seconds with at most three decimals in milliseconds, exact: up to 2^40 there is one such decimal
 * near a double, and it is what the shortest text of the double says.
 */
export function milliseconds(seconds: unknown): number | undefined {
  if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= 2 ** 40)) return undefined;
  const whole = Math.round(seconds * 1000);
  return whole / 1000 === seconds ? whole : undefined;
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= SAFE_MAX;
}
