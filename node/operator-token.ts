import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, type Hex, toHex } from "./core/bytes.ts";

/** The operator's token, made at first start, readable by its owner alone. */
export async function operatorToken(directory: string): Promise<Hex> {
  const file = join(directory, "operator.token");
  if (!existsSync(file)) {
    await writeFile(file, `${toHex(new Uint8Array(randomBytes(32)))}\n`, {
      mode: 0o600,
      flag: "wx",
    });
  }
  const token = (await readFile(file, "utf8")).trim();
  return toHex(fromHex(token, 32));
}
