import type { UsageRecord } from "../records/usage-record.ts";
import type { Numbering } from "../tariff/document.ts";
import { readOtherParty } from "../tariff/numbering.ts";

/** Numbers remembered; more of them are forgotten at once. */
const NUMBERS_MAX = 100_000;

/** Numbers in international form, by how a record writes them. */
export class ServedNumbers {
  readonly #known = new Map<string, string | undefined>();

  of(written: string | undefined, numbering: Numbering | undefined): string | undefined {
    if (written === undefined) return undefined;
    if (this.#known.has(written)) return this.#known.get(written);
    const party = readOtherParty(written, numbering);
    const isNumber = party.type === "international" || party.type === "national";
    const number = isNumber ? `+${party.digits}` : undefined;
    if (this.#known.size === NUMBERS_MAX) this.#known.clear();
    this.#known.set(written, number);
    return number;
  }
}

/**
 * What a record says of the served party, the strongest first: device and SIM, then the number in
 * international form with "+". The served party of an incoming call is its B-party.
 */
export function servedIdentities(
  record: UsageRecord,
  numbers: ServedNumbers,
  numbering?: Numbering,
): (string | undefined)[] {
  const written = record.direction === "incoming" ? record.bParty : record.aParty;
  return [record.deviceId, record.imsi, numbers.of(written, numbering), written];
}
