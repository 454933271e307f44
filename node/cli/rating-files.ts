import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { whyUnreadable } from "../adapters/files.ts";
import { readTariffJson } from "../adapters/tariff-file.ts";
import { TallystickError } from "../core/errors.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import { AccountDirectory } from "../core/rating/account-directory.ts";
import { requireKnownKeys } from "../core/rating/account-list.ts";
import type { BillingPeriods } from "../core/rating/billing-period.ts";
import { RatingState } from "../core/rating/rating-state.ts";
import { type CompiledTariff, compileTariff } from "../core/tariff/compile.ts";

/* The files that rating reads beside usage; an error names the file. */

export async function loadTariff(file: string): Promise<CompiledTariff> {
  const json = await readTariffJson(file);
  return naming(file, () => compileTariff(json));
}

/** Without a file, each served number is an account of its own. */
export async function loadAccounts(
  file: string | undefined,
  tariff: CompiledTariff,
  periods: BillingPeriods,
): Promise<AccountDirectory> {
  if (file === undefined) return new AccountDirectory(tariff.document, true);
  const json = parseJson(file, await readText(file), "accounts.not-json");
  return naming(file, () => {
    requireKnownKeys(json);
    return AccountDirectory.read(json, tariff.document, periods);
  });
}

/** A file that is not there yet is a new state. */
export async function loadState(
  file: string | undefined,
  { document }: CompiledTariff,
): Promise<RatingState> {
  if (file === undefined) return new RatingState(document);
  const text = await readText(file).catch((error: unknown) => {
    if (error instanceof TallystickError && isMissing(error.cause)) return undefined;
    throw error;
  });
  if (text === undefined) return new RatingState(document);
  const json = parseJson(file, text, "state.not-json");
  return naming(file, () => RatingState.read(json, document));
}

/** In one step: after a crash the file holds the state of before or of after, never a part. */
export async function saveState(file: string, state: RatingState): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  try {
    await writeFile(draft, `${JSON.stringify(state)}\n`, { flush: true });
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new TallystickError(
      "file.not-writable",
      `The state can not be written (${reason}); nothing of this run is kept.`,
      { file },
      cause,
    );
  }
}

/** @param code of the error when the file holds no JSON */
export async function readJsonFile(file: string, code: string): Promise<unknown> {
  return parseJson(file, await readText(file), code);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new TallystickError(
      "file.not-readable",
      `The file can not be read: ${whyUnreadable(cause)}.`,
      { file },
      cause,
    );
  }
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ENOENT";

function parseJson(file: string, text: string, code: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    const known = cause.code === "json.malformed" ? code : cause.code;
    throw new TallystickError(known, cause.message, { ...cause.place, file }, cause);
  }
}

function naming<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
}
