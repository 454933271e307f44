import { readFile, stat } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import { whyUnreadable } from "./files.ts";

/** A hundred thousand prefixes fit several times. */
const TARIFF_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The JSON of a tariff document, unchecked.
 * @throws TallystickError `file.not-readable`, `tariff.too-large`, `tariff.not-json`,
 *   `json.duplicate-key` and others of `parseStrictJson`
 */
export async function readTariffJson(path: string): Promise<unknown> {
  const place = { file: path };
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > TARIFF_BYTES_MAX) {
      throw new TallystickError(
        "tariff.too-large",
        `A tariff of ${size} bytes; at most ${TARIFF_BYTES_MAX} are read.`,
        place,
      );
    }
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof TallystickError) throw cause;
    const message = `The tariff can not be read: ${whyUnreadable(cause)}.`;
    throw new TallystickError("file.not-readable", message, place, cause);
  }
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    const code = cause.code === "json.malformed" ? "tariff.not-json" : cause.code;
    throw new TallystickError(code, cause.message, { ...cause.place, ...place }, cause);
  }
}
