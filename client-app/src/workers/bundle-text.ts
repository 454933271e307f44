import { isEvidenceFile, openEvidenceFile } from "../../../node/core/evidence/evidence-file.ts";

/** An evidence bundle is JSON; more than this no subscriber's month needs. */
const BUNDLE_BYTES_MAX = 512_000_000;

/**
 * The text of a file that looks like an evidence bundle, or of a published evidence file that the link
 * opens; undefined for anything else.
 * @param secret of the link, where there is one
 */
export async function bundleText(file: File, secret?: Uint8Array): Promise<string | undefined> {
  if (file.size > BUNDLE_BYTES_MAX) return undefined;
  const head = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  if (isEvidenceFile(head)) {
    if (secret === undefined) return undefined;
    const bytes = new Uint8Array(await file.arrayBuffer());
    return openEvidenceFile(bytes, secret).catch(() => undefined);
  }
  return new TextDecoder().decode(head).trimStart().startsWith("{") ? file.text() : undefined;
}
