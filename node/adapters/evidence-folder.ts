import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import type {
  EvidenceManifest,
  EvidenceShelf,
  NewFile,
  WrittenShelf,
} from "../engine/evidence/evidence-shelf.ts";
import { type FilesResult, type FilesTask, notErased, notWritten } from "./evidence-files.ts";
import { TaskThreads } from "./task-threads.ts";

/** Files that are open at once; a disk's own queue is not much longer. */
const FILES_AT_ONCE = 16;
/** From so many on a thread does what is asked, and the file system is synchronised as a whole. */
const MANY_FILES = 64;
const THREAD_IDLE_MILLISECONDS = 5_000;
const PROGRAM = new URL("./evidence-files-thread.ts", import.meta.url);
/** Where files are written before they get their names; a web server leaves such names out. */
const PARTS = ".parts";
const MONTH = /^\d{4}-\d{2}$/;

/**
 * A folder of evidence files on a disk. A file gets its name once its bytes are on the disk, so that
 * whatever bears a name is whole and never changes; what a crash left of others is swept away.
 */
export class EvidenceFolder implements EvidenceShelf, WrittenShelf {
  readonly path: string;
  readonly #folders = new Set<string>();
  #thread: TaskThreads<FilesTask, FilesResult> | undefined;
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #program: URL;

  private constructor(path: string, program: URL) {
    this.path = path;
    this.#program = program;
  }

  /**
   * @param program the thread's; another one only in tests
   * @throws TallystickError `publish.not-written`
   */
  static async open(path: string, program = PROGRAM): Promise<EvidenceFolder> {
    try {
      await mkdir(join(path, PARTS), { recursive: true });
    } catch (cause) {
      throw notWritten(path, cause);
    }
    return new EvidenceFolder(path, program);
  }

  /**
   * One that was written to. A folder where nothing of the kind lies may be a place where a disk is not mounted:
   * what is on that disk is not gone.
   * @throws TallystickError `publish.not-erased`
   */
  static async written(path: string): Promise<EvidenceFolder> {
    let names: string[];
    try {
      names = await namesIn(path);
    } catch (cause) {
      throw notErased(path, cause);
    }
    if (names.some((name) => name === PARTS || MONTH.test(name))) {
      return new EvidenceFolder(path, PROGRAM);
    }
    throw new TallystickError(
      "publish.not-erased",
      `Evidence whose retention is over was published to a folder that is not there now, as where a disk is not mounted. Mount it; it is tried again. If it is gone for good, make an empty folder with a folder ${PARTS} in its place.`,
      { file: path },
    );
  }

  async sweep(): Promise<void> {
    const parts = join(this.path, PARTS);
    try {
      for (const name of await readdir(parts)) await rm(join(parts, name));
      // A file's bytes are on the disk before it gets its name; the names may not be.
      if (!(await this.#syncAll())) await atOnce(await this.#foldersOfNames(), syncPath);
    } catch (cause) {
      throw cause instanceof TallystickError ? cause : notWritten(parts, cause);
    }
  }

  async lengths(places: readonly string[]): Promise<(number | undefined)[]> {
    if (places.length >= MANY_FILES) {
      const paths = places.map((place) => join(this.path, place));
      const lengths = (await this.#ask({ kind: "lengths", paths }, [])) as number[];
      return lengths.map((length) => (length < 0 ? undefined : length));
    }
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
    const whole = files.flatMap(({ whole }) => whole ?? []);
    if (files.length >= MANY_FILES && whole.length === files.length) {
      return this.#putMany(files, whole);
    }
    const written = await atOnce(files, async ({ place, whole, chunks }) => {
      const part = await this.#write(whole === undefined ? chunks() : [whole]);
      return { ...part, place };
    });
    try {
      for (const { part, place } of written) {
        const file = join(this.path, place);
        await this.#makeFolder(dirname(file));
        await rename(part, file);
      }
      const folders = new Set(written.map(({ place }) => dirname(join(this.path, place))));
      await atOnce([...folders], syncPath);
    } catch (cause) {
      throw notWritten(this.path, cause);
    }
    return written.map(({ length }) => length);
  }

  /** The same of many small files: none of them is synchronised by itself where there is another way. */
  async #putMany(files: readonly NewFile[], whole: Uint8Array<ArrayBuffer>[]): Promise<number[]> {
    const lengths = whole.map(({ length }) => length);
    const folder = join(this.path, PARTS);
    const memory = whole.map(({ buffer }) => buffer);
    const parts = (await this.#ask({ kind: "write", folder, files: whole }, memory)) as string[];
    try {
      if (!(await this.#syncAll())) await atOnce(parts, syncPath);
      const paths = files.map(({ place }) => join(this.path, place));
      const folders = (await this.#ask({ kind: "name", parts, paths }, [])) as string[];
      if (await this.#syncAll()) return lengths;
      // Of a new folder its name too.
      await atOnce([this.path, ...new Set(folders.map(dirname)), ...folders], syncPath);
    } catch (cause) {
      throw cause instanceof TallystickError ? cause : notWritten(this.path, cause);
    }
    return lengths;
  }

  /** @returns false where the system has no call for it */
  async #syncAll(): Promise<boolean> {
    return (await this.#ask({ kind: "sync", path: this.path }, [])) as boolean;
  }

  async #ask(task: FilesTask, moved: ArrayBuffer[]): Promise<FilesResult> {
    clearTimeout(this.#idle);
    this.#asked++;
    const failure = (cause: unknown) => notWritten(this.path, cause);
    const program = this.#program;
    this.#thread ??= new TaskThreads({ program, facts: undefined, threads: 1, failure });
    const thread = this.#thread;
    try {
      return await thread.ask(task, moved);
    } catch (error) {
      // It may be the thread that failed: whoever tries again at once gets another one.
      if (this.#thread === thread) this.#endThread();
      throw error;
    } finally {
      this.#asked--;
      if (this.#asked === 0) {
        this.#idle = setTimeout(() => this.#endThread(), THREAD_IDLE_MILLISECONDS).unref();
      }
    }
  }

  #endThread(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.close();
  }

  async writeManifest(epoch: string, manifest: EvidenceManifest): Promise<void> {
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
    const folder = join(this.path, epoch);
    const { part } = await this.#write([Buffer.from(text)]);
    try {
      await this.#makeFolder(folder);
      await rename(part, join(folder, "manifest.json"));
      await syncPath(folder);
    } catch (cause) {
      throw notWritten(folder, cause);
    }
  }

  async remove(places: readonly string[]): Promise<void> {
    const paths = places.map((place) => join(this.path, place));
    const folders = (await this.#ask({ kind: "remove", paths }, [])) as string[];
    if (folders.length === 0) return;
    try {
      if (!(await this.#syncAll())) await atOnce(folders, syncPath);
    } catch (cause) {
      throw notErased(this.path, cause);
    }
  }

  async removeMonth(epoch: string, operator: string): Promise<void> {
    const month = join(this.path, epoch);
    try {
      // What a crash left of files that were begun may be of this month.
      for (const name of await namesIn(join(this.path, PARTS))) {
        await rm(join(this.path, PARTS, name), { force: true });
      }
      const manifest = join(month, "manifest.json");
      if (await isManifestOf(manifest, operator)) await rm(manifest);
      for (const name of await namesIn(month)) await removeEmpty(join(month, name));
      await removeEmpty(month);
      await syncPath(this.path);
    } catch (cause) {
      throw notErased(month, cause);
    }
    this.#folders.clear();
  }

  /** Where names of files stand: the folder itself, its months, and what stands in these. */
  async #foldersOfNames(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true });
    const months = entries
      .filter((entry) => entry.isDirectory() && MONTH.test(entry.name))
      .map(({ name }) => join(this.path, name));
    const folders = [this.path, ...months];
    for (const month of months) {
      for (const entry of await readdir(month, { withFileTypes: true })) {
        if (entry.isDirectory()) folders.push(join(month, entry.name));
      }
    }
    return folders;
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
    await syncPath(dirname(folder));
    this.#folders.add(folder);
  }
}

/** None where the folder is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Whether a folder's manifest was written by an operator; whatever else bears the name is somebody else's. */
async function isManifestOf(file: string, operator: string): Promise<boolean> {
  let told: unknown;
  try {
    told = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const manifest = told as Partial<EvidenceManifest> | null;
  return manifest?.format === "tallystick-evidence-folder" && manifest.operator === operator;
}

/** A folder; with something in it, it stays, and so does what is none. */
async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!["ENOTEMPTY", "EEXIST", "ENOTDIR", "ENOENT"].includes(code ?? "")) throw error;
  }
}

/** A file's bytes survive a power cut then, and the names in a folder. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
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
