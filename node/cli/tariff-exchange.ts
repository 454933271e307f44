import { join } from "node:path";
import { readCgratesFolder, writeCgratesFolder } from "../adapters/cgrates-folder.ts";
import { readTariffJson } from "../adapters/tariff-file.ts";
import { TallystickError } from "../core/errors.ts";
import { isCurrency } from "../core/money/currency.ts";
import { SERVICES, type Service } from "../core/records/usage-record.ts";
import { parseTariff } from "../core/tariff/check.ts";
import { CALENDAR_YEARS_DEFAULT } from "../core/tariff/document.ts";
import { exportCgrates } from "../core/tariff/export-cgrates.ts";
import { exportOcpi } from "../core/tariff/export-ocpi.ts";
import type { ExportNote } from "../core/tariff/fits-export.ts";
import { importCgrates } from "../core/tariff/import-cgrates.ts";
import { importOcpiTariff } from "../core/tariff/import-ocpi.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "./output.ts";

export interface ExchangeOptions {
  from?: string;
  to?: string;
  zone: string;
  currency?: string;
  subject?: string;
  tenant?: string;
  category?: string[];
  out?: string;
  party?: string;
}

/** Writes the document; what its reader must know goes to standard error. */
export async function importTariff(
  from: string,
  options: ExchangeOptions,
  output: Output,
): Promise<ExitCode> {
  if (options.from === "ocpi") return importOcpi(from, options.zone, output);
  if (options.from === "cgrates") return importFolder(from, options, output);
  throw new UsageError("tariff import needs --from ocpi or --from cgrates.");
}

/** Exit code as for a folder. */
async function importOcpi(file: string, zone: string, output: Output): Promise<ExitCode> {
  const json = await readTariffJson(file);
  return placed(file, async () => {
    const { document, notes } = importOcpiTariff(json, zone);
    parseTariff(document);
    for (const { code, place, message, isLeftOut } of notes) {
      output.remark(`${file}, ${place}: ${leftOut(isLeftOut)}${message} [${code}]`);
    }
    await write(document, output);
    return notes.some(({ isLeftOut }) => isLeftOut) ? EXIT.no : EXIT.yes;
  });
}

/** The answer is no (exit code 1) when something of the plan is not in the document. */
async function importFolder(
  folder: string,
  { zone, currency, subject, tenant, category = [] }: ExchangeOptions,
  output: Output,
): Promise<ExitCode> {
  if (currency !== undefined && !isCurrency(currency)) {
    throw new UsageError(`"${currency}" is no currency code of ISO 4217.`);
  }
  const files = await readCgratesFolder(folder);
  const until = new Date();
  until.setUTCFullYear(until.getUTCFullYear() + CALENDAR_YEARS_DEFAULT);
  try {
    const { document, notes } = importCgrates(files, {
      currency: currency ?? "USD",
      timeZone: zone,
      calendarUntil: until.toISOString().slice(0, 10),
      ...(subject === undefined ? {} : { subject }),
      ...(tenant === undefined ? {} : { tenant }),
      categories: new Map(category.map(readCategory)),
    });
    parseTariff(document);
    if (currency === undefined) {
      output.remark(`${folder}: the plan names no currency; USD is written (--currency).`);
    }
    for (const { code, file, line, message, isLeftOut } of notes) {
      const place = `${join(folder, file)}, line ${line}`;
      output.remark(`${place}: ${leftOut(isLeftOut)}${message} [${code}]`);
    }
    await write(document, output);
    return notes.some(({ isLeftOut }) => isLeftOut) ? EXIT.no : EXIT.yes;
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { file, ...place } = error.place;
    const path = file === undefined ? folder : join(folder, file);
    throw new TallystickError(error.code, error.message, { ...place, file: path }, error);
  }
}

function readCategory(text: string): [string, Service] {
  const [, name = "", service = ""] = /^(.+)=(\w+)$/.exec(text) ?? [];
  const known = SERVICES.find((one) => one === service);
  if (known !== undefined) return [name, known];
  throw new UsageError(`"${text}" says no category's service; write --category vendor1=voice.`);
}

const leftOut = (isLeftOut: boolean): string => (isLeftOut ? "NOT IN THE DOCUMENT: " : "");

export async function exportTariff(
  file: string,
  { to, out, tenant, party }: ExchangeOptions,
  output: Output,
): Promise<ExitCode> {
  if (to !== "cgrates" && to !== "ocpi") {
    throw new UsageError("tariff export needs --to ocpi or --to cgrates.");
  }
  if (to === "ocpi" && party === undefined) {
    throw new UsageError(
      "tariff export --to ocpi needs --party COUNTRY*CODE, whose tariff it is, such as DE*ALD.",
    );
  }
  const match = /^([A-Z]{2})\*?([A-Z0-9]{3})$/.exec(party ?? "");
  if (party !== undefined && match === null) {
    throw new UsageError(`"${party}" is no party such as DE*ALD.`);
  }
  const json = await readTariffJson(file);
  return placed(file, async () => {
    const document = parseTariff(json);
    if (to === "ocpi") {
      const [, countryCode = "", partyId = ""] = match ?? [];
      const { tariff, notes } = exportOcpi(document, { countryCode, partyId });
      remark(file, notes, output);
      await write(tariff, output);
      return EXIT.yes;
    }
    if (out === undefined) throw new UsageError("tariff export --to cgrates needs --out FOLDER.");
    const { files, notes } = exportCgrates(document, tenant);
    remark(file, notes, output);
    await writeCgratesFolder(out, files);
    await output.record({ exported: { folder: out, files: [...files.keys()] } });
    await output.say(`${files.size} files in ${out}`);
    return EXIT.yes;
  });
}

function remark(file: string, notes: readonly ExportNote[], output: Output): void {
  for (const { code, place, message } of notes) {
    output.remark(`${file}, ${place}: ${message} [${code}]`);
  }
}

async function write(document: object, output: Output): Promise<void> {
  await output.record(document);
  await output.say(JSON.stringify(document, undefined, 2));
}

async function placed(file: string, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TallystickError) || error instanceof UsageError) throw error;
    throw new TallystickError(error.code, error.message, { file, ...error.place }, error);
  }
}
