import { readUsageRecord } from "../../core/records/read-usage-record.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

interface Suspended {
  record: { id: string; service: string; start: string; aParty?: string; bParty?: string };
  code: string;
  message: string;
  since: string;
}

const PATH = "/v1/operator/suspense";
/** Recycled, it is charged: so only who names it has decided that it is real. */
const SUSPECTED = "duplicate.suspected";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("<action>", "list, correct or recycle")
      .argument("[id...]", "ids of records, as list shows them")
      .option(
        "--set <field=value>",
        "for correct: a field of the record; may be repeated",
        (one: string, all: string[] | undefined) => [...(all ?? []), one],
      )
      .option("--all", "for recycle: all that wait, but suspected duplicates")
      .addHelpText(
        "after",
        "\n  list                          what waits, and why" +
          "\n  correct ID --set bParty=+49…  changes a record; recycle rates it again" +
          "\n  recycle ID… | --all           rates records again (exit code 1 when one still waits)" +
          "\nA suspected duplicate is charged when it is recycled by its id, which --all never does.",
      );
  },

  async run([action, ids], options, { output }) {
    const given = ids as string[];
    const work = workOf(String(action), given, options, output);
    return withNode(options as NodeOptions, output, work);
  },
};

/** Settled before a node is asked, so that a wrong call does nothing. @throws UsageError */
function workOf(
  action: string,
  ids: string[],
  options: Record<string, unknown>,
  output: Output,
): (node: NodeClient) => Promise<ExitCode> {
  switch (action) {
    case "list":
      return (node) => list(node, output);
    case "correct": {
      const [id, more] = ids;
      if (id === undefined || more !== undefined || options.set === undefined) {
        throw new UsageError("Write: tallystick suspense correct ID --set FIELD=VALUE.");
      }
      const change = readChange(options.set as string[]);
      return (node) => correct(node, id, change, output);
    }
    case "recycle":
      if ((ids.length === 0) !== (options.all === true)) {
        throw new UsageError("Write: tallystick suspense recycle ID…, or recycle --all.");
      }
      return (node) => recycle(node, ids, output);
    default:
      throw new UsageError(`"${action}" is no action of suspense: use list, correct or recycle.`);
  }
}

async function waiting(node: NodeClient): Promise<Suspended[]> {
  return (await node.get(PATH)).body.suspended as Suspended[];
}

async function list(node: NodeClient, output: Output): Promise<ExitCode> {
  const suspended = await waiting(node);
  for (const one of suspended) {
    const { record, code, message } = one;
    await output.record({ suspended: one });
    await output.say(
      `${record.id}  ${record.start}  ${record.service}  ${record.aParty ?? "-"} > ${record.bParty ?? "-"}\n  ${message} [${code}]`,
    );
  }
  await output.record({ summary: { suspended: suspended.length } });
  await output.say(suspended.length === 0 ? "Nothing waits." : `${suspended.length} wait.`);
  return EXIT.yes;
}

async function correct(
  node: NodeClient,
  id: string,
  change: Record<string, unknown>,
  output: Output,
): Promise<ExitCode> {
  const found = (await waiting(node)).find(({ record }) => record.id === id);
  // A record that could not be read back must not get into the store; an unknown id the node tells.
  if (found !== undefined) readUsageRecord({ ...found.record, ...change });
  await node.send("PATCH", `${PATH}/${encodeURIComponent(id)}`, change);
  await output.record({ corrected: id, fields: Object.keys(change) });
  await output.say(`${id} is changed. Rate it again with: tallystick suspense recycle ${id}`);
  return EXIT.yes;
}

async function recycle(node: NodeClient, ids: string[], output: Output): Promise<ExitCode> {
  const waits = ids.length > 0 ? [] : await waiting(node);
  const suspected = waits.filter(({ code }) => code === SUSPECTED).length;
  const chosen =
    ids.length > 0 ? ids : waits.filter(({ code }) => code !== SUSPECTED).map(idOfSuspended);
  const byOutcome: Record<string, number> = {};
  for (const id of chosen) {
    const answer = await node.send("POST", `${PATH}/${encodeURIComponent(id)}/recycle`);
    const outcome = String(answer.body.outcome);
    byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
    await output.record({ id, outcome });
    await output.say(`${id}  ${outcome}`);
  }
  await output.record({ summary: { recycled: chosen.length, byOutcome, suspected } });
  const sums = Object.entries(byOutcome).map(([outcome, count]) => `${count} ${outcome}`);
  await output.say(`${chosen.length} rated again${sums.length > 0 ? `: ${sums.join(", ")}` : ""}.`);
  if (suspected > 0) {
    await output.say(
      `${suspected} suspected duplicates still wait: tallystick suspense recycle ID charges one that is real.`,
    );
  }
  const open = suspected + (byOutcome.suspended ?? 0) + (byOutcome.rejected ?? 0);
  return open === 0 ? EXIT.yes : EXIT.no;
}

const idOfSuspended = ({ record }: Suspended): string => record.id;

/** What is written as text becomes what the field holds: "units=2", "billable=true", "bParty=+4930". */
function readChange(settings: string[]): Record<string, unknown> {
  return Object.fromEntries(
    settings.map((setting) => {
      const [, field = "", text = ""] = /^([A-Za-z]+)=(.*)$/s.exec(setting) ?? [];
      if (![...TEXT_FIELDS, ...NUMBER_FIELDS, "billable"].includes(field)) {
        throw new UsageError(
          `"${setting}" sets nothing: write FIELD=VALUE with a field of a usage record (not its id).`,
        );
      }
      if (field === "billable" && /^(true|false)$/.test(text)) return [field, text === "true"];
      const isNumber = NUMBER_FIELDS.includes(field) && /^\d+(\.\d+)?$/.test(text);
      return [field, isNumber ? Number(text) : text];
    }),
  );
}

const TEXT_FIELDS = [
  "service",
  "direction",
  "start",
  "sessionStart",
  "energyWattHours",
  "aParty",
  "bParty",
  "imsi",
  "deviceId",
  "homeNetwork",
  "visitedNetwork",
  "sessionId",
];
const NUMBER_FIELDS = [
  "durationSeconds",
  "uplinkOctets",
  "downlinkOctets",
  "totalOctets",
  "units",
  "sequence",
];
