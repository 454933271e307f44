import { TallystickError } from "../../core/errors.ts";
import { formatDecimalScaled } from "../../core/money/decimal.ts";
import type { ControlTotals } from "../../engine/store/stored-types.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";
import { allRows } from "../pages.ts";
import { ToldProgress } from "../told-progress.ts";

interface Suspended {
  record: { id: string; service: string; start: string; aParty?: string; bParty?: string };
  code: string;
  message: string;
  since: string;
}

interface Dropped extends Suspended {
  droppedAt: string;
  by: string;
  reason: string;
}

interface Reason {
  code: string;
  waiting: ControlTotals;
  oldest: string;
}

const PATH = "/v1/operator/suspense";
/** Records in one request, which the node decides about in one write. */
const IDS_AT_ONCE = 1_000;
/** Recycled, it is charged: so only who names it has decided that it is real. */
const SUSPECTED = "duplicate.suspected";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("<action>", "list, reasons, correct, recycle, drop or dropped")
      .argument("[id...]", "ids of records, as list shows them")
      .option(
        "--set <field=value>",
        "for correct: a field of the record; may be repeated",
        (one: string, all: string[] | undefined) => [...(all ?? []), one],
      )
      .option(
        "--all",
        "for recycle: all that wait, but suspected duplicates; for drop: with --code",
      )
      .option("--code <reason>", "only what waits for this reason")
      .option("--by <name>", "for drop: who decided it")
      .option("--reason <words>", "for drop: why it is never charged")
      .addHelpText(
        "after",
        "\n  list [--code REASON]          what waits, by reason" +
          "\n  reasons                       how much waits for which reason" +
          "\n  correct ID --set bParty=+49…  changes a record; recycle rates it again" +
          "\n  recycle ID… | --all           rates records again (exit code 1 when one still waits)" +
          "\n  drop ID… | --all --code REASON, with --by NAME --reason WORDS" +
          "\n                                decides that records are never charged" +
          "\n  dropped                       what was dropped, by whom, when and why" +
          "\nA suspected duplicate is charged when it is recycled by its id, which --all never does." +
          "\nA dropped record is kept, counts as dropped, and is a duplicate when it comes again.",
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
  const { code, by, reason } = options as Record<string, string | undefined>;
  switch (action) {
    case "list":
      return (node) => list(node, code, output);
    case "reasons":
      return (node) => tellReasons(node, output);
    case "dropped":
      return (node) => listDropped(node, output);
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
      return (node) => recycle(node, ids, code, output);
    case "drop":
      if (
        (ids.length === 0) !== (options.all === true) ||
        (ids.length === 0) !== (code !== undefined)
      ) {
        throw new UsageError("Write: tallystick suspense drop ID…, or drop --all --code REASON.");
      }
      if (!by?.trim() || !reason?.trim()) {
        throw new UsageError(
          "A record is dropped with --by NAME and --reason WORDS, kept with it.",
        );
      }
      return (node) => drop(node, ids, code, { by, reason }, output);
    default:
      throw new UsageError(
        `"${action}" is no action of suspense: use list, reasons, correct, recycle, drop or dropped.`,
      );
  }
}

function waiting(node: NodeClient, code: string | undefined): AsyncGenerator<Suspended> {
  const query = code === undefined ? "" : `?${new URLSearchParams({ code })}`;
  return allRows<Suspended>(node, `${PATH}${query}`, "suspended");
}

async function reasonsOf(node: NodeClient): Promise<Reason[]> {
  return (await node.get(`${PATH}/reasons`)).body.reasons as Reason[];
}

/** Reason by reason, the one of most records first. */
async function list(node: NodeClient, code: string | undefined, output: Output): Promise<ExitCode> {
  const reasons = (await reasonsOf(node)).filter((one) => code === undefined || one.code === code);
  let told = 0;
  for (const reason of reasons) {
    await output.say(inWords(reason));
    for await (const one of waiting(node, reason.code)) {
      const { record, message } = one;
      told++;
      await output.record({ suspended: one });
      await output.say(
        `  ${record.id}  ${record.start}  ${record.service}  ${record.aParty ?? "-"} > ${record.bParty ?? "-"}\n    ${message}`,
      );
    }
  }
  const byReason = Object.fromEntries(reasons.map(({ code, ...rest }) => [code, rest]));
  await output.record({ summary: { suspended: told, byReason } });
  await output.say(told === 0 ? "Nothing waits." : `${told} wait.`);
  return EXIT.yes;
}

async function tellReasons(node: NodeClient, output: Output): Promise<ExitCode> {
  const reasons = await reasonsOf(node);
  for (const reason of reasons) {
    await output.record({ reason });
    await output.say(inWords(reason));
  }
  const suspended = reasons.reduce((sum, { waiting }) => sum + waiting.records, 0);
  await output.record({ summary: { suspended, reasons: reasons.length } });
  await output.say(suspended === 0 ? "Nothing waits." : `${suspended} wait.`);
  return EXIT.yes;
}

const inWords = ({ code, waiting, oldest }: Reason): string =>
  `${code}: ${waiting.records} records, ${formatDecimalScaled(BigInt(waiting.durationMilliseconds), 3)} s, ${waiting.octets} octets, the oldest of ${oldest}`;

async function listDropped(node: NodeClient, output: Output): Promise<ExitCode> {
  let told = 0;
  for await (const one of allRows<Dropped>(node, "/v1/operator/dropped", "dropped")) {
    const { record, code, droppedAt, by, reason } = one;
    told++;
    await output.record({ dropped: one });
    await output.say(
      `${record.id}  ${record.start}  ${record.service}  waited for ${code}\n  dropped at ${droppedAt} by ${by}: ${reason}`,
    );
  }
  await output.record({ summary: { dropped: told } });
  await output.say(told === 0 ? "Nothing was dropped." : `${told} were dropped.`);
  return EXIT.yes;
}

async function correct(
  node: NodeClient,
  id: string,
  change: Record<string, unknown>,
  output: Output,
): Promise<ExitCode> {
  await node.send("PATCH", `${PATH}/${encodeURIComponent(id)}`, change);
  await output.record({ corrected: id, fields: Object.keys(change) });
  await output.say(`${id} is changed. Rate it again with: tallystick suspense recycle ${id}`);
  return EXIT.yes;
}

async function recycle(
  node: NodeClient,
  ids: string[],
  code: string | undefined,
  output: Output,
): Promise<ExitCode> {
  let suspected = 0;
  const chosen = [...ids];
  if (ids.length === 0) {
    for await (const one of waiting(node, code)) {
      if (one.code === SUSPECTED) suspected++;
      else chosen.push(one.record.id);
    }
  }
  const byOutcome = await decideAll(node, chosen, "recycle", { isNamed: ids.length > 0 }, output);
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

async function drop(
  node: NodeClient,
  ids: string[],
  code: string | undefined,
  decision: { by: string; reason: string },
  output: Output,
): Promise<ExitCode> {
  const chosen = [...ids];
  if (ids.length === 0) for await (const one of waiting(node, code)) chosen.push(one.record.id);
  const isNamed = ids.length > 0;
  await decideAll(node, chosen, "drop", { isNamed, ...decision }, output);
  await output.record({ summary: { dropped: chosen.length, ...decision } });
  await output.say(`${chosen.length} dropped by ${decision.by}: ${decision.reason}`);
  return EXIT.yes;
}

/**
 * A thousand after the other, durable before the next: an interrupt leaves the rest waiting.
 * @throws TallystickError `suspense.not-waiting` when one that was named does not wait
 */
async function decideAll(
  node: NodeClient,
  ids: readonly string[],
  step: "recycle" | "drop",
  { isNamed, ...decision }: { isNamed: boolean; by?: string; reason?: string },
  output: Output,
): Promise<Record<string, number>> {
  const byOutcome: Record<string, number> = {};
  const gone: string[] = [];
  const progress = new ToldProgress(step, ids.length, output);
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = ids.slice(at, at + IDS_AT_ONCE);
    const { body } = await node.send("POST", `${PATH}/${step}`, { ids: some, ...decision });
    const outcomes = body.outcomes as Record<string, string>;
    for (const id of some) {
      const outcome = outcomes[id];
      if (outcome === undefined) {
        gone.push(id);
        continue;
      }
      byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
      await output.record({ id, outcome });
      await output.say(`${id}  ${outcome}`);
    }
    progress.step(some.length);
  }
  // Of all that waited one may have been decided about meanwhile; one that was named should be there.
  if (gone.length === 0 || !isNamed) return byOutcome;
  throw new TallystickError(
    "suspense.not-waiting",
    `No such record waits in suspense: ${gone.slice(0, 5).join(", ")}${gone.length > 5 ? ` and ${gone.length - 5} more` : ""}. The others are done.`,
  );
}

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
