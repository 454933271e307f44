import { DIRECTION_CODE, SERVICE_CODE } from "../../core/commitment/charge-groups.ts";
import type { UsageColumns } from "../../core/formats/usage-columns.ts";
import { milliseconds, sessionMinutesBetween } from "../../core/rating/compiled-rater.ts";
import {
  DIRECTIONS,
  type Direction,
  SERVICES,
  type Service,
} from "../../core/records/usage-record.ts";
import { type ChargeNumbers, type PlaceWords, placeWords } from "../number/staged-charges.ts";
import type { CounterDevice } from "../number/subscriber-counter.ts";
import type { GuidedSpan, UsePricer } from "./price-use.ts";

/** Whose a number's records are, and the device of the account's counter, once it was asked for. */
export interface Served extends GuidedSpan {
  owner: CounterDevice | undefined;
  /** Of the counters, when `owner` was found: they may be let go in between. */
  countersAge: number;
  /** Records of it have to be looked at one by one. */
  isApart: boolean;
}

/** Services and directions by their codes. */
const SERVICE_OF = SERVICES.reduce<Service[]>((names, name) => {
  names[SERVICE_CODE[name]] = name;
  return names;
}, []);
const DIRECTION_OF = DIRECTIONS.reduce<Direction[]>((names, name) => {
  names[DIRECTION_CODE[name]] = name;
  return names;
}, []);
const SERVICE_SLOTS = 16;

/**
 * Guides and prices rows of columns by numbers: what names decide is found once for each name of a file.
 * What it finds is what `UsePricer` finds for the row's record; rows that ask for more are left to it.
 */
export class RowPricer {
  readonly #pricer: UsePricer;
  #generation = -1;
  #tariffRevision = -1;
  /** By the number of the served party's name. */
  #served: (Served | undefined)[] = [];
  /** By tariff version, service and direction, then by the number of the other side's name. */
  readonly #places = new Map<number, (PlaceWords | undefined)[]>();
  #slot = -1;
  #placesOfSlot: (PlaceWords | undefined)[] = [];
  /** The row that was priced last: one object, used again. */
  readonly priced: ChargeNumbers = {
    ids: new Uint8Array(0),
    idFrom: 0,
    idTo: 0,
    place: placeWords({
      interval: 0,
      zone: 0,
      decidingDigits: 0n,
      restDigits: 0n,
      wholeNumber: false,
      partyType: 0,
    }),
    startMilliseconds: 0,
    sessionMinutes: 0,
    quantity: 0,
    amountNano: 0,
    service: 0,
    direction: 0,
    tariffVersion: 0,
    byteOffset: 0,
    byteLength: 0,
  };

  constructor(pricer: UsePricer) {
    this.#pricer = pricer;
  }

  /** Before rows of a batch: names of another generation mean other parties, and versions may be new. */
  begin(columns: UsageColumns): void {
    const { tariffRevision } = this.#pricer;
    const isSame = tariffRevision === this.#tariffRevision;
    if (columns.generation === this.#generation && isSame) return;
    this.#generation = columns.generation;
    this.#tariffRevision = tariffRevision;
    this.#served = [];
    this.#places.clear();
    this.#slot = -1;
  }

  /** Undefined for a row whose record has to be looked at. */
  guide(columns: UsageColumns, row: number): Served | undefined {
    const start = columns.start[row] as number;
    const isIncoming = DIRECTION_OF[columns.direction[row] as number] === "incoming";
    const name = (isIncoming ? columns.bParty : columns.aParty)[row] as number;
    const known = this.#served[name];
    if (known !== undefined && start >= known.from && start < known.to) {
      return known.isApart ? undefined : known;
    }
    const written = name === 0 ? undefined : (columns.names[name] as string);
    const found = this.#pricer.guideNumber(written, start);
    if (found === undefined) return undefined;
    const isApart = this.#pricer.rating.decides(found);
    const served = { ...found, owner: undefined, countersAge: -1, isApart };
    while (this.#served.length < name) this.#served.push(undefined);
    this.#served[name] = served;
    return isApart ? undefined : served;
  }

  /** Fills `priced`; false for a row whose record has to be looked at. */
  price(columns: UsageColumns, row: number, served: Served): boolean {
    const start = columns.start[row] as number;
    const service = columns.service[row] as number;
    if (service !== SERVICE_CODE.voice && service !== SERVICE_CODE.time) return false;
    const quantity = milliseconds(columns.durationSeconds[row]);
    const minutes = sessionMinutesBetween(columns.sessionStart[row] as number, start);
    if (quantity === undefined || Number.isNaN(minutes)) return false;
    if (!this.#pricer.isTimely(start + quantity)) return false;
    const place = this.#placeOf(columns, row, served);
    if (place === undefined) return false;
    const amountNano = served.tariff.rater.amountAt(place.place, start, minutes, quantity);
    if (amountNano === undefined) return false;
    const { priced } = this;
    priced.ids = columns.ids;
    priced.idFrom = columns.idFrom(row);
    priced.idTo = columns.idEnd[row] as number;
    priced.place = place;
    priced.startMilliseconds = start;
    priced.sessionMinutes = minutes;
    priced.quantity = quantity;
    priced.amountNano = amountNano;
    priced.service = service;
    priced.direction = columns.direction[row] as number;
    priced.tariffVersion = served.tariff.version;
    priced.byteOffset = columns.byteOffset(row);
    priced.byteLength = columns.byteLength(row);
    return true;
  }

  #placeOf(columns: UsageColumns, row: number, { tariff }: Served): PlaceWords | undefined {
    const service = columns.service[row] as number;
    const code = columns.direction[row] as number;
    const slot = (tariff.version * SERVICE_SLOTS + service) * DIRECTIONS.length + code;
    if (slot !== this.#slot) {
      this.#slot = slot;
      this.#placesOfSlot = this.#places.get(slot) ?? [];
      this.#places.set(slot, this.#placesOfSlot);
    }
    const places = this.#placesOfSlot;
    const direction = DIRECTION_OF[code] as Direction;
    const isIncoming = direction === "incoming";
    const name = (isIncoming ? columns.aParty : columns.bParty)[row] as number;
    const known = places[name];
    if (known !== undefined) return known;
    const written = name === 0 ? {} : { [isIncoming ? "aParty" : "bParty"]: columns.names[name] };
    const found = tariff.rater.placeOf({
      id: "",
      service: SERVICE_OF[service] as Service,
      direction,
      start: new Date(columns.start[row] as number).toISOString(),
      durationSeconds: columns.durationSeconds[row] as number,
      ...written,
      billable: true,
    });
    const place = found === undefined ? undefined : placeWords(found);
    while (places.length < name) places.push(undefined);
    places[name] = place;
    return place;
  }
}
