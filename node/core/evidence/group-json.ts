import { fromHex, type Hex, toHex } from "../bytes.ts";
import type {
  AccountGroup,
  ChargeGroup,
  CreditGroup,
  PartyGroup,
} from "../commitment/charge-groups.ts";
import type { OpenedAccount, OpenedCharge, OpenedCredit, OpenedParty } from "./bundle.ts";

/*
 * The field groups as they stand in bundles and in the store (text) and as they are hashed. Each
 * pair of functions is inverse to the other.
 */

const digitsToJson = (digits: bigint): Hex => `0x${digits.toString(16).padStart(16, "0")}`;

export function accountToJson(group: AccountGroup): OpenedAccount {
  return {
    salt: toHex(group.salt),
    pseudonym: toHex(group.pseudonym),
    chargeNumber: group.chargeNumber.toString(),
    runningTotalNano: group.runningTotalNano.toString(),
    sourceTag: toHex(group.sourceTag),
    deviceTag: toHex(group.deviceTag),
  };
}

export function accountFromJson(json: OpenedAccount): AccountGroup {
  return {
    salt: fromHex(json.salt),
    pseudonym: fromHex(json.pseudonym),
    chargeNumber: BigInt(json.chargeNumber),
    runningTotalNano: BigInt(json.runningTotalNano),
    sourceTag: fromHex(json.sourceTag),
    deviceTag: fromHex(json.deviceTag),
  };
}

export function partyToJson(group: PartyGroup, text?: string): OpenedParty {
  return {
    salt: toHex(group.salt),
    restDigits: digitsToJson(group.restDigits),
    type: group.type,
    cell: group.cell.toString(),
    file: toHex(group.file),
    offset: group.offset.toString(),
    length: group.length,
    eventsRoot: toHex(group.eventsRoot),
    ...(text === undefined ? {} : { text }),
  };
}

export function partyFromJson(json: OpenedParty): PartyGroup {
  return {
    salt: fromHex(json.salt),
    restDigits: BigInt(json.restDigits),
    type: json.type,
    cell: BigInt(json.cell),
    file: fromHex(json.file),
    offset: BigInt(json.offset),
    length: json.length,
    eventsRoot: fromHex(json.eventsRoot),
  };
}

export function chargeToJson(group: ChargeGroup): OpenedCharge {
  return {
    salt: toHex(group.salt),
    kind: group.kind,
    service: group.service,
    flags: group.flags,
    start: group.start.toString(),
    sessionMinutes: group.sessionMinutes,
    quantity: group.quantity.toString(),
    secondQuantity: group.secondQuantity.toString(),
    decidingDigits: digitsToJson(group.decidingDigits),
    originDigits: digitsToJson(group.originDigits),
    visitedNetwork: group.visitedNetwork,
    class: group.class,
    tariffVersion: group.tariffVersion,
    counters: group.counters.map((move) => ({
      scope: toHex(move.scope),
      scopeSequence: move.scopeSequence.toString(),
      counterBefore: move.counterBefore.toString(),
    })),
  };
}

export function chargeFromJson(json: OpenedCharge): ChargeGroup {
  return {
    salt: fromHex(json.salt),
    kind: json.kind,
    service: json.service,
    flags: json.flags,
    start: BigInt(json.start),
    sessionMinutes: json.sessionMinutes,
    quantity: BigInt(json.quantity),
    secondQuantity: BigInt(json.secondQuantity),
    decidingDigits: BigInt(json.decidingDigits),
    originDigits: BigInt(json.originDigits),
    visitedNetwork: json.visitedNetwork,
    class: json.class,
    tariffVersion: json.tariffVersion,
    counters: json.counters.map((move) => ({
      scope: fromHex(move.scope),
      scopeSequence: BigInt(move.scopeSequence),
      counterBefore: BigInt(move.counterBefore),
    })),
  };
}

export function creditToJson(group: CreditGroup): OpenedCredit {
  return {
    salt: toHex(group.salt),
    targetDomain: toHex(group.targetDomain),
    targetSequence: group.targetSequence.toString(),
    targetIndex: group.targetIndex,
    reason: group.reason,
    claim: toHex(group.claim),
  };
}

export function creditFromJson(json: OpenedCredit): CreditGroup {
  return {
    salt: fromHex(json.salt),
    targetDomain: fromHex(json.targetDomain),
    targetSequence: BigInt(json.targetSequence),
    targetIndex: json.targetIndex,
    reason: json.reason,
    claim: fromHex(json.claim),
  };
}
