import { formatNano } from "../../core/money/decimal.ts";
import type { Fault } from "../../engine/standing-fault.ts";
import { type BillProgress, billStandsInWords } from "../bill-progress.ts";
import type { CommandModule } from "../command.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT } from "../output.ts";

interface Status {
  operator: string;
  currency: string;
  books: {
    kind: number;
    lastSequence: string;
    runningCount: string;
    runningSumNano: string;
    pending: string;
  }[];
  files: number;
  records: { in: number } & Record<keyof typeof OUTCOME_WORDS, number>;
  suspended: number;
  claims: Record<string, number>;
  ticksOpen: number;
  bill?: BillProgress;
  /** Of months that are published by themselves. */
  publishing?: {
    period: string;
    done: boolean;
    all: number;
    subscribers: number;
    files: number;
    trouble?: string;
  };
  ledger: { reachable: boolean; block?: string; blockTime?: string; because?: string };
  outbox: number;
  cadenceSeconds: number;
  oldestOpenTick?: string;
  disk?: { freeBytes: number; sizeBytes: number; hasRoom: boolean };
  notices?: { waiting: number; dropped: number; oldest?: string; trouble?: string };
  tariff: { version?: number; validFrom?: string };
  faults: Fault[];
}

const BOOK_WORDS: Record<number, string> = {
  1: "charges",
  2: "credits",
  3: "invoices",
  4: "taxes",
};

const OUTCOME_WORDS = {
  charged: "charged",
  pricedAtZero: "priced at zero",
  suspended: "in suspense",
  duplicate: "duplicates",
  rejected: "rejected",
  notBillable: "not billable",
  dropped: "dropped",
};

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser).addHelpText(
      "after",
      "\nWhat stands in the node's way is told part by part, with what to do and its code." +
        "\nExit code 4 when the ledger is away; 1 when anything else stands in the way.",
    );
  },

  async run(_args, options, { output }) {
    const { body } = await withNode(options as NodeOptions, output, (node) =>
      node.get("/v1/operator/status"),
    );
    await output.record({ status: body });
    for (const line of inWords(body as unknown as Status)) await output.say(line);
    const { ledger, faults } = body as unknown as Status;
    if (!ledger.reachable) return EXIT.serviceUnavailable;
    return faults.length === 0 ? EXIT.yes : EXIT.no;
  },
};

function publishingInWords(publishing: Status["publishing"]): string[] {
  if (publishing === undefined) return [];
  const { period, done, all, subscribers, files, trouble } = publishing;
  if (done) return [`  evidence  ${period} published: ${subscribers} subscribers, ${files} files`];
  const stands = `${period}: ${subscribers} of ${all} subscribers`;
  return [
    `  evidence  publishing ${stands}${trouble === undefined ? "" : "; it does not go on, and is tried again"}`,
  ];
}

const faultsInWords = (faults: readonly Fault[]): string[] =>
  faults
    // Of these a line of their own says how they stand.
    .filter(({ part, code }) => part !== "ledger" && code !== "disk.nearly-full")
    .map(({ part, code, message }) => `  ${part.toUpperCase().padEnd(8)}  ${message} [${code}]`);

function inWords(status: Status): string[] {
  const { ledger, claims, currency, disk, tariff } = status;
  const told = Object.entries(claims).map(([state, count]) => `${count} ${state}`);
  return [
    status.operator,
    ...[...status.books]
      .sort((a, b) => a.kind - b.kind)
      .map(
        (book) =>
          `  ${(BOOK_WORDS[book.kind] ?? "book").padEnd(8)}  ${book.lastSequence} batches, ${book.runningCount} entries, ${formatNano(BigInt(book.runningSumNano), 2)} ${currency}; ${book.pending} wait for the next batch`,
      ),
    `  files     ${status.files} taken in`,
    `  records   ${recordsInWords(status)}`,
    ...(tariff.version === undefined
      ? []
      : [`  tariff    version ${tariff.version}, in force from ${tariff.validFrom}`]),
    ...noticesInWords(status.notices),
    `  claims    ${told.length === 0 ? "none" : told.join(", ")}`,
    ledger.reachable
      ? `  ledger    block ${ledger.block} of ${ledger.blockTime} (${age(ledger.blockTime)}); ${status.ticksOpen} commitments and ${status.outbox} transactions on their way${since(status)}`
      : `  LEDGER    does not answer; ${status.ticksOpen} commitments wait${since(status)} and go out by themselves. ${ledger.because ?? ""}`,
    ...diskInWords(disk),
    ...(status.bill === undefined ? [] : [`  ${billStandsInWords(status.bill)}`]),
    ...publishingInWords(status.publishing),
    `  commits   ${status.cadenceSeconds === 0 ? "only when asked" : `every ${status.cadenceSeconds} s`}`,
    ...faultsInWords(status.faults),
  ];
}

function diskInWords(disk: Status["disk"]): string[] {
  if (disk === undefined) return [];
  return [
    `  ${disk.hasRoom ? "disk     " : "DISK     "} ${gigabytes(disk.freeBytes)} GB of ${gigabytes(disk.sizeBytes)} GB free${disk.hasRoom ? "" : "; NEARLY FULL: nothing is taken in until there is room, the rest goes on"}`,
  ];
}

/** What nothing became of is left out, but for charges, suspense and duplicates. */
function recordsInWords({ records }: Status): string {
  const always = new Set(["charged", "suspended", "duplicate"]);
  const told = (Object.keys(OUTCOME_WORDS) as (keyof typeof OUTCOME_WORDS)[])
    .filter((outcome) => always.has(outcome) || records[outcome] > 0)
    .map((outcome) => `${records[outcome]} ${OUTCOME_WORDS[outcome]}`);
  return `${records.in} came in: ${told.join(", ")}`;
}

/** By this machine's clock; a clock that stands behind the ledger's says 0. */
function age(instant: string | undefined): string {
  if (instant === undefined) return "age unknown";
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(instant)) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h ago`
    : `${Math.round(seconds / 86_400)} days ago`;
}

function noticesInWords(notices: Status["notices"]): string[] {
  if (notices === undefined) return [];
  const { waiting, dropped, oldest, trouble } = notices;
  return [
    `  notices   ${waiting} wait for the webhook${oldest === undefined ? "" : ` (the oldest since ${oldest})`}${trouble === undefined ? "" : `; the last call failed [${trouble}]`}`,
    ...(dropped === 0 ? [] : [`  NOTICES   ${dropped} were dropped: too many waited`]),
  ];
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

const since = ({ oldestOpenTick }: Status): string =>
  oldestOpenTick === undefined
    ? ""
    : ` (the oldest since ${oldestOpenTick}, ${age(oldestOpenTick)})`;
