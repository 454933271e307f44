import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openInput } from "../../adapters/files.ts";
import { TallystickError } from "../../core/errors.ts";
import { formatDecimalScaled } from "../../core/money/decimal.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { describeError, EXIT, type Output, ServiceError } from "../output.ts";

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
          "\nA file that is cut is refused as a whole, and the next one goes on." +
          "\nExit code 1 when a record was rejected, a file has a problem, or the totals do not balance; 3 when a file was refused.",
      );
  },

  async run([files], options, { output }) {
    // Before anything is sent: a name that can not be read is found while nothing is half done.
    for (const file of files as string[])
      if (file !== "-") await (await openInput(file)).chunks[Symbol.asyncIterator]().return?.();
    let clean = true;
    let refused = 0;
    await withNode(options as NodeOptions, output, async (node) => {
      for (const file of files as string[]) {
        let taken: Taken;
        try {
          taken = await upload(node, file, output);
        } catch (error) {
          const named = withFile(error, file);
          // A node that is away takes the next file no better; a file that it refuses is one file.
          if (!(named instanceof TallystickError) || named instanceof ServiceError) throw named;
          refused++;
          await output.record({ error: named.toJSON() });
          output.remark(describeError(named, false));
          continue;
        }
        const balanced = balances(taken);
        await output.record({ file: { ...taken, balanced } });
        for (const line of inWords(taken, balanced)) await output.say(line);
        clean &&=
          balanced && taken.problems.length === 0 && (taken.classes.rejected?.records ?? 0) === 0;
      }
    });
    if (refused > 0) return EXIT.unusableInput;
    return clean ? EXIT.yes : EXIT.no;
  },
};

/** The node does not know under which path the file stands here. */
function withFile(error: unknown, file: string): unknown {
  if (!(error instanceof TallystickError)) return error;
  const { code, message, place } = error;
  const kind = error instanceof ServiceError ? ServiceError : TallystickError;
  return new kind(code, message, { ...place, file }, error);
}

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
