/** A figure beside its peer or limit, as `npm run bench` prints it (docs/COMMANDS.md). */
export interface Figure {
  name: string;
  /** What was done and what it includes: reading, durability, proofs. */
  work: string;
  ours: number;
  unit: string;
  beside: { name: string; value: number }[];
  goal?: number;
  met?: boolean;
  seconds: number;
}

export interface Benchmark {
  name: string;
  run: () => AsyncIterable<Figure>;
}

/** Runs once to warm up at a tenth of the size, then measures. */
export function timed(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

export const perSecond = (count: number, seconds: number): number => Math.round(count / seconds);
