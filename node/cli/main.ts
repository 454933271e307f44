import { hashInWideRegisters } from "../adapters/wide-registers.ts";
import type { CommandModule } from "./command.ts";
import {
  createOutput,
  describeError,
  EXIT,
  endOnOutputError,
  exitCodeOf,
  plainText,
  UsageError,
} from "./output.ts";

interface Entry {
  name: string;
  summary: string;
  load: () => Promise<{ command: CommandModule }>;
}

/** The table of contents: each command is loaded only when it is called. */
const COMMANDS: Entry[] = [
  {
    name: "inspect",
    summary: "print the usage records of files, one line each",
    load: () => import("./commands/inspect.ts"),
  },
  {
    name: "formats",
    summary: "list the file formats that are understood",
    load: () => import("./commands/formats.ts"),
  },
  {
    name: "check-bill",
    summary: "check a bill against a phone's own log, line by line",
    load: () => import("./commands/check-bill.ts"),
  },
  {
    name: "rate",
    summary: "price usage records by a tariff, one line each",
    load: () => import("./commands/rate.ts"),
  },
  {
    name: "tariff",
    summary: "check a tariff document, print its schema or its root",
    load: () => import("./commands/tariff.ts"),
  },
  {
    name: "twin",
    summary: "replay usage through a draft tariff and show what changes",
    load: () => import("./commands/twin.ts"),
  },
  {
    name: "ingest",
    summary: "take in files of usage records",
    load: () => import("./commands/ingest.ts"),
  },
  {
    name: "aggregate",
    summary: "make one charge of thousands of events, with its audit trail",
    load: () => import("./commands/aggregate.ts"),
  },
  {
    name: "commit",
    summary: "commit what was rated to the ledger now",
    load: () => import("./commands/commit.ts"),
  },
  {
    name: "bill",
    summary: "run the bill of a period",
    load: () => import("./commands/bill.ts"),
  },
  {
    name: "evidence",
    summary: "write a subscriber's evidence bundle",
    load: () => import("./commands/evidence.ts"),
  },
  {
    name: "verify",
    summary: "check an evidence bundle, alone",
    load: () => import("./commands/verify.ts"),
  },
  {
    name: "explain",
    summary: "say why a line costs what it costs",
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "dispute",
    summary: "claim a line back on the ledger",
    load: () => import("./commands/dispute.ts"),
  },
  {
    name: "demand",
    summary: "demand evidence that the operator withholds, on the ledger",
    load: () => import("./commands/demand.ts"),
  },
  {
    name: "disputes",
    summary: "disputes between members about statements",
    load: () => import("./commands/disputes.ts"),
  },
  {
    name: "suspense",
    summary: "list, correct, recycle or drop records that wait",
    load: () => import("./commands/suspense.ts"),
  },
  {
    name: "correct",
    summary: "correct charges that are committed, by credits and other charges",
    load: () => import("./commands/correct.ts"),
  },
  {
    name: "totals",
    summary: "show that what came in is what became of it, by file and by hour",
    load: () => import("./commands/totals.ts"),
  },
  {
    name: "balance",
    summary: "show and top up prepaid balances, and what is charged on them",
    load: () => import("./commands/balance.ts"),
  },
  {
    name: "edge",
    summary: "run a small charging node on slices of balances",
    load: () => import("./commands/edge.ts"),
  },
  {
    name: "status",
    summary: "say how the node is doing",
    load: () => import("./commands/status.ts"),
  },
  {
    name: "fsck",
    summary: "check the node's store",
    load: () => import("./commands/fsck.ts"),
  },
  {
    name: "retention",
    summary: "say what of past months is kept, until when, and what is erased",
    load: () => import("./commands/retention.ts"),
  },
  {
    name: "compact",
    summary: "give back the space of what the node's store dropped",
    load: () => import("./commands/compact.ts"),
  },
];

function overview(): string {
  const width = Math.max(...COMMANDS.map((entry) => entry.name.length));
  return [
    "Usage: tallystick COMMAND [ARGUMENTS] [--json] [--help]",
    "",
    "Commands:",
    ...COMMANDS.map((entry) => `  ${entry.name.padEnd(width)}  ${entry.summary}`),
    "",
    "`tallystick COMMAND --help` describes one. Exit codes: 0 yes, 1 no, 2 wrong call,",
    "3 unusable input, 4 a service could not be reached.",
  ].join("\n");
}

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? EXIT.wrongCall : EXIT.yes;
  }
  const json = rest.includes("--json");
  const debug = rest.includes("--debug");
  try {
    const entry = COMMANDS.find((candidate) => candidate.name === name);
    if (entry === undefined) {
      throw new UsageError(`There is no command "${name}". Run "tallystick --help" for the list.`);
    }
    return await runCommand(entry, rest, json, debug);
  } catch (error) {
    process.stderr.write(plainText(`tallystick ${name}: ${describeError(error, debug)}\n`));
    if (json) process.stdout.write(`${JSON.stringify({ error: errorFields(error) })}\n`);
    return exitCodeOf(error);
  }
}

function errorFields(error: unknown): object {
  if (error instanceof Error && "toJSON" in error && typeof error.toJSON === "function") {
    return error.toJSON() as object;
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

async function runCommand(
  entry: Entry,
  rest: string[],
  json: boolean,
  debug: boolean,
): Promise<number> {
  const { Command, CommanderError } = await import("commander");
  const { command } = await entry.load();
  const parser = new Command(`tallystick ${entry.name}`)
    .description(entry.summary)
    .option("--json", "newline-delimited JSON on standard output")
    .option("--debug", "show stack traces")
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.declare(parser);
  let exit: number = EXIT.yes;
  parser.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2);
    const options = given[given.length - 2] as Record<string, unknown>;
    exit = await command.run(args, options, { output: createOutput(json), debug });
  });
  try {
    await parser.parseAsync(rest, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.yes;
    throw new UsageError(
      `${error.message.replace(/^error: /, "")}. See "tallystick ${entry.name} --help".`,
    );
  }
  return exit;
}

hashInWideRegisters();
endOnOutputError();
process.exitCode = await main(process.argv.slice(2));
