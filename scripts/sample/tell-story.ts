import { formatNano } from "../../node/core/money/decimal.ts";
import type { Account } from "../../node/engine/stored-types.ts";
import type { OperatorProcess } from "../network/operator-process.ts";
import { PARTIES } from "../network/parties.ts";
import type { SampleNetwork } from "../network/sample-network.ts";

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
  return [
    "",
    already
      ? `Found the sample's month ${month} again; nothing was done twice.`
      : `Played the sample's month, ${month}, on the ledger's own clock:`,
    "",
    `  ${PARTIES.alder.name} rated ${alder.count} calls by its published tariff: ${alder.sum} EUR.`,
    `  They were committed to the ledger day by day, in ${alder.batches} batches, before the bill existed.`,
    `  ${alder.suspended} record waits in suspense: no account owns its number. It was not priced at zero.`,
    `  The bill was run: ${alder.invoices} invoices, themselves committed.`,
    `  ${PARTIES.birch.name} recorded the ${birch.count} calls that it brought to their end: ${birch.sum} EUR,`,
    `  stated, left open to objection for three days, paid by ${PARTIES.alder.name}; and ${PARTIES.cedar.name}`,
    "  drew its share of the retail revenue.",
    "",
    "One line of the sample subscriber's bill does not follow from the tariff, and others do not agree",
    "with the phone. Find them, and dispute them, here:",
    "",
    `  ${await sampleLink(sample)}`,
    "",
    `The phone's call log to drop in: ${sample.directory}/sample/calls.xml (the page offers it, too).`,
    `The ledger answers at ${sample.ledger.url}. Press Ctrl-C to stop; npm start goes on from here.`,
    "",
  ].join("\n");
}

async function booksOf(node: OperatorProcess) {
  const status = (await node.ask("GET", "status")) as Status;
  const book = (kind: number) => status.books.find((one) => one.kind === kind);
  const charges = book(1);
  return {
    count: charges?.runningCount ?? "0",
    sum: formatNano(BigInt(charges?.runningSumNano ?? "0"), 2),
    batches: charges?.lastSequence ?? "0",
    invoices: book(3)?.runningCount ?? "0",
    suspended: status.suspended,
  };
}
