import { hash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { openInput } from "../../node/adapters/files.ts";
import { parseBlocks } from "../../node/core/formats/asterisk-csv.ts";
import { isRecord, type ParseOptions } from "../../node/core/formats/inspect-line.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";

const ROWS_A_WRITE = 4_096;
/** Summer time of the sample's zone. */
const AHEAD_SECONDS = 7_200;

const two = (n: number): string => String(n).padStart(2, "0");
const stamp = (seconds: number): string => {
  const [date, time] = new Date((seconds + AHEAD_SECONDS) * 1000).toISOString().split("T");
  return `${date} ${time?.slice(0, 8)}`;
};

export const numberOf = (subscriber: number): string =>
  `+491713920${String(subscriber).padStart(6, "0")}`;

/** One row of Asterisk's Master.csv, 280 bytes, as cdr_csv writes them. */
function row(at: number, subscribers: number, fromSeconds: number): string {
  const from = fromSeconds + Math.floor(at / 20);
  const duration = (at * 7) % 900;
  const a = numberOf((at * 7_919) % subscribers);
  const b = `+4930${String(23_125_042 + ((at * 31) % 5_000))}`;
  const channel = at.toString(16).padStart(8, "0");
  const times = [from, from + 3, from + 3 + duration].map(stamp).join('","');
  return `"","${a}","${b}","internal","""${a}"" <${a}>","PJSIP/${two(at % 100)}-${channel}","PJSIP/trunk-${channel}","Dial","PJSIP/${b.slice(1)}@trunk,60","${times}",${duration + 3},${duration},"ANSWERED","DOCUMENTATION","${from}.${at}",""\n`;
}

export const PLATFORM_SERVICES = ["sms", "data", "energy"] as const;
type PlatformService = (typeof PLATFORM_SERVICES)[number];

/** A message, a data session's part or a meter's quarter of an hour, as platforms tell them. */
function serviceLine(
  service: PlatformService,
  at: number,
  subscribers: number,
  fromSeconds: number,
): string {
  const of = (at * 7_919) % subscribers;
  const start = new Date((fromSeconds + at / 20) * 1000).toISOString();
  const record = (more: object) =>
    `${JSON.stringify({ id: `platform:${fromSeconds}:${at}`, ...more, billable: true })}\n`;
  switch (service) {
    case "sms": {
      const bParty = `+4930${String(23_125_042 + ((at * 31) % 5_000))}`;
      return record({ service, direction: "outgoing", start, aParty: numberOf(of), bParty });
    }
    case "data":
      return record({
        service,
        direction: "none",
        start,
        durationSeconds: (at * 7) % 900,
        uplinkOctets: (at * 13) % 90_000,
        downlinkOctets: (at * 29) % 9_000_000,
        aParty: numberOf(of),
        imsi: `26201${String(of).padStart(10, "0")}`,
        visitedNetwork: "26202",
        sessionId: `session-${Math.floor(at / 21)}`,
        sequence: at % 7,
        partial: "intermediate",
      });
    default:
      return record({
        service,
        direction: "none",
        start,
        durationSeconds: 900,
        energyWattHours: (((at * 17) % 2_000_000) / 1000).toFixed(3),
        aParty: numberOf(of),
        deviceId: `meter-${of}`,
      });
  }
}

/** Usage records of several services in turn, one JSON object a line. @param subscribers who have them in turn */
export const writeServicesFile = (
  path: string,
  rows: number,
  subscribers: number,
  fromSeconds: number,
  services: readonly PlatformService[] = PLATFORM_SERVICES,
): Promise<void> =>
  writeLines(path, rows, (at) => {
    const service = services[at % services.length] as PlatformService;
    return serviceLine(service, at, subscribers, fromSeconds);
  });

/** A switch's file of answered calls: many subscribers, 5,000 other sides, twenty calls a second. */
export async function writeSwitchFile(
  path: string,
  rows: number,
  subscribers: number,
  fromSeconds: number,
): Promise<void> {
  await writeLines(path, rows, (at) => row(at, subscribers, fromSeconds));
}

async function writeLines(
  path: string,
  rows: number,
  lineAt: (at: number) => string,
): Promise<void> {
  const stream = createWriteStream(path);
  for (let at = 0; at < rows; at += ROWS_A_WRITE) {
    const count = Math.min(ROWS_A_WRITE, rows - at);
    const text = Array.from({ length: count }, (_, i) => lineAt(at + i));
    if (!stream.write(text.join(""))) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "close");
}

/** The same calls as usage records, one JSON object a line, as `inspect --json` prints them. */
export async function writeRecordsFile(
  path: string,
  switchFile: string,
  options: Pick<ParseOptions, "file" | "sourceName" | "zone">,
): Promise<void> {
  const stream = createWriteStream(path);
  const { chunks } = await openInput(switchFile);
  const sha256 = (bytes: Uint8Array) => hash("sha256", bytes);
  const all = { ...options, repetitions: () => NO_REPETITIONS, sha256 };
  for await (const block of parseBlocks(chunks, all)) {
    const lines = block.filter(isRecord).map((record) => `${JSON.stringify(record)}\n`);
    if (!stream.write(lines.join(""))) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "close");
}
