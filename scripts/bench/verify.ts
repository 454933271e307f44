import { parseBundle } from "../../node/core/evidence/bundle.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { companyBundle } from "./company-bundle.ts";
import { verifyInBrowser } from "./verify-in-browser.ts";

const LINES = 20_000;
const GOAL = 20_000;
const RUNS = 3;
/** Of the bill that a browser checks. */
const BROWSER_LINES = Number(process.env.TALLYSTICK_BENCH_LINES ?? LINES);

/** The same code as the page's and the command's: nothing of the bundle is believed. */
export const verify: Benchmark = {
  name: "verify",
  async *run() {
    for (const times of [1, 2, 4]) {
      const lines = times * LINES;
      const { text, facts } = companyBundle(lines);
      const runs = Array.from({ length: RUNS }, () => {
        const began = performance.now();
        const bundle = parseBundle(text);
        const parsed = performance.now();
        const report = verifyBundle(bundle, facts);
        const wrong = report.lines.filter(({ verdict }) => verdict !== "committed").length;
        if (wrong > 0) throw new Error(`${wrong} lines of the benchmark are not committed`);
        return { reading: parsed - began, checking: performance.now() - parsed };
      });
      yield figure(
        `${lines} lines: three groups hashed, path of 17 walked, price recomputed, order and time checked; in Node, one core`,
        lines,
        Math.min(...runs.map(({ checking }) => checking)) / 1000,
        [
          {
            name: "with reading the bundle's JSON",
            value: perSecond(
              lines,
              Math.min(...runs.map(({ reading, checking }) => reading + checking)) / 1000,
            ),
          },
        ],
        GOAL,
      );
    }
    const { text } = companyBundle(BROWSER_LINES);
    const { worker: runs, dropped } = await verifyInBrowser(text, BROWSER_LINES, RUNS);
    yield figure(
      `${BROWSER_LINES} lines, the same checks in the page's own worker in Chromium, under the page's policy`,
      BROWSER_LINES,
      Math.min(...runs.map(({ checkingSeconds }) => checkingSeconds)),
      [
        {
          name: "with reading the file, its JSON, each line's words and handing the bill to the page",
          value: perSecond(
            BROWSER_LINES,
            Math.min(...runs.map(({ wholeSeconds }) => wholeSeconds)),
          ),
        },
      ],
      GOAL,
    );
    const stop = Math.round(1000 * dropped.longestStopSeconds);
    // A browser's start and its compiling are in it: no goal was set for that.
    yield figure(
      `${BROWSER_LINES} lines in a file of ${Math.round(text.length / 1e6)} MB that is dropped into the page, until its ` +
        `verdicts stand there (${dropped.seconds.toFixed(1)} s); the page stood still for ${stop} ms at most, its tab took ` +
        `${dropped.megabytes} MB at most`,
      BROWSER_LINES,
      dropped.seconds,
      [],
    );
  },
};

/** @param goal lines a second, if one was set */
function figure(
  work: string,
  lines: number,
  seconds: number,
  beside: Figure["beside"],
  goal?: number,
): Figure {
  const ours = perSecond(lines, seconds);
  return {
    name: "verify",
    work,
    ours,
    unit: "lines/s",
    beside,
    ...(goal === undefined ? {} : { goal, met: ours >= goal }),
    seconds,
  };
}
