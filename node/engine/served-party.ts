import type { UsageRecord } from "../core/records/usage-record.ts";
import type { Numbering } from "../core/tariff/document.ts";
import { readOtherParty } from "../core/tariff/numbering.ts";

/**
 * What a record says of the served party, the strongest first: device and SIM, then the number in
 * international form with "+". The served party of an incoming call is its B-party.
 */
export function servedIdentities(
  record: UsageRecord,
  numbering?: Numbering,
): (string | undefined)[] {
  const written = record.direction === "incoming" ? record.bParty : record.aParty;
  const party = readOtherParty(written, numbering);
  const number =
    party.type === "international" || party.type === "national" ? `+${party.digits}` : undefined;
  return [record.deviceId, record.imsi, number, written];
}
