import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, type Hex, toHex } from "./core/bytes.ts";

/** The operator's token. */
export const operatorToken = (directory: string): Promise<Hex> =>
  secretFile(directory, "operator.token");

/** A secret of 32 bytes, made at first need, readable by its owner alone. */
export async function secretFile(directory: string, name: string): Promise<Hex> {
  const file = join(directory, name);
  if (!existsSync(file)) {
    await writeFile(file, `${toHex(new Uint8Array(randomBytes(32)))}\n`, {
      mode: 0o600,
      flag: "wx",
    });
  }
  const token = (await readFile(file, "utf8")).trim();
  return toHex(fromHex(token, 32));
}
