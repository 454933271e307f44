import type { PreparedLine } from "./prepared-line.ts";
import type { Tolerances } from "./tolerances.ts";

/** Beyond this many equal lines each gets one slot of its own instead of all of them. */
const SHARED_SLOTS_MAX = 16;

export interface RepeatedLines {
  /** For each line the slots that it may take to be told a duplicate; numbered from 0. */
  slotsOfLine: number[][];
  /** For each line its place among those that say the same, from 0. */
  rankOfLine: number[];
  slotCount: number;
  /** Of each slot, the lines that say the same. */
  linesOfSlot: number[][];
}

/**
 * Lines that say the same: one number, one time, one length. All of them but one may be duplicates,
 * so a group of k gets k - 1 slots; which of them have a call of their own, the assignment decides.
 */
export function findRepeatedLines(
  lines: readonly PreparedLine[],
  tolerances: Tolerances,
): RepeatedLines {
  const result: RepeatedLines = {
    slotsOfLine: lines.map(() => []),
    rankOfLine: lines.map(() => 0),
    slotCount: 0,
    linesOfSlot: [],
  };
  for (const group of groupsOf(lines, tolerances.duplicateSeconds)) {
    const slots = group.slice(1).map((_, i) => result.slotCount + i);
    result.slotCount += slots.length;
    for (const _ of slots) result.linesOfSlot.push(group);
    group.forEach((line, rank) => {
      result.rankOfLine[line] = rank;
      if (slots.length < SHARED_SLOTS_MAX) result.slotsOfLine[line] = slots;
      else if (rank > 0) result.slotsOfLine[line] = [slots[rank - 1] as number];
    });
  }
  return result;
}

/** `lines` ascend by time; each group lies within the tolerance of its first line. */
function groupsOf(lines: readonly PreparedLine[], toleranceSeconds: number): number[][] {
  const open = new Map<string, number[][]>();
  const groups: number[][] = [];
  lines.forEach((prepared, i) => {
    const { line, readings } = prepared;
    const key = `${line.service}|${line.direction}|${prepared.key ?? line.otherParty ?? ""}|${line.billedUnits}`;
    const start = readings[0] as number;
    const near = (open.get(key) ?? []).filter((group) => {
      const first = lines[group[0] as number] as PreparedLine;
      return start - (first.readings[0] as number) <= toleranceSeconds * 1000;
    });
    const same = near.find((group) => {
      const first = lines[group[0] as number] as PreparedLine;
      const longer = (line.durationSeconds ?? 0) - (first.line.durationSeconds ?? 0);
      return Math.abs(longer) <= toleranceSeconds;
    });
    if (same === undefined) {
      const group = [i];
      near.push(group);
      groups.push(group);
    } else {
      same.push(i);
    }
    open.set(key, near);
  });
  return groups.filter((group) => group.length > 1);
}
