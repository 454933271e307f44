import { fromHex, toHex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import { BYTES_HEADER, payloadOf, sealBytes } from "../store/stored-bytes.ts";
import type { EpochState, OwnedPlaces } from "../store/stored-types.ts";

/*
 * A subscriber's state as intake writes it: it is written in every unit of work for every subscriber
 * that has a charge in it, so it is short and made without text. Others write the same as JSON, and
 * both are read. All numbers little-endian:
 *
 *   epoch key (32) · dispute address (20) · blind (32) · pseudonym (32) · zero (4)
 *   last charge number (8) · running total (16) · of it, tax (16)
 *   places of the newest charges: position of the stored rows (6), row in them (2), and so on
 *
 * Places that became many stand likewise in an `owned/` value, and nothing else does; or as JSON, as others write them.
 */

/** Epoch key, dispute address, blind, pseudonym. */
export const SECRET_BYTES = 116;
const NUMBER_AT = 120;
const TOTAL_AT = 128;
const TAX_AT = 144;
const PLACES_AT = 160;
const PLACE_BYTES = 8;
/** Of the payload, what stands before the places. */
export const HEAD_BYTES = PLACES_AT;
/** The same offsets in words of 32 bits. */
export const NUMBER_WORD = NUMBER_AT / 4;
export const TOTAL_WORD = TOTAL_AT / 4;

/** Places that stand with the state itself before they become an `owned/` value. */
export const NEWEST_PLACES_MAX = 16;

export interface PackedEpoch {
  /** As they lie in the value. */
  secrets: Uint8Array;
  lastChargeNumber: number;
  runningTotalNano: bigint;
  taxNano: bigint;
  places: OwnedPlaces;
}

/** Bytes of the value that `encodeEpoch` makes. */
export const epochBytes = ({ places }: PackedEpoch): number =>
  BYTES_HEADER + PLACES_AT + (PLACE_BYTES / 2) * places.length;

/** @param value of `epochBytes`, all zeros */
export function encodeEpoch(
  epoch: PackedEpoch,
  value = new Uint8Array(epochBytes(epoch)),
): Uint8Array {
  const { secrets, places } = epoch;
  value.set(secrets, BYTES_HEADER);
  const view = new DataView(value.buffer, value.byteOffset + BYTES_HEADER);
  view.setBigUint64(NUMBER_AT, BigInt(epoch.lastChargeNumber), true);
  for (const [at, value] of [
    [TOTAL_AT, epoch.runningTotalNano],
    [TAX_AT, epoch.taxNano],
  ] as const) {
    if (value === 0n) continue;
    view.setBigUint64(at, BigInt.asUintN(64, value), true);
    view.setBigUint64(at + 8, value >> 64n, true);
  }
  for (let i = 0, at = PLACES_AT; i < places.length; i += 2, at += PLACE_BYTES) {
    const first = places[i] as number;
    view.setUint32(at, first >>> 0, true);
    view.setUint16(at + 4, Math.floor(first / 2 ** 32), true);
    view.setUint16(at + 6, places[i + 1] as number, true);
  }
  sealBytes(value, 0, value.length);
  return value;
}

/** Words of 32 bits of a value with so many numbers of places. */
export const epochWords = (placeNumbers: number): number =>
  (BYTES_HEADER + PLACES_AT) / 4 + placeNumbers;

/**
 * Lays the same value into words of larger memory, but for its header: the head as it lies in one already.
 * @param head words that hold the head from `headAt` on
 * @param places of them the first `placeNumbers` count
 */
export function layEpoch(
  words: Uint32Array,
  at: number,
  head: Uint32Array,
  headAt: number,
  places: OwnedPlaces,
  placeNumbers: number,
): void {
  let to = at + BYTES_HEADER / 4;
  for (let from = headAt; from < headAt + HEAD_BYTES / 4; from++) {
    words[to++] = head[from] as number;
  }
  layPlaces(words, to, places, placeNumbers);
}

/** Words of 32 bits of an `owned/` value with so many numbers of places: header, then places as they stand in a state. */
export const ownedWords = (placeNumbers: number): number => BYTES_HEADER / 4 + placeNumbers;

/** Lays an `owned/` value likewise. */
export function layOwned(
  words: Uint32Array,
  at: number,
  places: OwnedPlaces,
  placeNumbers: number,
): void {
  layPlaces(words, at + BYTES_HEADER / 4, places, placeNumbers);
}

function layPlaces(
  words: Uint32Array,
  at: number,
  places: OwnedPlaces,
  placeNumbers: number,
): void {
  let to = at;
  for (let i = 0; i < placeNumbers; i += 2) {
    const first = places[i] as number;
    words[to++] = first;
    words[to++] = Math.floor(first / 2 ** 32) | ((places[i + 1] as number) << 16);
  }
}

/** The places of an `owned/` value. @throws TallystickError `store.value-damaged` */
export function unpackOwned(key: string, value: Uint8Array): OwnedPlaces {
  const places: OwnedPlaces = [];
  readPlaces(payloadOf(key, value), places, 0);
  return places;
}

/**
 * Gives the newest places of a value their positions, in place: they were made before those were
 * known, and name by index which of `firsts` the rows are stored under.
 * @returns places of the value in all
 */
export function settlePlaces(value: Uint8Array, newest: number, firsts: readonly number[]): number {
  const places = (value.length - BYTES_HEADER - PLACES_AT) / PLACE_BYTES;
  const view = new DataView(value.buffer, value.byteOffset + BYTES_HEADER);
  for (let place = places - newest; place < places; place++) {
    const at = PLACES_AT + PLACE_BYTES * place;
    const first = firsts[view.getUint32(at, true)];
    assert(first !== undefined, "a place names a block of its unit");
    view.setUint32(at, first >>> 0, true);
    view.setUint16(at + 4, Math.floor(first / 2 ** 32), true);
  }
  sealBytes(value, 0, value.length);
  return places;
}

/** @throws TallystickError `store.value-damaged` */
export function unpackEpoch(key: string, value: Uint8Array): PackedEpoch {
  const payload = epochPayload(key, value);
  const places: OwnedPlaces = [];
  readPlaces(payload, places);
  return { ...unpackHead(payload), places };
}

/** The payload of a value where it lies. @throws TallystickError `store.value-damaged` */
export function epochPayload(key: string, value: Uint8Array): Uint8Array {
  const payload = payloadOf(key, value);
  assert(payload.length >= PLACES_AT, `"${key}" is a subscriber's state`);
  return payload;
}

/** Of a payload. */
export function lastChargeNumberIn(payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Number(view.getBigUint64(NUMBER_AT, true));
}

/** Places of a payload, from `from` on, into an array from its beginning. @returns numbers that were put */
export function readPlaces(payload: Uint8Array, places: OwnedPlaces, from = PLACES_AT): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let count = 0;
  for (let at = from; at < payload.length; at += PLACE_BYTES) {
    places[count++] = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    places[count++] = view.getUint16(at + 6, true);
  }
  return count;
}

/** What a head says. @param head its bytes, or more */
export function unpackHead(head: Uint8Array): Omit<PackedEpoch, "places"> {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const wide = (at: number) =>
    view.getBigUint64(at, true) + (view.getBigUint64(at + 8, true) << 64n);
  return {
    secrets: Uint8Array.from(head.subarray(0, SECRET_BYTES)),
    lastChargeNumber: lastChargeNumberIn(head),
    runningTotalNano: wide(TOTAL_AT),
    taxNano: wide(TAX_AT),
  };
}

export function packEpoch(state: EpochState): PackedEpoch {
  const { epochKey, disputeAddress, blind, pseudonym, places = [] } = state;
  const secrets = new Uint8Array(SECRET_BYTES);
  secrets.set(fromHex(epochKey, 32));
  secrets.set(fromHex(disputeAddress, 20), 32);
  secrets.set(fromHex(blind, 32), 52);
  secrets.set(fromHex(pseudonym, 32), 84);
  return {
    secrets,
    lastChargeNumber: Number(state.lastChargeNumber),
    runningTotalNano: BigInt(state.runningTotalNano),
    taxNano: BigInt(state.taxNano ?? "0"),
    places: [...places],
  };
}

export function stateOfPacked(epoch: PackedEpoch): EpochState {
  const { secrets, taxNano, places } = epoch;
  return {
    epochKey: toHex(secrets.subarray(0, 32)),
    disputeAddress: toHex(secrets.subarray(32, 52)),
    blind: toHex(secrets.subarray(52, 84)),
    pseudonym: toHex(secrets.subarray(84, SECRET_BYTES)),
    lastChargeNumber: epoch.lastChargeNumber.toString(),
    runningTotalNano: epoch.runningTotalNano.toString(),
    ...(taxNano === 0n ? {} : { taxNano: taxNano.toString() }),
    ...(places.length === 0 ? {} : { places }),
  };
}
