export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A check without numbers of its own. */
export function countOne(_output: string, code: number): Counts {
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** mocha's spec reporter ends with "  12 passing (3s)", "  1 pending", "  2 failing". */
export function countMocha(output: string, code: number): Counts {
  return honest(output, code, {
    passed: lastNumber(output, /^\s*(\d+) passing\b/gm),
    failed: lastNumber(output, /^\s*(\d+) failing\b/gm),
    skipped: lastNumber(output, /^\s*(\d+) pending\b/gm),
  });
}

/** Hardhat ends with "12 passing", "1 failing", "1 skipped"; with none of them when it has no tests. */
export function countHardhat(output: string, code: number): Counts {
  return honest(output, code, {
    passed: lastNumber(output, /^\s*(\d+) passing\b/gm),
    failed: lastNumber(output, /^\s*(\d+) failing\b/gm),
    skipped: lastNumber(output, /^\s*(\d+) (?:skipped|pending)\b/gm),
  });
}

/** A runner that failed without counting a failure, or that ran nothing, did fail. */
function honest(_output: string, code: number, counts: Counts): Counts {
  const ranNothing = counts.passed + counts.failed + counts.skipped === 0;
  if (counts.failed === 0 && (code !== 0 || ranNothing)) return { ...counts, failed: 1 };
  return counts;
}

function lastNumber(output: string, pattern: RegExp): number {
  return Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);
}

/** The one line that scripts read: "412 passed, 0 failed", with ", 3 skipped" when there are any. */
export function sumLine(all: readonly Counts[]): string {
  const sum = (field: keyof Counts) => all.reduce((total, counts) => total + counts[field], 0);
  const skipped = sum("skipped");
  return `${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
