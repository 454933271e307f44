import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openInput } from "../../adapters/files.ts";
import { formatDecimalScaled } from "../../core/money/decimal.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type Output } from "../output.ts";

interface Totals {
  records: number;
  durationMilliseconds: string;
  octets: string;
}

interface Taken {
  name: string;
  sha256: string;
  already: boolean;
  in: Totals;
  classes: Record<string, Totals>;
  problems: { code: string; message: string }[];
}

const PROGRESS_MS = 1_000;
const CLASS_WORDS: Record<string, string> = {
  charged: "charged",
  pricedAtZero: "priced at zero",
  suspended: "in suspense",
  duplicate: "duplicate",
  rejected: "rejected",
  notBillable: "not billable",
};

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("<file...>", 'files of usage records, "-" for standard input')
      .addHelpText(
        "after",
        "\nPrints each file's control totals. A file that was taken in before changes nothing." +
          "\nExit code 1 when a record was rejected, or the totals do not balance.",
      );
  },

  async run([files], options, { output }) {
    // Before anything is sent: a name that can not be read is found while nothing is half done.
    for (const file of files as string[])
      if (file !== "-") await (await openInput(file)).chunks[Symbol.asyncIterator]().return?.();
    let clean = true;
    await withNode(options as NodeOptions, output, async (node) => {
      for (const file of files as string[]) {
        const taken = await upload(node, file, output);
        const balanced = balances(taken);
        await output.record({ file: { ...taken, balanced } });
        for (const line of inWords(taken, balanced)) await output.say(line);
        clean &&= balanced && (taken.classes.rejected?.records ?? 0) === 0;
      }
    });
    return clean ? EXIT.yes : EXIT.no;
  },
};

async function upload(node: NodeClient, file: string, output: Output): Promise<Taken> {
  const name = file === "-" ? "standard input" : basename(file);
  const size = file === "-" ? undefined : (await stat(file)).size;
  const input = await openInput(file);
  const path = `/v1/operator/usage?${new URLSearchParams({ name })}`;
  const { body } = await node.upload(path, telling(input.chunks, name, size, output));
  return body as unknown as Taken;
}

/** Passes the bytes on and says now and then how far they are. */
async function* telling(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  size: number | undefined,
  output: Output,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  let told = Date.now();
  const megabytes = (octets: number) => `${Math.floor(octets / 1_000_000)} MB`;
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    if (Date.now() - told < PROGRESS_MS) continue;
    told = Date.now();
    output.remark(
      `${name}: ${megabytes(sent)}${size === undefined ? "" : ` of ${megabytes(size)}`} sent`,
    );
  }
  if (sent > 50_000_000) output.remark(`${name}: sent; the node rates it`);
}

/** What went in is what came out, in records, time and octets (DESIGN: control totals). */
export function balances({ in: taken, classes }: Pick<Taken, "in" | "classes">): boolean {
  const all = Object.values(classes);
  const sum = (read: (totals: Totals) => string | number) =>
    all.reduce((total, one) => total + BigInt(read(one)), 0n);
  return (
    sum(({ records }) => records) === BigInt(taken.records) &&
    sum(({ durationMilliseconds }) => durationMilliseconds) ===
      BigInt(taken.durationMilliseconds) &&
    sum(({ octets }) => octets) === BigInt(taken.octets)
  );
}

function inWords(taken: Taken, balanced: boolean): string[] {
  const row = (words: string, { records, durationMilliseconds, octets }: Totals) =>
    `  ${words.padEnd(14)} ${String(records).padStart(9)} records ${formatDecimalScaled(BigInt(durationMilliseconds), 3).padStart(12)} s ${octets.padStart(14)} octets`;
  const waiting = taken.classes.suspended?.records ?? 0;
  return [
    `${taken.name}${taken.already ? ": already taken in, nothing was done again" : ""}`,
    row("in", taken.in),
    ...Object.entries(taken.classes)
      .filter(([, totals]) => totals.records > 0)
      .map(([name, totals]) => row(CLASS_WORDS[name] ?? name, totals)),
    balanced ? "  The totals balance." : "  THE TOTALS DO NOT BALANCE; run tallystick fsck.",
    ...taken.problems.map(({ code, message }) => `  PROBLEM  ${message} [${code}]`),
    ...(waiting > 0 ? [`  ${waiting} wait for a decision: tallystick suspense list`] : []),
  ];
}
