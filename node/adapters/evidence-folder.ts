import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import type {
  EvidenceManifest,
  EvidenceShelf,
  NewFile,
} from "../engine/evidence/evidence-shelf.ts";

/** Files that are open at once; a disk's own queue is not much longer. */
const FILES_AT_ONCE = 16;
/** Where files are written before they get their names; a web server leaves such names out. */
const PARTS = ".parts";

/**
 * A folder of evidence files on a disk. A file gets its name once its bytes are on the disk, so that
 * whatever bears a name is whole and never changes; what a crash left of others is swept away.
 */
export class EvidenceFolder implements EvidenceShelf {
  readonly path: string;
  readonly #folders = new Set<string>();

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws TallystickError `publish.not-written` */
  static async open(path: string): Promise<EvidenceFolder> {
    try {
      await mkdir(join(path, PARTS), { recursive: true });
    } catch (cause) {
      throw notWritten(path, cause);
    }
    return new EvidenceFolder(path);
  }

  async sweep(): Promise<void> {
    const parts = join(this.path, PARTS);
    try {
      for (const name of await readdir(parts)) await rm(join(parts, name));
    } catch (cause) {
      throw notWritten(parts, cause);
    }
  }

  lengths(places: readonly string[]): Promise<(number | undefined)[]> {
    return atOnce(places, async (place) => {
      try {
        return (await stat(join(this.path, place))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw notWritten(join(this.path, place), error);
      }
    });
  }

  async put(files: readonly NewFile[]): Promise<number[]> {
    const written = await atOnce(files, async ({ place, chunks }) => {
      const part = await this.#write(chunks());
      return { ...part, place };
    });
    try {
      for (const { part, place } of written) {
        const file = join(this.path, place);
        await this.#makeFolder(dirname(file));
        await rename(part, file);
      }
      const folders = new Set(written.map(({ place }) => dirname(join(this.path, place))));
      await atOnce([...folders], syncFolder);
    } catch (cause) {
      throw notWritten(this.path, cause);
    }
    return written.map(({ length }) => length);
  }

  async writeManifest(epoch: string, manifest: EvidenceManifest): Promise<void> {
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
    const folder = join(this.path, epoch);
    const { part } = await this.#write([Buffer.from(text)]);
    try {
      await this.#makeFolder(folder);
      await rename(part, join(folder, "manifest.json"));
      await syncFolder(folder);
    } catch (cause) {
      throw notWritten(folder, cause);
    }
  }

  async #write(
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<{ part: string; length: number }> {
    const part = join(this.path, PARTS, randomUUID());
    let length = 0;
    try {
      const handle = await open(part, "wx", 0o644);
      try {
        for await (const chunk of chunks) {
          await handle.writeFile(chunk);
          length += chunk.length;
        }
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      await rm(part, { force: true }).catch(() => {});
      throw cause instanceof TallystickError ? cause : notWritten(part, cause);
    }
    return { part, length };
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await mkdir(folder, { recursive: true });
    await syncFolder(dirname(folder));
    this.#folders.add(folder);
  }
}

/** A name survives a power cut once its folder was synchronised. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Some at a time, the answers in their order. After a failure no more are begun. */
async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lanes = Array.from({ length: Math.min(FILES_AT_ONCE, items.length) }, async () => {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  });
  const ended = await Promise.allSettled(lanes);
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
  return results;
}

function notWritten(file: string, cause: unknown): TallystickError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  return new TallystickError(
    "publish.not-written",
    `The evidence can not be written (${reason}). Check that the folder can be written and that its disk is not full; what was begun goes on with the next call.`,
    { file },
    cause,
  );
}
