import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../../node/core/errors.ts";

/** One step of the ledger, written down before it is taken. */
export interface JournalEntry {
  /** Time of the block or blocks that follow, in seconds since 1970. */
  timeSeconds: number;
  /** Signed transactions; none for an empty block. */
  transactions: string[];
  /** Number of the newest block before the step. */
  head: number;
}

/** A state to begin with. Generation 0 is the empty chain and has no file. */
export interface Generation {
  number: number;
  file: string | undefined;
}

const STATE_NAME = /^state-(\d{8})-([0-9a-f]{16})\.json$/;
const JOURNAL_NAME = /^journal-(\d{8})\.ndjson$/;
const numbered = (n: number) => String(n).padStart(8, "0");

/**
 * The embedded ledger on disk. `state-N` is a dump of the whole chain, its digest in its name;
 * `journal-N` holds the steps since then. The newest two generations are kept, so that a torn or
 * damaged dump costs nothing but a longer replay:
 *
 *     state-7  journal-7  state-8  journal-8
 *
 * A crash during `rotate` leaves either no `state-9` (then journals 7, 8, 9 continue each other) or
 * a whole one. A crash during `append` leaves at most a torn last line: a step that was not taken.
 */
export class SavedState {
  readonly directory: string;
  #journal: FileHandle | undefined;
  #journalNumber = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Whole generations, newest first; the empty chain last, while its journal is still there. */
  async generations(): Promise<{ whole: Generation[]; damaged: string[] }> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const names = await readdir(this.directory);
    const whole: Generation[] = [];
    const damaged: string[] = [];
    for (const name of names) {
      const match = STATE_NAME.exec(name);
      if (match === null) continue;
      const file = join(this.directory, name);
      if (digestOf(await readFile(file)) !== match[2]) damaged.push(name);
      else whole.push({ number: Number(match[1]), file });
    }
    whole.sort((a, b) => b.number - a.number);
    if (whole.length + damaged.length === 0 || names.includes(`journal-${numbered(0)}.ndjson`)) {
      whole.push({ number: 0, file: undefined });
    }
    return { whole, damaged };
  }

  /** The steps after a generation, up to the first that is not whole. Cuts a torn end off. */
  async stepsSince(generation: number): Promise<JournalEntry[]> {
    const steps: JournalEntry[] = [];
    for (const number of (await this.#journals()).filter((n) => n >= generation)) {
      const { entries, isWhole, wholeBytes } = await readJournal(this.#journalFile(number));
      steps.push(...entries);
      if (isWhole) continue;
      const file = await open(this.#journalFile(number), "r+");
      await file.truncate(wholeBytes);
      await file.sync();
      await file.close();
    }
    return steps;
  }

  /** Durable when it resolves. */
  async append(entry: JournalEntry): Promise<void> {
    this.#journal ??= await this.#openNewestJournal();
    const before = (await this.#journal.stat()).size;
    try {
      await this.#journal.appendFile(`${JSON.stringify(entry)}\n`);
      await this.#journal.datasync();
    } catch (error) {
      // A full disk may have taken half a line: nothing may ever be written behind it.
      await this.#journal.truncate(before).catch(() => {});
      throw new TallystickError(
        "embedded-ledger.journal-failed",
        "The embedded ledger could not write its journal. Check that the disk is not full.",
        { file: this.#journalFile(this.#journalNumber) },
        error,
      );
    }
  }

  /** Makes `state` the newest generation. `carried` are steps that it does not contain yet. */
  async rotate(state: Uint8Array, carried: JournalEntry[]): Promise<void> {
    const next = Math.max(0, ...(await this.#journals()), ...(await this.#stateNumbers())) + 1;
    const journal = carried.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    await this.#writeWhole(this.#journalFile(next), Buffer.from(journal));
    const file = join(this.directory, `state-${numbered(next)}-${digestOf(state)}.json`);
    await this.#writeWhole(file, state);
    await this.#journal?.close();
    this.#journal = undefined;
    await this.#removeBefore();
  }

  async readRecord(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.directory, name), "utf8"));
    } catch {
      return undefined; // absent, or torn by something that is not us
    }
  }

  async writeRecord(name: string, record: object): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await this.#writeWhole(join(this.directory, name), Buffer.from(JSON.stringify(record)));
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async #openNewestJournal(): Promise<FileHandle> {
    this.#journalNumber = Math.max(0, ...(await this.#journals()));
    const file = await open(this.#journalFile(this.#journalNumber), "a");
    await this.#syncDirectory();
    return file;
  }

  /** The two newest whole generations stay, and every journal that continues the older of them. */
  async #removeBefore(): Promise<void> {
    const kept = (await this.generations()).whole.slice(0, 2);
    const oldest = kept.at(-1)?.number ?? 0;
    for (const name of await readdir(this.directory)) {
      const match = STATE_NAME.exec(name) ?? JOURNAL_NAME.exec(name);
      if (match !== null && Number(match[1]) < oldest) {
        await rm(join(this.directory, name), { force: true });
      }
    }
  }

  #journalFile(number: number): string {
    return join(this.directory, `journal-${numbered(number)}.ndjson`);
  }

  async #journals(): Promise<number[]> {
    return await this.#numbers(JOURNAL_NAME);
  }

  async #stateNumbers(): Promise<number[]> {
    return await this.#numbers(STATE_NAME);
  }

  async #numbers(pattern: RegExp): Promise<number[]> {
    const names = await readdir(this.directory);
    return names
      .map((name) => pattern.exec(name)?.[1])
      .filter((n) => n !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  async #writeWhole(file: string, bytes: Uint8Array): Promise<void> {
    const own = `${file}.partial`;
    const handle = await open(own, "w", 0o600);
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    await rename(own, file);
    await this.#syncDirectory();
  }

  async #syncDirectory(): Promise<void> {
    const directory = await open(this.directory, "r");
    await directory.sync().catch(() => {}); // not every file system can
    await directory.close();
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

async function readJournal(
  file: string,
): Promise<{ entries: JournalEntry[]; isWhole: boolean; wholeBytes: number }> {
  const text = await readFile(file, "latin1"); // one character a byte: positions are for truncation
  const entries: JournalEntry[] = [];
  let wholeBytes = 0;
  while (wholeBytes < text.length) {
    const end = text.indexOf("\n", wholeBytes);
    if (end === -1) break;
    const entry = parseEntry(text.slice(wholeBytes, end));
    if (entry === undefined) break;
    entries.push(entry);
    wholeBytes = end + 1;
  }
  return { entries, isWhole: wholeBytes === text.length, wholeBytes };
}

function parseEntry(line: string): JournalEntry | undefined {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    const isWhole =
      Number.isSafeInteger(entry.timeSeconds) &&
      Number.isSafeInteger(entry.head) &&
      Array.isArray(entry.transactions);
    return isWhole ? entry : undefined;
  } catch {
    return undefined;
  }
}
