/*
 * The memory that caller and kernel share. Its first page is the kernel's own: what both tell each other, at the
 * places that reading-kernel.ts names as well. Then the names of a file; then the caller's columns. Everything that
 * is read or written by registers of 16 or 64 bytes may reach beyond its end; the caller leaves room behind it all.
 */

/** Places of the first page are counted from here. */
export const ROOM = memory.data(8_192, 16);

/** Addresses of the batch's columns, words. */
const COLUMNS = ROOM;
/** What is told of a call beside its answer, doubles. */
export const TOLD = ROOM + 128;
/** How ids of a file begin: the length, then the bytes. */
export const ID_PREFIX = ROOM + 256;
/** By the length of a disposition, up to 15: it, and the cause that stands in an id, 16 bytes each, ended by zeros. */
export const DISPOSITIONS = ROOM + 512;
/** Four words. */
export const SEEDS = ROOM + 1_024;
/** By service and direction: the state behind both, and what is remembered of the last minute, 32 bytes each. */
export const BEGINNINGS = ROOM + 1_152;

/** Lists of names as `isNamed` takes them: a record's fields, those of its source, and what stands in three of them. */
export const FIELDS = ROOM + 3_328;
export const SOURCE_FIELDS = ROOM + 4_352;
export const SERVICES = ROOM + 4_608;
export const DIRECTIONS = ROOM + 4_864;
export const PARTIALS = ROOM + 4_992;
/** By a service, the bits of fields that may say its quantity: words. */
export const MEASURES_OF = ROOM + 5_120;
/** Of the table of names, 17 double words that a file's writer does not know. */
export const NAME_KEY = ROOM + 6_144;

/** Of names while they are read: slots, entries, texts (names.ts). */
export const SLOTS: usize = 65_536;
export const ENTRIES: usize = SLOTS + 8 * 524_288;
export const TEXTS: usize = ENTRIES + 8 * 294_912;
/** Of names whose fingerprints are taken: entries and texts, filled by the caller. */
export const PRINT_ENTRIES: usize = TEXTS + 8_388_608;
export const PRINT_TEXTS: usize = PRINT_ENTRIES + 8 * 294_912;
/** Where the caller's columns begin. */
export const DATA: usize = PRINT_TEXTS + 8_388_608;

// @ts-ignore: decorator
@inline
export function column(number: usize): usize {
  return <usize>load<u32>(COLUMNS + (number << 2));
}

// @ts-ignore: decorator
@inline
export function tell(place: usize, value: f64): void {
  store<f64>(TOLD + (place << 3), value);
}

// Numbers of columns.
export const START: usize = 0;
export const SESSION_START: usize = 1;
export const DURATION: usize = 2;
export const FROM: usize = 3;
export const LENGTH: usize = 4;
export const ID_END: usize = 5;
export const A_PARTY: usize = 6;
export const B_PARTY: usize = 7;
export const UTC_OFFSET: usize = 8;
export const IS_PLAIN: usize = 9;
export const IS_BILLABLE: usize = 10;
export const SERVICE: usize = 11;
export const DIRECTION: usize = 12;
export const IDS: usize = 13;
export const RAW: usize = 14;
export const PRINTS: usize = 15;
export const IMSI: usize = 16;
export const DEVICE: usize = 17;
export const UPLINK_TEXT: usize = 18;
export const DOWNLINK_TEXT: usize = 19;
export const MEASURE_TEXT: usize = 20;
export const SOURCE_OFFSET: usize = 21;
export const SOURCE_LENGTH: usize = 22;
export const QUANTITY: usize = 23;
export const IS_PARTIAL: usize = 24;

// Places of what is told.
export const ROWS: usize = 0;
export const BILLABLE: usize = 1;
export const SECONDS: usize = 2;
export const LOCAL: usize = 3;
export const EPOCH: usize = 4;
export const DURATIONS: usize = 5;
export const OCTETS_ROWS: usize = 6;
export const OCTETS_LOW: usize = 7;
export const OCTETS_HIGH: usize = 8;
export const UNITS_ROWS: usize = 9;
export const UNITS_LOW: usize = 10;
export const UNITS_HIGH: usize = 11;
