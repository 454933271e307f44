import { hash } from "node:crypto";
import { DiskRepetitionIndex } from "../../adapters/disk-repetition-index.ts";
import { openInput } from "../../adapters/files.ts";
import { TallystickError } from "../../core/errors.ts";
import type { FileReport, InspectLine, ParseOptions } from "../../core/formats/inspect-line.ts";
import {
  formatByName,
  NAME_THE_FORMAT,
  notUsage,
  recogniseFormat,
  type UsageFormat,
} from "../../core/formats/registry.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { ZoneClock } from "../../core/records/zone-clock.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output, UsageError } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<file...>", 'files to read, "-" for standard input')
      .option("--format <name>", "the format, instead of recognising it (see: tallystick formats)")
      .option("--zone <zone>", "time zone of local times that carry none, such as Europe/Berlin")
      .option(
        "--source <name>",
        "name of the switch or device, where ids are unique only within one",
      );
  },

  async run(args, options, { output }) {
    const files = args[0] as string[];
    const zone = options.zone as string | undefined;
    const formatName = options.format as string | undefined;
    asUsage(() => {
      if (zone !== undefined) new ZoneClock(zone);
      if (formatName !== undefined) formatByName(formatName);
    });
    let clean = true;
    for (const name of files) {
      const input = await openInput(name);
      const format =
        formatName === undefined
          ? recogniseFormat(input.head, name, NAME_THE_FORMAT)
          : formatByName(formatName);
      if (format.kind !== "usage") throw notUsage(name);
      const parse: ParseOptions = {
        file: name,
        ...(zone === undefined ? {} : { zone }),
        ...(options.source === undefined ? {} : { sourceName: options.source as string }),
        repetitions: () => new DiskRepetitionIndex(),
        sha256: (bytes) => hash("sha256", bytes),
      };
      clean = (await printFile(format, input.chunks, parse, output)) && clean;
    }
    return clean ? EXIT.yes : EXIT.no;
  },
};

async function printFile(
  format: UsageFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ParseOptions,
  output: Output,
): Promise<boolean> {
  let clean = true;
  for await (const line of format.parse(chunks, options)) {
    if ("rejected" in line) clean = false;
    if ("file" in line && line.file.problems.length > 0) clean = false;
    await output.record(line);
    if (!output.json) await output.say(inWords(line));
  }
  return clean;
}

function inWords(line: InspectLine): string {
  if ("rejected" in line) {
    const { code, message, position, line: number } = line.rejected;
    const where =
      number === undefined ? `record ${position}` : `record ${position}, line ${number}`;
    return `REJECTED  ${where}: ${message} [${code}]`;
  }
  return "file" in line ? fileInWords(line.file) : recordInWords(line);
}

function recordInWords(record: UsageRecord): string {
  const quantity = [
    record.durationSeconds === undefined || record.service === "energy"
      ? ""
      : `${record.durationSeconds} s`,
    record.energyWattHours === undefined ? "" : `${record.energyWattHours} Wh`,
    record.units === undefined ? "" : `${record.units} units`,
    record.totalOctets === undefined ? "" : `${record.totalOctets} octets`,
  ].join("");
  return [
    record.start,
    record.service.padEnd(5),
    record.direction.padEnd(9),
    quantity.padStart(8),
    `${record.aParty ?? "-"} > ${record.bParty ?? "-"}`,
    record.billable ? "" : `not billable${record.cause === undefined ? "" : ` (${record.cause})`}`,
  ]
    .join("  ")
    .trimEnd();
}

function fileInWords(file: FileReport): string {
  const { durationSeconds } = file.computed;
  const head = `${file.name}: ${file.format}, ${file.records} records, ${file.rejected} rejected${durationSeconds === undefined ? "" : `, ${durationSeconds} s`}`;
  return [
    head,
    ...file.problems.map(({ code, message }) => `  PROBLEM  ${message} [${code}]`),
  ].join("\n");
}

/** What is wrong in the options is a wrong call, not a bad input. */
function asUsage(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof TallystickError) throw new UsageError(error.message);
    throw error;
  }
}
