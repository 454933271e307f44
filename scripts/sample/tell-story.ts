import { join } from "node:path";
import { formatNano } from "../../node/core/money/decimal.ts";
import type { Account, StoredClaim } from "../../node/engine/store/stored-types.ts";
import { readJsonFile } from "../network/network-file.ts";
import type { OperatorProcess } from "../network/operator-process.ts";
import { PARTIES } from "../network/parties.ts";
import type { SampleNetwork } from "../network/sample-network.ts";
import type { Played } from "./play-month.ts";

const OVER: readonly StoredClaim["state"][] = ["settled", "refuted", "lapsed"];

interface Status {
  books: { kind: number; lastSequence: string; runningCount: string; runningSumNano: string }[];
  suspended: number;
}

/** The link of the sample subscriber: its secret stands in the fragment and reaches no server. */
export async function sampleLink(sample: SampleNetwork): Promise<string> {
  const { accounts } = (await sample.alder.ask("GET", "accounts")) as { accounts: Account[] };
  const secret = accounts.find(({ id }) => id === "sample")?.accessSecret ?? "0x";
  const text = Buffer.from(secret.slice(2), "hex").toString("base64url");
  return `${sample.alder.url}/#s=${text}&period=${sample.network.month}`;
}

/** What happened, in words, and where to look. */
export async function tellStory(sample: SampleNetwork, already: boolean): Promise<string> {
  const { month } = sample.network;
  const alder = await booksOf(sample.alder);
  const birch = await booksOf(sample.birch);
  const played = await readJsonFile<Played>(join(sample.directory, "played.json"));
  const batches = played?.batchesBeforeBill;
  const { claims } = (await sample.alder.ask("GET", "claims")) as { claims: StoredClaim[] };
  return [
    "",
    already
      ? `Found the sample's month ${month} again; nothing was done twice.`
      : `Played the sample's month, ${month}, on the ledger's own clock:`,
    "",
    `  ${PARTIES.alder.name} rated ${alder.count} calls by its published tariff: ${alder.sum} EUR.`,
    `  They were committed to the ledger day by day,${batches === undefined ? "" : ` in ${batches} batches,`} before the bill existed.`,
    `  ${alder.suspended} record waits in suspense: no account owns its number. It was not priced at zero.`,
    `  The bill was run: ${alder.invoices} invoices, themselves committed.`,
    `  ${PARTIES.birch.name} recorded the ${birch.count} calls that it brought to their end: ${birch.sum} EUR,`,
    `  stated, left open to objection for three days, paid by ${PARTIES.alder.name}; and ${PARTIES.cedar.name}`,
    "  drew its share of the retail revenue.",
    "",
    ...wrongLines(claims),
    "",
    `  ${await sampleLink(sample)}`,
    "",
    `The phone's call log to drop in: ${sample.directory}/sample/calls.xml (the page offers it, too).`,
    `The ledger answers at ${sample.ledger.url}. Press Ctrl-C to stop; npm start goes on from here.`,
    "",
  ].join("\n");
}

/** Pure, so that what is said can be checked without a network. */
export function wrongLines(
  claims: readonly Pick<StoredClaim, "kind" | "state" | "dueNano">[],
): string[] {
  const settled = claims.find(({ kind, state }) => kind === "mispriced" && state === "settled");
  const line = "One line of the sample subscriber's bill does not follow from the tariff";
  if (settled !== undefined) {
    const back = formatNano(BigInt(settled.dueNano ?? "0"), 2);
    return [
      `${line}; it was disputed, and settled:`,
      `${back} EUR came back. Others do not agree with the phone. Look at them here:`,
    ];
  }
  if (claims.some(({ kind, state }) => kind === "mispriced" && !OVER.includes(state))) {
    return [
      `${line}; it is disputed, and not decided yet.`,
      "Others do not agree with the phone. Look at them here:",
    ];
  }
  return [`${line}, and others do not agree`, "with the phone. Find them, and dispute them, here:"];
}

async function booksOf(node: OperatorProcess) {
  const status = (await node.ask("GET", "status")) as Status;
  const book = (kind: number) => status.books.find((one) => one.kind === kind);
  const charges = book(1);
  return {
    count: charges?.runningCount ?? "0",
    sum: formatNano(BigInt(charges?.runningSumNano ?? "0"), 2),
    invoices: book(3)?.runningCount ?? "0",
    suspended: status.suspended,
  };
}
