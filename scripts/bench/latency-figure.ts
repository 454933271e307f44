import type { Figure } from "./benchmark.ts";

const PUBLISHED = [
  { name: "Oracle ECE, p95 of initiate, published (research/rating-engines.md)", value: 2.85 },
];

/** To a microsecond, where the values are milliseconds. */
export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100));
  return Math.round((sorted[at] ?? 0) * 1000) / 1000;
}

/** The 99th percentile of some milliseconds, beside what others published. */
export function latencyFigure(
  work: string,
  latencies: number[],
  seconds: number,
  goal?: number,
  limits: Figure["beside"] = [],
): Figure {
  const ours = percentile(latencies, 99);
  const met = goal === undefined ? {} : { goal, met: ours <= goal };
  const beside = [...limits, ...PUBLISHED];
  return { name: "reserve", work, ours, unit: "ms", beside, ...met, seconds };
}
