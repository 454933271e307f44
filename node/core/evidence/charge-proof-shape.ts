import type { BundleCharge } from "./bundle.ts";

/*
 * The shape of one line of a bundle, in plain checks. A company's bundle has hundreds of thousands of
 * lines, and a schema library spends more on each than its proof costs. What this accepts, the schema
 * in bundle.ts accepts unchanged; what it refuses, the schema looks at again and says what is wrong.
 */

type Json = Record<string, unknown>;

const HEX = new Map(
  [8, 16, 20, 24, 32].map((bytes) => [bytes, new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`)]),
);
const DECIMAL = /^(?:0|[1-9][0-9]*)$/;
/** Decimal numbers of fewer digits than these fit; longer ones are compared. */
const UNSIGNED_8_DIGITS = 19;
const UNSIGNED_16_DIGITS = 38;
const INSTANT_DIGITS = 15;
const PATH_STEPS_MAX = 20;

const hex = (value: unknown, bytes: number): boolean =>
  typeof value === "string" && (HEX.get(bytes) as RegExp).test(value);

const decimal = (value: unknown, digits: number): boolean =>
  typeof value === "string" && value.length <= digits && DECIMAL.test(value);

const small = (value: unknown, bytes: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** (8 * bytes);

/** Printable ASCII only: other names are rare, and the schema knows which of them are names. */
const plainName = (value: unknown, lengthMax: number): boolean =>
  typeof value === "string" && value.length <= lengthMax && /^[\x20-\x7e]*$/.test(value);

function isObject(value: unknown, keys: number): value is Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).length === keys;
}

const isClosedGroup = (value: unknown): boolean => isObject(value, 1) && hex(value.digest, 32);

function isAccount(value: unknown): boolean {
  return (
    isObject(value, 6) &&
    hex(value.salt, 32) &&
    hex(value.pseudonym, 32) &&
    decimal(value.chargeNumber, UNSIGNED_8_DIGITS) &&
    decimal(value.runningTotalNano, UNSIGNED_16_DIGITS) &&
    hex(value.sourceTag, 24) &&
    hex(value.deviceTag, 16)
  );
}

function isParty(value: unknown): boolean {
  const isNamed = isObject(value, 9) && plainName(value.text, 102);
  if (!isNamed && !isObject(value, 8)) return false;
  return (
    hex(value.salt, 32) &&
    hex(value.restDigits, 8) &&
    small(value.type, 1) &&
    decimal(value.cell, UNSIGNED_8_DIGITS) &&
    hex(value.file, 16) &&
    decimal(value.offset, UNSIGNED_8_DIGITS) &&
    small(value.length, 4) &&
    hex(value.eventsRoot, 32)
  );
}

function isCounterMove(value: unknown): boolean {
  return (
    isObject(value, 3) &&
    hex(value.scope, 8) &&
    decimal(value.scopeSequence, UNSIGNED_8_DIGITS) &&
    decimal(value.counterBefore, UNSIGNED_8_DIGITS)
  );
}

function isCharge(value: unknown): boolean {
  return (
    isObject(value, 14) &&
    hex(value.salt, 32) &&
    small(value.kind, 1) &&
    small(value.service, 1) &&
    small(value.flags, 1) &&
    decimal(value.start, INSTANT_DIGITS) &&
    small(value.sessionMinutes, 2) &&
    decimal(value.quantity, UNSIGNED_8_DIGITS) &&
    decimal(value.secondQuantity, UNSIGNED_8_DIGITS) &&
    hex(value.decidingDigits, 8) &&
    hex(value.originDigits, 8) &&
    small(value.visitedNetwork, 3) &&
    small(value.class, 1) &&
    small(value.tariffVersion, 4) &&
    Array.isArray(value.counters) &&
    value.counters.length <= 2 &&
    value.counters.every(isCounterMove)
  );
}

/** Whether `value` is surely a line's proof as the schema describes it. */
export function isChargeProof(value: unknown): value is BundleCharge {
  return (
    isObject(value, 8) &&
    plainName(value.line, 32) &&
    value.line !== "" &&
    small(value.batch, 4) &&
    small(value.leafIndex, 4) &&
    decimal(value.amountNano, UNSIGNED_16_DIGITS) &&
    Array.isArray(value.path) &&
    value.path.length <= PATH_STEPS_MAX &&
    value.path.every((step) => hex(step, 32)) &&
    (isAccount(value.account) || isClosedGroup(value.account)) &&
    (isParty(value.party) || isClosedGroup(value.party)) &&
    (isCharge(value.charge) || isClosedGroup(value.charge))
  );
}
