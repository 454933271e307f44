/*
 * One process of the benchmark `memory`: takes files of so many records in (first argument), one after the
 * other, and tells what it holds after each number of files that is named behind it.
 */

import { FedOperator, heldBytes } from "./fed-operator.ts";
import type { MemoryMark } from "./memory.ts";
import { ownMegabytes } from "./own-memory.ts";

const SUBSCRIBERS = 5_000;
const [rows = 0, ...marks] = process.argv.slice(2).map(Number);
const operator = await FedOperator.open(SUBSCRIBERS);
for (let file = 1; file <= Math.max(...marks); file++) {
  await operator.take(rows);
  if (!marks.includes(file)) continue;
  // As it is found by whoever looks from outside, before anything is collected for the sake of this.
  const residentMegabytes = ownMegabytes();
  const { heap, external } = await heldBytes();
  const mark: MemoryMark = { records: rows * file, residentMegabytes, heldBytes: heap + external };
  console.log(JSON.stringify(mark));
}
await operator.close();
process.exit();
