import type { ByteReader } from "../byte-reader.ts";
import type {
  AccountGroup,
  ChargeGroup,
  CounterMove,
  CreditGroup,
  PartyGroup,
} from "../commitment/charge-groups.ts";

/*
 * The fields of a group as they stand in its pre-image after tag and version (docs/PROTOCOL.md, section
 * 4): the inverse of commitment/charge-groups.ts.
 */

export const readAccount = (reader: ByteReader): AccountGroup => ({
  salt: reader.raw(32),
  pseudonym: reader.raw(32),
  chargeNumber: reader.unsigned(8),
  runningTotalNano: reader.unsigned(16),
  sourceTag: reader.raw(24),
  deviceTag: reader.raw(16),
});

export const readParty = (reader: ByteReader): PartyGroup => ({
  salt: reader.raw(32),
  restDigits: reader.unsigned(8),
  type: reader.small(1),
  cell: reader.unsigned(8),
  file: reader.raw(16),
  offset: reader.unsigned(8),
  length: reader.small(4),
  eventsRoot: reader.raw(32),
});

export function readCharge(reader: ByteReader): ChargeGroup {
  const group = {
    salt: reader.raw(32),
    kind: reader.small(1),
    service: reader.small(1),
    flags: reader.small(1),
    start: reader.unsigned(8),
    sessionMinutes: reader.small(2),
    quantity: reader.unsigned(8),
    secondQuantity: reader.unsigned(8),
    decidingDigits: reader.unsigned(8),
    originDigits: reader.unsigned(8),
    visitedNetwork: reader.small(3),
    class: reader.small(1),
    tariffVersion: reader.small(4),
  };
  const counters = [readCounter(reader), readCounter(reader)];
  return { ...group, counters: counters.filter(isUsed) };
}

export const readCredit = (reader: ByteReader): CreditGroup => ({
  salt: reader.raw(32),
  targetDomain: reader.raw(20),
  targetSequence: reader.unsigned(8),
  targetIndex: reader.small(4),
  reason: reader.small(1),
  claim: reader.raw(32),
});

const readCounter = (reader: ByteReader): CounterMove => ({
  scope: reader.raw(8),
  scopeSequence: reader.unsigned(8),
  counterBefore: reader.unsigned(8),
});

/** A scope that is not used is 24 zero bytes. */
const isUsed = ({ scope, scopeSequence, counterBefore }: CounterMove): boolean =>
  scopeSequence !== 0n || counterBefore !== 0n || scope.some((byte) => byte !== 0);
