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

/** Numbers of the names that a served party is told by, the strongest first; 0 for none. */
interface ServedNames {
  deviceId: number;
  imsi: number;
  party: number;
}

/** Whose the records of a served party are, and the device of the account's counter, once it was asked for. */
export interface Served extends GuidedSpan, ServedNames {
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
/** Of every service: how much it was decides nothing of a place. */
const ANY_QUANTITY = { durationSeconds: 0, totalOctets: 0, energyWattHours: "0", units: 0 };

/**
 * Guides and prices rows of columns by numbers: what names decide is found once for each name of a file.
 * What it finds is what `UsePricer` finds for the row's record; rows that ask for more are left to it.
 */
export class RowPricer {
  readonly #pricer: UsePricer;
  #generation = -1;
  #tariffRevision = -1;
  /** By the number of the strongest of the served party's names: the others nearly always stay the same. */
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
    secondQuantity: 0,
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
    const party = (isIncoming ? columns.bParty : columns.aParty)[row] as number;
    const { hasMeasures } = columns;
    const imsi = hasMeasures ? (columns.imsi[row] as number) : 0;
    const deviceId = hasMeasures ? (columns.deviceId[row] as number) : 0;
    const known = this.#served[deviceId || imsi || party];
    if (
      known !== undefined &&
      start >= known.from &&
      start < known.to &&
      known.party === party &&
      known.imsi === imsi &&
      known.deviceId === deviceId
    ) {
      return known.isApart ? undefined : known;
    }
    return this.#find(columns, start, { deviceId, imsi, party });
  }

  #find(columns: UsageColumns, start: number, by: ServedNames): Served | undefined {
    const { deviceId, imsi, party } = by;
    const nameOf = (number: number) => (number === 0 ? undefined : columns.names[number]);
    const identities = { deviceId: nameOf(deviceId), imsi: nameOf(imsi), written: nameOf(party) };
    const found = this.#pricer.guideParty(identities, start);
    if (found === undefined) return undefined;
    const isApart = this.#pricer.rating.decides(found);
    const served = { ...found, ...by, owner: undefined, countersAge: -1, isApart };
    const name = deviceId || imsi || party;
    while (this.#served.length < name) this.#served.push(undefined);
    this.#served[name] = served;
    return isApart ? undefined : served;
  }

  /** Fills `priced`; false for a row whose record has to be looked at. */
  price(columns: UsageColumns, row: number, served: Served): boolean {
    const start = columns.start[row] as number;
    const service = columns.service[row] as number;
    const duration = columns.durationSeconds[row] as number;
    const isTimed = service === SERVICE_CODE.voice || service === SERVICE_CODE.time;
    const isLasting = service === SERVICE_CODE.data || service === SERVICE_CODE.energy;
    const time = isTimed || (isLasting && !Number.isNaN(duration)) ? milliseconds(duration) : 0;
    if (time === undefined) return false;
    const quantity = isTimed ? time : (columns.quantity[row] as number);
    const minutes = sessionMinutesBetween(columns.sessionStart[row] as number, start);
    if (Number.isNaN(quantity) || Number.isNaN(minutes)) return false;
    // Due when it ends: what has no duration, at once.
    if (!this.#pricer.isTimely(start + time)) return false;
    const place = this.#placeOf(columns, row, served);
    if (place === undefined) return false;
    const isPartial = columns.hasMeasures && columns.isPartial[row] === 1;
    const { rater } = served.tariff;
    const amountNano = rater.amountAt(place.place, start, minutes, quantity, isPartial);
    if (amountNano === undefined) return false;
    const { priced } = this;
    priced.ids = columns.ids;
    priced.idFrom = columns.idFrom(row);
    priced.idTo = columns.idEnd[row] as number;
    priced.place = place;
    priced.startMilliseconds = start;
    priced.sessionMinutes = minutes;
    priced.quantity = quantity;
    priced.secondQuantity = isLasting ? time : 0;
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
      ...ANY_QUANTITY,
      ...written,
      billable: true,
    });
    const place = found === undefined ? undefined : placeWords(found);
    while (places.length < name) places.push(undefined);
    places[name] = place;
    return place;
  }
}
