/** An evidence bundle is JSON; more than this no subscriber's month needs. */
const BUNDLE_BYTES_MAX = 512_000_000;

/** The text of a file that looks like an evidence bundle; undefined for anything else. */
export async function bundleText(file: File): Promise<string | undefined> {
  if (file.size > BUNDLE_BYTES_MAX) return undefined;
  const head = await file.slice(0, 1024).text();
  return head.trimStart().startsWith("{") ? file.text() : undefined;
}
