import { link, mkdir, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../../node/core/errors.ts";
import { identityOf, isRunning, type ProcessIdentity } from "./process-identity.ts";

interface Owner {
  owner: ProcessIdentity;
  anvil?: ProcessIdentity;
  url?: string;
}

/**
 * Which process has a ledger's directory, and which anvil belongs to it. The next start reads it:
 * a living owner is an error, a dead one's anvil is ended, by process id and only if that id is still
 * the very process that was recorded.
 */
export class Ownership {
  readonly #directory: string;
  #record: Owner | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws TallystickError `embedded-ledger.already-running` */
  async take(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const mine: Owner = { owner: await identityOf(process.pid) };
    const own = `${this.#file}.${process.pid}`;
    await writeFile(own, JSON.stringify(mine));
    try {
      for (;;) {
        try {
          await link(own, this.#file); // appears whole, or not at all
          this.#record = mine;
          return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        await this.#removeDeadOwner();
      }
    } finally {
      await rm(own, { force: true });
    }
  }

  async note(anvilPid: number, url: string | undefined): Promise<void> {
    if (this.#record === undefined) return;
    this.#record.anvil = await identityOf(anvilPid);
    if (url !== undefined) this.#record.url = url;
    const own = `${this.#file}.${process.pid}`;
    await writeFile(own, JSON.stringify(this.#record));
    await rename(own, this.#file);
  }

  async release(): Promise<void> {
    if (this.#record === undefined) return;
    this.#record = undefined;
    await rm(this.#file, { force: true });
  }

  get #file(): string {
    return join(this.#directory, "owner.json");
  }

  async #removeDeadOwner(): Promise<void> {
    const found = await readOwner(this.#file);
    if (found !== undefined && (await isRunning(found.owner))) {
      throw new TallystickError(
        "embedded-ledger.already-running",
        `The embedded ledger of this directory runs already${found.url ? ` at ${found.url}` : ""} (process ${found.owner.pid}). Use it, stop it, or choose another directory (--data DIR).`,
        { file: this.#directory },
      );
    }
    if (found?.anvil !== undefined && (await isRunning(found.anvil))) {
      process.kill(found.anvil.pid, "SIGKILL");
    }
    // Two starts may find the same dead owner: rename decides, a record taken meanwhile goes back.
    const aside = `${this.#file}.dead.${process.pid}`;
    try {
      await rename(this.#file, aside);
    } catch {
      return;
    }
    const moved = await readOwner(aside);
    if (moved !== undefined && (await isRunning(moved.owner))) {
      await link(aside, this.#file).catch(() => {});
    }
    await unlink(aside);
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch {
    return undefined;
  }
}
