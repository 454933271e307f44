import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DiskReserve } from "../adapters/disk.ts";
import { LAID_STEP_BYTES } from "../adapters/laid-step.ts";
import { HttpError } from "./http-error.ts";
import { endsLine, newSpoolPath, type SpooledFile, spoolError } from "./spooled-file.ts";

const NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WORD_CHARACTERS_MAX = 200;

/** What who lays a file tells of it, on a line each: how long it is by now, and when it is whole its digest. */
const wordSchema = z.strictObject({
  bytes: z.number().int().min(0),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type LaidWord = z.infer<typeof wordSchema>;

/**
 * Files that a command on the node's own machine lays into the spool, so that their bytes need not go through a
 * connection. Only who may write into the node's own folders can (its user), and names nothing but a file of the
 * one folder that is there for that: whoever holds the operator's token alone can have no file read that way.
 * Why so: docs/decisions/0015.
 */
export class LaidFiles {
  readonly #spoolFolder: string;
  readonly #reserve: DiskReserve;

  constructor(spoolFolder: string, reserve: DiskReserve) {
    this.#spoolFolder = spoolFolder;
    this.#reserve = reserve;
  }

  /** Where they are laid; only the node's user may. @throws TallystickError `spool.write-failed` */
  async folder(): Promise<string> {
    const folder = join(this.#spoolFolder, "laid");
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw spoolError(error);
    }
    return folder;
  }

  /**
   * Makes a file that was laid, or is being laid, the spool's own: nobody else can claim it.
   * @returns where it stands from now on
   * @throws HttpError 409 `ingest.not-laid`, TallystickError `disk.nearly-full`
   */
  async claim(name: string): Promise<string> {
    if (!NAME.test(name)) throw notLaid();
    await this.#reserve.requireRoom();
    const laid = join(await this.folder(), `${name}.usage`);
    const path = newSpoolPath(this.#spoolFolder);
    try {
      await rename(laid, path);
    } catch {
      throw notLaid();
    }
    const found = await lstat(path);
    // A link would have a file read, and then removed, that was never laid here.
    if (found.isFile() && found.nlink === 1 && found.uid === process.geteuid?.()) return path;
    await rm(path, { force: true, recursive: true });
    throw notLaid();
  }

  /**
   * Follows a claimed file while it is still written.
   * @param words of who lays it, one JSON object a line; the last one with the digest
   * @param onWritten told how many bytes stand in the file
   * @param onRoom told after each step for which the disk has room
   * @throws HttpError 400 `ingest.laid-words`, 422 `ingest.laid-differs`; TallystickError `disk.nearly-full`
   */
  async follow(
    path: string,
    words: AsyncIterable<Uint8Array>,
    onWritten: (bytes: number) => void,
    onRoom: () => void = () => {},
  ): Promise<SpooledFile> {
    try {
      let bytes = 0;
      let looked = 0;
      let sha256: string | undefined;
      for await (const word of wordsOf(words)) {
        if (word.bytes < bytes || sha256 !== undefined) throw unusableWords();
        ({ bytes, sha256 } = word);
        for (; bytes - looked >= LAID_STEP_BYTES; looked += LAID_STEP_BYTES) {
          await this.#reserve.requireRoom();
          onRoom();
        }
        if ((await lstat(path)).size < bytes) throw differs();
        onWritten(bytes);
      }
      if (sha256 === undefined || (await lstat(path)).size !== bytes) throw differs();
      return { path, sha256, endsLine: await endsLine(path, bytes) };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }
}

async function* wordsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<LaidWord> {
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) yield wordOf(line);
    if (rest.length > WORD_CHARACTERS_MAX) throw unusableWords();
  }
  if (rest !== "") yield wordOf(rest);
}

function wordOf(line: string): LaidWord {
  try {
    return wordSchema.parse(JSON.parse(line));
  } catch {
    throw unusableWords();
  }
}

const unusableWords = (): HttpError =>
  new HttpError(
    400,
    "ingest.laid-words",
    'Of a laid file its growing length is told, {"bytes":1048576} on a line each, and last of all with its digest, "sha256". Nothing of the file was taken in.',
  );

const notLaid = (): HttpError =>
  new HttpError(
    409,
    "ingest.not-laid",
    "No such file was laid into this node's spool; send its bytes instead.",
  );

const differs = (): HttpError =>
  new HttpError(
    422,
    "ingest.laid-differs",
    "The file that was laid into the spool is not as long as was told. Nothing of it was taken in; send it again.",
  );
