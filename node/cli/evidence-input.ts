import { openInput } from "../adapters/files.ts";
import { TallystickError } from "../core/errors.ts";
import { type Bundle, parseBundle } from "../core/evidence/bundle.ts";
import {
  EDITIONS_MAX,
  epochOfFile,
  evidencePlace,
  isEvidenceFile,
  openEvidenceFile,
} from "../core/evidence/evidence-file.ts";
import { ServiceError, UsageError } from "./output.ts";

/* A bundle from wherever a person has it: a file, standard input, or published files on a web server. */

const BUNDLE_BYTES_MAX = 512 * 1024 * 1024 - 64;
const TIMEOUT_MILLISECONDS = 60_000;

export interface EvidenceKeys {
  /** 32 bytes of the subscriber's link, for an evidence file that is sealed. */
  secret?: Uint8Array | undefined;
  /** Of the month that is looked for in a folder. */
  period?: string | undefined;
}

/**
 * @param name a file, "-", the URL of a file, or the URL of a folder of published files with "/" at its end
 * @throws TallystickError those of `openInput`, `openEvidenceFile` and `parseBundle`, with the file's
 *   name; `evidence-file.no-link`, `evidence-file.none`; ServiceError `published.unreachable`
 */
export async function readBundle(name: string, keys: EvidenceKeys = {}): Promise<Bundle> {
  try {
    const bytes = /^https?:/.test(name) ? await fetchNewest(name, keys) : await readFile(name);
    const text = isEvidenceFile(bytes) ? await open(bytes, keys) : decode(bytes);
    return parseBundle(text);
  } catch (error) {
    const isTheFiles =
      error instanceof TallystickError &&
      !(error instanceof UsageError || error instanceof ServiceError);
    if (!isTheFiles) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file: name }, error);
  }
}

function open(bytes: Uint8Array, { secret, period }: EvidenceKeys): Promise<string> {
  if (secret === undefined) {
    throw new TallystickError(
      "evidence-file.no-link",
      "This file opens with your personal link only: name it with --link or --secret-file.",
    );
  }
  const epoch = epochOfFile(bytes);
  if (period === undefined || period === epoch) return openEvidenceFile(bytes, secret);
  throw new UsageError(`The file is of ${epoch}, not of ${period}.`);
}

async function readFile(name: string): Promise<Uint8Array> {
  return joined((await openInput(name)).chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = "This is no evidence bundle: its bytes are no UTF-8. Copy it again.";
    throw new TallystickError("bundle.not-utf8", message, {}, cause);
  }
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > BUNDLE_BYTES_MAX) {
      const message = `An evidence bundle is at most ${BUNDLE_BYTES_MAX} bytes; this is more.`;
      throw new TallystickError("bundle.too-large", message);
    }
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Of a folder the newest edition of the month: they are numbered from 1 without gaps. */
async function fetchNewest(url: string, { secret, period }: EvidenceKeys): Promise<Uint8Array> {
  if (!url.endsWith("/")) {
    const file = await fetchFile(url);
    if (file !== undefined) return file;
    throw noneThere(url);
  }
  if (secret === undefined || period === undefined) {
    throw new UsageError(
      "A folder of published evidence is searched with --period and with --link or --secret-file.",
    );
  }
  let newest: Uint8Array | undefined;
  for (let edition = 1; edition <= EDITIONS_MAX; edition++) {
    const file = await fetchFile(new URL(evidencePlace(secret, period, edition), url).href);
    if (file === undefined) break;
    newest = file;
  }
  if (newest === undefined) throw noneThere(url);
  return newest;
}

async function fetchFile(url: string): Promise<Uint8Array | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  } catch (cause) {
    const message = `${new URL(url).origin} does not answer. Try again, or name another place.`;
    throw new ServiceError("published.unreachable", message, {}, cause);
  }
  if (response.status === 404 || response.status === 410) return undefined;
  if (!response.ok || response.body === null) {
    const message = `${new URL(url).origin} answered with status ${response.status}.`;
    throw new ServiceError("published.unreachable", message);
  }
  return joined(response.body);
}

const noneThere = (url: string): TallystickError =>
  new TallystickError(
    "evidence-file.none",
    `${new URL(url).origin} has no such evidence: check the link and the period, or ask your operator whether the month was published.`,
  );
