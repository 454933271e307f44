import { EventFiles } from "../../adapters/event-files.ts";
import type { CommandModule } from "../command.ts";
import { asFolderFault } from "../event-faults.ts";
import { forwardRecords } from "../event-forward.ts";
import { type IntakeOptions, takeEventsIn } from "../event-intake.ts";
import { type ProofOptions, proveOneEvent } from "../event-proofs.ts";
import { forgetBefore, forgetDue } from "../event-retention.ts";
import { declareNodeOptions, type NodeOptions } from "../node-options.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

interface Options extends NodeOptions, IntakeOptions, ProofOptions {
  into?: string;
  forward?: boolean;
  forgetBefore?: string;
}

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("[file...]", 'files of events (comma-separated lines), "-" for standard input')
      .requiredOption("--into <dir>", "where events are kept, and charges made of them")
      .option("--policy <file>", "what becomes one charge (docs/AGGREGATION.md)")
      .option(
        "--threads <number>",
        "threads that share the work (default: one for each core; 1 needs least memory)",
      )
      .option(
        "--partitions <number>",
        "parts of windows that begin now; a thread holds one in memory",
        "64",
      )
      .option("--close", "close every window now, without waiting for more events")
      .option("--forward", "hand finished charges to the node; while it is away they wait")
      .option("--prove <record>", "show of one event that it is in this record's charge, or is not")
      .option("--device <id>", "with --prove: the event's device")
      .option("--time <instant>", "with --prove: milliseconds since 1970, or ISO 8601")
      .option("--sequence <number>", "with --prove: the device's own counter", "0")
      .option("--out <file>", "with --prove: where the proof goes (default: standard output)")
      .option(
        "--forget-before <date>",
        "remove events and keys of windows before this day (UTC), if no bill of theirs can be challenged",
      )
      .addHelpText(
        "after",
        "\nA file that was read before goes on where it ended. Killed at any moment, it loses no event" +
          "\nand takes none twice. Usage records of finished windows lie in DIR/out for `ingest`." +
          "\nExit code 1 when an event was rejected or, with --prove, is not in the charge.",
      );
  },

  async run([files], given, { output }) {
    const options = given as Options;
    const into = options.into as string;
    try {
      const folder = new EventFiles(into);
      try {
        return await work(folder, files as string[], options, output);
      } finally {
        folder.release();
      }
    } catch (error) {
      throw asFolderFault(error, into);
    }
  },
};

async function work(
  folder: EventFiles,
  files: string[],
  options: Options,
  output: Output,
): Promise<ExitCode> {
  if (options.prove !== undefined) return proveOneEvent(folder, options, output);
  if (options.forgetBefore !== undefined)
    return forgetBefore(folder, options.forgetBefore, output, Date.now());
  if (files.length === 0 && options.close !== true && options.forward !== true) {
    throw new UsageError("Name files of events, or --close, --forward, --prove, --forget-before.");
  }
  let rejected = 0;
  if (files.length > 0 || options.close === true) {
    ({ rejected } = await takeEventsIn(folder, files, options, output));
  }
  if (options.forward === true) await forwardRecords(folder, options, output);
  await forgetDue(folder, output, Date.now());
  return rejected > 0 ? EXIT.no : EXIT.yes;
}
