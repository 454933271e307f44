/* `npm run bench [-- NAME…]`: our figures beside peers and limits, one JSON line each, then a table. */

import { hashInWideRegisters } from "../node/adapters/wide-registers.ts";
import { aggregate } from "./bench/aggregate.ts";
import type { Benchmark, Figure } from "./bench/benchmark.ts";
import { close } from "./bench/close.ts";
import { gas } from "./bench/gas.ts";
import { ingest } from "./bench/ingest.ts";
import { memory } from "./bench/memory.ts";
import { outage } from "./bench/outage.ts";
import { pipeline } from "./bench/pipeline.ts";
import { proofs } from "./bench/proofs.ts";
import { publish } from "./bench/publish.ts";
import { rate } from "./bench/rate.ts";
import { read } from "./bench/read.ts";
import { reserve } from "./bench/reserve.ts";
import { seen } from "./bench/seen.ts";
import { tree } from "./bench/tree.ts";
import { verify } from "./bench/verify.ts";

const BENCHMARKS: Benchmark[] = [
  rate,
  tree,
  read,
  pipeline,
  ingest,
  memory,
  seen,
  proofs,
  publish,
  verify,
  gas,
  outage,
  reserve,
  aggregate,
  close,
];

// As every command and node does.
hashInWideRegisters();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !BENCHMARKS.some((one) => one.name === name));
if (unknown.length > 0) {
  const known = BENCHMARKS.map(({ name }) => name).join(", ");
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}. Known: ${known}.\n`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const benchmark of BENCHMARKS) {
  if (asked.length > 0 && !asked.includes(benchmark.name)) continue;
  for await (const figure of benchmark.run()) {
    figures.push(figure);
    console.log(JSON.stringify(figure));
  }
}
const number = (value: number) => value.toLocaleString("en-US");
console.log("");
for (const { name, work, ours, unit, beside, goal } of figures) {
  console.log(`${name}: ${work}`);
  console.log(
    `  ours${goal === undefined ? "" : ` (goal ${number(goal)})`}: ${number(ours)} ${unit}`,
  );
  for (const peer of beside) console.log(`  ${peer.name}: ${number(peer.value)} ${unit}`);
}
