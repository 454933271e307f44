import { NO_DIGITS, PARTY_TYPE, type PartyGroup } from "../../core/commitment/charge-groups.ts";

/** The group `party` of an entry that has no other side and no source: a credit, what a period's end adds. */
export function noParty(): { group: Omit<PartyGroup, "salt"> } {
  return {
    group: {
      restDigits: NO_DIGITS,
      type: PARTY_TYPE.none,
      cell: 0n,
      file: new Uint8Array(16),
      offset: 0n,
      length: 0,
      eventsRoot: new Uint8Array(32),
    },
  };
}
