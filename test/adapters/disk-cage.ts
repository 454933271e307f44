import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const CHILD = new URL("disk-child.ts", import.meta.url);

/**
 * How a process gets a small disk here: a file system in memory of its own (in a mount namespace, which
 * ends with it), or where that is not allowed a limit of what it may write into one file.
 */
export type Cage = "small file system" | "file size limit";

const namespace = (): string[] =>
  process.geteuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];

export const CAGE: Cage =
  spawnSync("unshare", [...namespace(), "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).status === 0
    ? "small file system"
    : "file size limit";

/** Of 512 or 1024 bytes, as the shell has it: less than LevelDB writes into one log. */
const FILE_BLOCKS_MAX = 16_384;

/** A process on a small disk, which says what it found as JSON lines and is told what to do. */
export class CagedProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param megabytes of the file system, where there is one */
  constructor(directory: string, what: string, megabytes: number, child = CHILD) {
    const kilobytes = 1024 * megabytes;
    const run = 'exec "$0" "$1" "$2" "$3" "$4"';
    const command =
      CAGE === "small file system"
        ? `mount -t tmpfs -o size=${kilobytes}k tmpfs "$2" && ${run}`
        : `ulimit -f ${FILE_BLOCKS_MAX} && ${run}`;
    const shell = [
      "sh",
      "-c",
      command,
      process.execPath,
      fileURLToPath(child),
      directory,
      what,
      CAGE,
    ];
    const [program, ...args] =
      CAGE === "small file system" ? ["unshare", ...namespace(), ...shell] : shell;
    this.#child = spawn(program as string, args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    this.#lines = createInterface({ input: stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  // biome-ignore lint/suspicious/noExplicitAny: lines are looked at field by field
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the caged process ended");
    return JSON.parse(value);
  }

  say(word: string): void {
    this.#child.stdin?.write(`${word}\n`);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.stdin?.end();
    await gone;
  }
}
