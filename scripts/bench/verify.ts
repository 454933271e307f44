import { parseBundle } from "../../node/core/evidence/bundle.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { companyBundle } from "./company-bundle.ts";
import { verifyInBrowser } from "./verify-in-browser.ts";

const LINES = 20_000;
const GOAL = 20_000;
const RUNS = 3;

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
      );
    }
    const { text } = companyBundle(LINES);
    const runs = await verifyInBrowser(text, LINES, RUNS);
    yield figure(
      `${LINES} lines, the same checks in the page's own worker in Chromium, under the page's policy`,
      LINES,
      Math.min(...runs.map(({ checkingSeconds }) => checkingSeconds)),
      [
        {
          name: "with reading the JSON, each line's words and handing the bill to the page",
          value: perSecond(LINES, Math.min(...runs.map(({ wholeSeconds }) => wholeSeconds))),
        },
      ],
    );
  },
};

function figure(work: string, lines: number, seconds: number, beside: Figure["beside"]): Figure {
  const ours = perSecond(lines, seconds);
  return {
    name: "verify",
    work,
    ours,
    unit: "lines/s",
    beside,
    goal: GOAL,
    met: ours >= GOAL,
    seconds,
  };
}
