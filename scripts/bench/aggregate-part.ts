/* One process of the benchmark `aggregate`: the events of one file, from its bytes to closed charges. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { EventFiles } from "../../node/adapters/event-files.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import { EventLineReader } from "../../node/core/aggregation/read-events.ts";
import { EventAggregator } from "../../node/engine/aggregate-events.ts";

const CHUNK_BYTES = 1 << 18;
const CHECKPOINT_MS = 2_000;
const [file = "", directory = "", policyText = "", partitions = "16"] = process.argv.slice(2);

const began = performance.now();
const before = process.cpuUsage();
const folder = new EventFiles(directory);
const sums = { charges: 0, events: 0, bytes: 0 };
const aggregator = EventAggregator.open({
  policy: new AggregationPolicy(JSON.parse(policyText)),
  folder,
  partitions: Number(partitions),
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
  now: () => Date.now(),
  onClosed: ({ charges, events, bytes }) => {
    sums.charges += charges;
    sums.events += events;
    sums.bytes += bytes;
  },
});
aggregator.begin("bench");
const reader = new EventLineReader(aggregator);
const fd = openSync(file, "r");
const buffer = Buffer.alloc(CHUNK_BYTES);
let last = performance.now();
const checkpoint = () => aggregator.checkpoint({ bytes: reader.bytesRead, lines: reader.lines });
for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
  reader.push(buffer.subarray(0, length));
  if (performance.now() - last < CHECKPOINT_MS) continue;
  checkpoint();
  aggregator.closeDue();
  last = performance.now();
}
closeSync(fd);
reader.end();
checkpoint();
aggregator.closeDue(true);
folder.release();
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    ...sums,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
