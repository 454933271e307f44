import { execFile } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const PART = fileURLToPath(new URL("./aggregate-part.ts", import.meta.url));
const PROCESSES = 2;
const LAMPS = 500;
const MINUTES = 1_440;
const CITY_LAMPS = 200_000;
const GOAL = 500_000;
const START = Date.parse("2026-10-01T00:00:00Z");
const POLICY = JSON.stringify({
  name: "lamps",
  service: "energy",
  groupBy: ["device"],
  window: "day",
  quantity: "sum",
});

interface Part {
  charges: number;
  events: number;
  bytes: number;
  seconds: number;
  processorSeconds: number;
  peakMegabytes: number;
}

/** Whether 500,000 events a second become charges, what a day of a city takes, and how much memory. */
export const aggregate: Benchmark = {
  name: "aggregate",
  async *run() {
    for (const times of [1, 2, 4]) {
      const lamps = times * LAMPS * PROCESSES;
      const { parts, seconds, inputBytes } = await measure(lamps / PROCESSES, PROCESSES);
      yield figure(lamps, parts, seconds, inputBytes);
    }
    const { parts } = await measure(1_000, 1);
    const [edge] = parts as [Part];
    yield {
      name: "aggregate",
      work: "peak memory of one process at the edge: a day of 1,000 lamps, 1,440,000 events",
      ours: Math.round(edge.peakMegabytes),
      unit: "MB",
      beside: [],
      goal: 150,
      met: edge.peakMegabytes < 150,
      seconds: edge.seconds,
    };
  },
};

async function measure(lampsEach: number, processes: number) {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-bench-events-"));
  try {
    const files = Array.from({ length: processes }, (_, i) => {
      const file = join(directory, `events-${i}.csv`);
      writeDay(file, i * lampsEach, lampsEach);
      return file;
    });
    const inputBytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const began = performance.now();
    const parts = await Promise.all(
      files.map(async (file, i): Promise<Part> => {
        const args = [PART, file, join(directory, `kept-${i}`), POLICY];
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return JSON.parse(stdout);
      }),
    );
    return { parts, inputBytes, seconds: (performance.now() - began) / 1000 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One event a lamp and minute, each a little off its second, of 35 to 55 milliwatt-hours. */
function writeDay(file: string, firstLamp: number, lamps: number): void {
  const fd = openSync(file, "w");
  writeSync(fd, "device,gateway,time,sequence,quantity\n");
  for (let minute = 0; minute < MINUTES; minute++) {
    const lines = Array.from({ length: lamps }, (_, i) => {
      const lamp = firstLamp + i;
      const off = ((lamp * 7919) % 59_000) + Math.floor(Math.random() * 1_000);
      const quantity = 35 + Math.floor(Math.random() * 21);
      const name = String(lamp).padStart(6, "0");
      return `lamp-${name},gw-${lamp % 200},${START + minute * 60_000 + off},${minute},${quantity}\n`;
    });
    writeSync(fd, lines.join(""));
  }
  closeSync(fd);
}

function figure(lamps: number, parts: Part[], seconds: number, inputBytes: number): Figure {
  const sum = (read: (part: Part) => number) => parts.reduce((total, one) => total + read(one), 0);
  const events = sum((part) => part.events);
  if (events !== lamps * MINUTES) throw new Error(`${events} of ${lamps * MINUTES} events`);
  const charges = sum((part) => part.charges);
  const fewer = (100 * (1 - charges / events)).toFixed(2);
  const bytesAnEvent = sum((part) => part.bytes) / events;
  const cityMegabytes = Math.round((bytesAnEvent * CITY_LAMPS * MINUTES) / 1e6);
  const ours = perSecond(events, seconds);
  return {
    name: "aggregate",
    work: `a day of ${lamps} lamps, ${events} events: ${inputBytes / 1e6 >= 1 ? `${Math.round(inputBytes / 1e6)} MB of ` : ""}lines read, kept durably (checkpoint every 2 s), grouped by device and day, hashed into trees, compressed; ${PROCESSES} processes, start included. ${fewer} % fewer records; ${bytesAnEvent.toFixed(2)} bytes an event kept, so a day of ${CITY_LAMPS} lamps takes ${cityMegabytes} MB; peak ${Math.round(Math.max(...parts.map(({ peakMegabytes }) => peakMegabytes)))} MB a process`,
    ours,
    unit: "events/s",
    beside: [
      {
        name: "by processor time: what two cores of their own would do",
        value: perSecond(
          PROCESSES * events,
          sum((part) => part.processorSeconds),
        ),
      },
      { name: "a city of 200,000 lamps, one event a minute", value: 3_333 },
    ],
    goal: GOAL,
    met: ours >= GOAL,
    seconds,
  };
}
