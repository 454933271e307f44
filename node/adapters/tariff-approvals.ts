import { readFile } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";

/**
 * The approvals that a configuration names, by version; what they say is not checked here.
 * @throws TallystickError `file.not-readable`, `approval.not-json`
 */
export async function readApprovals(
  versions: readonly { version: number; approval?: string | undefined }[],
): Promise<Map<number, unknown>> {
  const approvals = new Map<number, unknown>();
  for (const { version, approval: file } of versions) {
    if (file === undefined) continue;
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
      const message = `The approval of version ${version} can not be read (${reason}).`;
      throw new TallystickError("file.not-readable", message, { file }, cause);
    }
    try {
      approvals.set(version, parseStrictJson(text));
    } catch (cause) {
      const message = `The approval of version ${version} is no JSON.`;
      throw new TallystickError("approval.not-json", message, { file }, cause);
    }
  }
  return approvals;
}
