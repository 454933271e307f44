import type { StoredTotals } from "../../engine/store/stored-types.ts";
import type { CommandModule } from "../command.ts";
import { rowsOfTotals } from "../control-rows.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";
import { allRows } from "../pages.ts";

interface Told extends StoredTotals {
  balanced: boolean;
  difference: StoredTotals["in"];
  /** Of a file. */
  name?: string;
  sha256?: string;
  complete?: boolean;
  hour?: string;
}

const PATH = "/v1/operator/totals";
const HOUR = /^\d{4}-\d\d-\d\dT\d\d$/;

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .option("--by <what>", "file or hour; without it the sum over all files")
      .option("--file <sha256>", "with --by hour: of this file only")
      .option("--from <hour>", "with --by hour: from this hour of use, such as 2026-10-05T12 (UTC)")
      .option("--to <hour>", "with --by hour: up to this hour, not with it")
      .addHelpText(
        "after",
        "\nin = charged + priced at zero + suspended + duplicate + rejected + not billable + dropped," +
          "\nin records, seconds and octets. Rows that are no records stand under the hour none." +
          "\nExit code 1 when something does not balance: then run fsck.",
      );
  },

  async run(_args, options, { output }) {
    const ask = questionOf(options as Record<string, string | undefined>);
    return withNode(options as NodeOptions, output, (node) => tell(node, ask, output));
  },
};

interface Question {
  by: "all" | "file" | "hour";
  query: URLSearchParams;
}

function questionOf(options: Record<string, string | undefined>): Question {
  const { by = "all", file, from, to } = options;
  if (by !== "all" && by !== "file" && by !== "hour") {
    throw new UsageError(`--by takes file or hour, not "${by}".`);
  }
  if (by !== "hour" && (file ?? from ?? to) !== undefined) {
    throw new UsageError("--file, --from and --to go with --by hour.");
  }
  for (const hour of [from, to]) {
    if (hour !== undefined && !HOUR.test(hour)) {
      throw new UsageError(`"${hour}" is no hour, such as 2026-10-05T12.`);
    }
  }
  if (file !== undefined && !/^[0-9a-f]{64}$/.test(file)) {
    throw new UsageError("--file takes the SHA-256 of a file, as totals --by file shows it.");
  }
  const given = Object.entries({ file, from, to }).filter((one) => one[1] !== undefined);
  return { by, query: new URLSearchParams(given as [string, string][]) };
}

async function tell(node: NodeClient, { by, query }: Question, output: Output): Promise<ExitCode> {
  let unbalanced = 0;
  let rows = 0;
  for await (const one of rowsOf(node, by, query)) {
    rows++;
    if (!one.balanced) unbalanced++;
    await output.record({ [by === "all" ? "totals" : by]: one });
    await output.say(titleOf(one));
    for (const line of rowsOfTotals(one)) await output.say(line);
    if (!one.balanced) await output.say(`  DOES NOT BALANCE: ${JSON.stringify(one.difference)}`);
  }
  await output.record({ summary: { by, rows, unbalanced } });
  const words = unbalanced === 0 ? "everything balances" : `${unbalanced} DO NOT BALANCE; run fsck`;
  await output.say(by === "all" ? `${words}.` : `${rows} ${by}s: ${words}.`);
  return unbalanced === 0 ? EXIT.yes : EXIT.no;
}

async function* rowsOf(
  node: NodeClient,
  by: Question["by"],
  query: URLSearchParams,
): AsyncGenerator<Told> {
  if (by === "all") yield (await node.get(PATH)).body.totals as Told;
  else if (by === "file") yield* allRows<Told>(node, `${PATH}/files`, "files");
  else yield* allRows<Told>(node, `${PATH}/hours?${query}`, "hours", "from");
}

function titleOf({ name, sha256, complete, hour }: Told): string {
  if (hour !== undefined) return hour === "none" ? "no hour" : `${hour}:00Z`;
  if (name === undefined) return "all files";
  return `${name}  ${sha256}${complete === false ? "  (not done yet)" : ""}`;
}
