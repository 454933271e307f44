// Reads the files that are named, as a node does: here, then by a thread. Tells for each way whether a kernel read,
// and digests of what was read; its caller decides what this process may use.
import { createHash } from "node:crypto";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import { openUsage } from "../../node/adapters/usage-source.ts";
import { ENTRIES_AT } from "../../node/core/formats/kernel/reading-room.ts";
import { formatByName } from "../../node/core/formats/registry.ts";
import { UsageColumns, type UsageLines } from "../../node/core/formats/usage-columns.ts";

const SEEDS = Uint32Array.of(1, 2, 3, 4);
const OPTIONS = { file: "usage", zone: "UTC", sourceName: "switch" };
/** Of names, in the kernel's own part of a room: whoever reads in JavaScript writes nothing there. */
const ENTRIES_LOOKED_AT = 64;

const threads = new ReadingThreads();
const ways = { here: Number.POSITIVE_INFINITY, thread: 0 };
const told: Record<string, { lines: string; prints: string; rows: number }> = {};
const [asterisk = "", ndjson = ""] = process.argv.slice(2);
for (const [name, path] of [
  ["asterisk-csv", asterisk],
  ["usage-ndjson", ndjson],
] as const) {
  const format = formatByName(name);
  if (format.kind !== "usage") throw new Error(name);
  for (const [way, bytesMin] of Object.entries(ways)) {
    const source = await openUsage(path, format, OPTIONS, threads, bytesMin);
    await source.look();
    told[`${name}, ${way}`] = await digestsOf(source.lines(SEEDS));
    await source.close();
  }
}
const { worker, columns } = threads.take();
const room = columns[0]?.buffer as SharedArrayBuffer;
const names = new Uint32Array(room, ENTRIES_AT, ENTRIES_LOOKED_AT);
const kernels = {
  here: threads.rooms.take() !== undefined,
  thread: names.some((word) => word !== 0),
};
process.stdout.write(JSON.stringify({ kernels, told }), () => void worker.terminate());

async function digestsOf(found: UsageLines) {
  const [lines, prints] = [createHash("sha256"), createHash("sha256")];
  let rows = 0;
  for await (const one of found) {
    if (!(one instanceof UsageColumns)) {
      lines.update(JSON.stringify(one));
      continue;
    }
    rows += one.count;
    for (let row = 0; row < one.count; row++) {
      lines.update(JSON.stringify(one.lineAt(row)));
      if (one.hasPrints && one.isPlain[row] === 1)
        prints.update(one.prints.subarray(4 * row, 4 * row + 4));
    }
  }
  return { lines: lines.digest("hex"), prints: prints.digest("hex"), rows };
}
