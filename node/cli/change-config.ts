import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";

/**
 * Replaces fields of a node's configuration in one step, as the node may start or read it at any moment.
 * @param done what stands already when this fails
 * @throws TallystickError `file.not-writable`
 */
export async function changeConfig(
  configFile: string,
  fields: Record<string, unknown>,
  done: string,
): Promise<void> {
  const draft = `${configFile}.${process.pid}.draft`;
  try {
    const config = JSON.parse(await readFile(configFile, "utf8")) as object;
    const text = JSON.stringify({ ...config, ...fields }, undefined, 2);
    await writeFile(draft, `${text}\n`, { flush: true, mode: 0o600 });
    await rename(draft, configFile);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new TallystickError(
      "file.not-writable",
      `${done}, but the configuration can not be written; call it again, or change it there yourself.`,
      { file: configFile },
      cause,
    );
  }
}
