import { openInput } from "../../adapters/files.ts";
import { readTariffJson } from "../../adapters/tariff-file.ts";
import { TallystickError } from "../../core/errors.ts";
import { recognises as isBill, parse as parseBill } from "../../core/formats/bill-csv.ts";
import type { Rejection } from "../../core/formats/inspect-line.ts";
import { recogniseFormat } from "../../core/formats/registry.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import { ZoneClock } from "../../core/records/zone-clock.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { BillLine } from "../../core/verdicts/bill-line.ts";
import { type BillCheck, checkBill } from "../../core/verdicts/check-bill.ts";
import { type DeviceEntry, deviceEntry } from "../../core/verdicts/device-entry.ts";
import { readPeriod } from "../../core/verdicts/period.ts";
import { priceByTariff } from "../../core/verdicts/price-by-tariff.ts";
import { tellLogsApart } from "../../core/verdicts/shared-entries.ts";
import type { LineVerdict } from "../../core/verdicts/verdict.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output, UsageError } from "../output.ts";

/** Problems that mean entries are missing: verdicts on such a log would accuse wrongly. */
const LOG_INCOMPLETE = ["xml.truncated", "xml.not-well-formed"];

export const command: CommandModule = {
  declare(parser) {
    parser
      .requiredOption("--bill <file>", 'the bill\'s lines as CSV, "-" for standard input')
      .requiredOption(
        "--device-log <file...>",
        "the phone's own log; several phones, several files",
      )
      .option("--zone <zone>", "time zone of lines that carry none, such as Europe/Berlin", "UTC")
      .option("--tariff <file>", "recompute prices by this tariff")
      .option("--period <from/to>", "the bill's period, half-open, such as 2014-12-01/2015-01-01")
      .addHelpText("after", "\nExit code 1 when something is disputed, else 0.");
  },

  async run(_args, options, { output }) {
    const zone = options.zone as string;
    const period = options.period as string | undefined;
    requireUsable(zone, period);
    const tariff =
      options.tariff === undefined ? undefined : await loadTariff(options.tariff as string);
    const { lines, rejected } = await readBill(options.bill as string, tariff?.currency);
    const logs = options.deviceLog as string[];
    const deviceEntries: DeviceEntry[] = [];
    const names = tellLogsApart(logs);
    for (const [at, log] of logs.entries()) {
      const entries = await readDeviceLog(log, names[at] ?? log, zone, output);
      for (const entry of entries) deviceEntries.push(entry);
    }
    const check = checkBill({
      lines,
      deviceEntries,
      zone,
      ...(period === undefined ? {} : { period }),
      ...(tariff === undefined ? {} : { priceLine: priceByTariff(tariff) }),
    });
    const { sharedEntries: shared } = check.summary;
    if (shared > 0) {
      const entries = shared === 1 ? "1 entry stands" : `${shared} entries stand`;
      output.remark(`${entries} in several of the logs and counted once.`);
    }
    await print(check, rejected, output);
    const isClean = check.summary.disputedNano === 0n && rejected.length === 0;
    return isClean ? EXIT.yes : EXIT.no;
  },
};

function requireUsable(zone: string, period: string | undefined): void {
  try {
    const clock = new ZoneClock(zone);
    if (period !== undefined) readPeriod(period, clock);
  } catch (error) {
    throw error instanceof TallystickError ? new UsageError(error.message) : error;
  }
}

async function loadTariff(file: string): Promise<CompiledTariff> {
  const json = await readTariffJson(file);
  try {
    return compileTariff(json);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
}

async function readBill(
  file: string,
  currency: string | undefined,
): Promise<{ lines: BillLine[]; rejected: Rejection[] }> {
  const input = await openInput(file);
  if (!isBill(input.head)) {
    // What it is instead is worth saying; an unknown format says so itself.
    const { name } = recogniseFormat(input.head, file);
    throw new TallystickError("bill.not-a-bill", `This is ${name}, not the lines of a bill.`, {
      file,
    });
  }
  const lines: BillLine[] = [];
  const rejected: Rejection[] = [];
  for await (const item of parseBill(input.chunks, {
    file,
    ...(currency === undefined ? {} : { currency }),
  })) {
    if ("line" in item) lines.push(item.line);
    else rejected.push(item.rejected);
  }
  return { lines, rejected };
}

/** @throws TallystickError `device-log.incomplete`: a log that was cut would make lines look false */
async function readDeviceLog(
  file: string,
  name: string,
  zone: string,
  output: Output,
): Promise<DeviceEntry[]> {
  const input = await openInput(file);
  const format = recogniseFormat(input.head, file);
  if (format.kind !== "usage") {
    throw new TallystickError("device-log.not-a-log", "This is a bill, not a device's log.", {
      file,
    });
  }
  const entries: DeviceEntry[] = [];
  for await (const line of format.parse(input.chunks, { file, zone })) {
    if ("file" in line) {
      const broken = line.file.problems.find(({ code }) => LOG_INCOMPLETE.includes(code));
      if (broken !== undefined) throw new TallystickError(broken.code, broken.message, { file });
      for (const { code, message } of line.file.problems)
        output.remark(`${file}: ${message} [${code}]`);
    } else if ("rejected" in line) {
      output.remark(
        `${file}: entry ${line.rejected.position}: ${line.rejected.message} [${line.rejected.code}]`,
      );
    } else {
      entries.push(deviceEntry(line, name));
    }
  }
  return entries;
}

async function print(
  check: BillCheck,
  rejected: readonly Rejection[],
  output: Output,
): Promise<void> {
  for (const line of check.lines) {
    await output.record(lineFields(line));
    if (!output.json) await output.say(lineInWords(line));
  }
  for (const one of rejected) {
    await output.record({ rejected: one });
    await output.say(`REJECTED  line ${one.line ?? one.position}: ${one.message} [${one.code}]`);
  }
  for (const { entry, because } of check.deviceOnly) {
    await output.record({ deviceOnly: entryFields(entry), because });
  }
  const { summary } = check;
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(summary.currency));
  await output.record({
    summary: {
      lines: summary.lines,
      byVerdict: summary.byVerdict,
      ...(rejected.length === 0 ? {} : { rejected: rejected.length }),
      disputedAmount: money(summary.disputedNano),
      undecidedAmount: money(summary.undecidedNano),
      currency: summary.currency,
      clockOffsetSeconds: summary.clockOffsetSeconds,
      ...(summary.sharedEntries === 0 ? {} : { sharedEntries: summary.sharedEntries }),
    },
  });
  const counts = Object.entries(summary.byVerdict).map(([verdict, count]) => `${count} ${verdict}`);
  await output.say(
    `\n${summary.lines} lines: ${counts.join(", ")}. Disputed: ${money(summary.disputedNano)} ${summary.currency}; undecided: ${money(summary.undecidedNano)} ${summary.currency}. Entries of the device on no line: ${check.deviceOnly.length}.`,
  );
}

function lineFields(found: LineVerdict): object {
  const { line, deviceEntry: entry } = found;
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(line.currency));
  return {
    line: line.line,
    verdict: found.verdict,
    ...(found.reason === undefined ? {} : { reason: found.reason }),
    amount: money(line.amountNano),
    disputedAmount: money(found.disputedNano),
    currency: line.currency,
    ...(entry === undefined ? {} : { deviceEntry: entryFields(entry) }),
    ...(found.startDifferenceSeconds === undefined
      ? {}
      : { startDifferenceSeconds: found.startDifferenceSeconds }),
    ...(found.durationDifferenceSeconds === undefined
      ? {}
      : { durationDifferenceSeconds: found.durationDifferenceSeconds }),
    because: found.because,
  };
}

function entryFields(entry: DeviceEntry): object {
  return {
    id: entry.id,
    log: entry.log,
    service: entry.service,
    direction: entry.direction,
    start: new Date(entry.startMs).toISOString(),
    ...(entry.durationSeconds === undefined ? {} : { durationSeconds: entry.durationSeconds }),
    ...(entry.number === undefined ? {} : { number: entry.number }),
    answered: entry.answered,
  };
}

function lineInWords(found: LineVerdict): string {
  const { line } = found;
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(line.currency));
  const disputed = found.disputedNano === 0n ? "" : `  disputed ${money(found.disputedNano)}`;
  return `${line.line.padEnd(6)} ${found.verdict.padEnd(20)} ${money(line.amountNano).padStart(8)} ${line.currency}${disputed}\n       ${found.because}`;
}
