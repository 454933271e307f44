import { type BillLineView, disputedNanoOf, verdictOf, wordsOf } from "./bill-line-view.ts";
import { type LineVerdict, TONES, type Tone, VERDICT_WORDS } from "./verdict-words.ts";

export interface BillSummary {
  lines: number;
  totalNano: bigint;
  /** What the lines ask above what they should, without what has come back. */
  disputedNano: bigint;
  /** What proven credits give back. */
  returnedNano: bigint;
  byTone: Record<Tone, number>;
  byVerdict: Partial<Record<LineVerdict, number>>;
}

export function summarise(lines: readonly BillLineView[]): BillSummary {
  const summary: BillSummary = {
    lines: lines.length,
    totalNano: 0n,
    disputedNano: 0n,
    returnedNano: 0n,
    byTone: { wrong: 0, review: 0, open: 0, right: 0 },
    byVerdict: {},
  };
  for (const line of lines) {
    const verdict = verdictOf(line);
    summary.totalNano += line.amountNano;
    summary.returnedNano += line.evidence?.returnedNano ?? 0n;
    summary.disputedNano += disputedNanoOf(line);
    summary.byTone[wordsOf(line).tone]++;
    summary.byVerdict[verdict] = (summary.byVerdict[verdict] ?? 0) + 1;
  }
  return summary;
}

export type LineFilter = "all" | Tone | LineVerdict;

export function filterLines(lines: readonly BillLineView[], filter: LineFilter): BillLineView[] {
  if (filter === "all") return [...lines];
  return lines.filter((line) => verdictOf(line) === filter || wordsOf(line).tone === filter);
}

/** The filters worth offering: "all", all that is wrong, each verdict that occurs. */
export function filtersOf(summary: BillSummary): { filter: LineFilter; count: number }[] {
  const verdicts = (Object.keys(VERDICT_WORDS) as LineVerdict[])
    .filter((verdict) => summary.byVerdict[verdict] !== undefined)
    .sort((a, b) => TONES.indexOf(VERDICT_WORDS[a].tone) - TONES.indexOf(VERDICT_WORDS[b].tone));
  const wrong = verdicts.filter((verdict) => VERDICT_WORDS[verdict].tone === "wrong");
  return [
    { filter: "all", count: summary.lines },
    ...(wrong.length > 1 ? [{ filter: "wrong" as const, count: summary.byTone.wrong }] : []),
    ...verdicts.map((filter) => ({ filter, count: summary.byVerdict[filter] ?? 0 })),
  ];
}
