import { readFile } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import { requireKnownKeys } from "../core/rating/account-list.ts";
import { whyUnreadable } from "./files.ts";

/**
 * Plans, pools and sponsors of accounts as a configuration names them; what they say is checked with the
 * tariff.
 * @returns undefined where none are named: every account is on the tariff's default plan
 * @throws TallystickError `file.not-readable`, `accounts.…`, those of `parseStrictJson`
 */
export async function readChargingAccounts(file: string | undefined): Promise<unknown> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const message = `The accounts can not be read: ${whyUnreadable(cause)}.`;
    throw new TallystickError("file.not-readable", message, { file }, cause);
  }
  const written = parseStrictJson(text);
  requireKnownKeys(written);
  return written;
}
