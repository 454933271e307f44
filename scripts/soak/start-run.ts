import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readJsonFile } from "../network/network-file.ts";

/** What can be killed: a node, the ledger's process, the process that started them, or all at once. */
export const VICTIMS = ["node", "ledger", "start", "everything"] as const;
export type Victim = (typeof VICTIMS)[number];

/**
 * When: so long after a point of the story was reached. Point 0 is the start of the process, 1 to 31
 * that this day of the month was played, 32 the bill, 33 the statements, 34 the settlement.
 */
export interface KillMoment {
  victim: Victim;
  point: number;
  delayMilliseconds: number;
}

export const POINT_MAX = 34;
/** Only what hangs takes so long, on a machine that has much else to do too. */
const RUN_MS_MAX = 600_000;
const WORDS_KEPT = 4_000;

interface Played {
  day?: string;
  billed?: boolean;
  stated?: boolean;
  settled?: boolean;
}

/** `npm start` as processes of a group of their own, to be killed at will. */
export class StartRun {
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** After its last words, and those of the nodes. */
  readonly #silent: Promise<unknown>;
  #words = "";

  constructor(directory: string) {
    this.#directory = directory;
    const script = fileURLToPath(new URL("../start.ts", import.meta.url));
    const ports = ["--port", "0", "--birch-port", "0", "--ledger-port", "0"];
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", script, "--data", directory, ...ports],
      {
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
      },
    );
    this.#exited = once(this.#child, "exit");
    this.#silent = once(this.#child, "close");
    const keep = (chunk: Buffer): void => {
      this.#words = `${this.#words}${chunk}`.slice(-WORDS_KEPT);
    };
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
  }

  get hasTold(): boolean {
    return this.#words.includes("Press Ctrl-C");
  }

  /** Resolves when the whole story is told and everything serves. */
  async untilTold(): Promise<void> {
    await this.#until("the end of the story", async () => this.hasTold);
  }

  async untilPoint(point: number): Promise<void> {
    const isThere = async () => this.hasTold || (await pointOf(this.#directory)) >= point;
    await this.#until(`point ${point}`, isThere);
  }

  /** @returns whether there was something of that kind to kill */
  async kill(victim: Victim, party: "alder" | "birch"): Promise<boolean> {
    if (victim === "everything" || victim === "start") {
      const pid = this.#child.pid as number;
      process.kill(victim === "start" ? pid : -pid, "SIGKILL");
      await this.#exited;
      return true;
    }
    const file =
      victim === "node"
        ? join(this.#directory, party, "serving.json")
        : join(this.#directory, "ledger", "owner.json");
    const found = await readJsonFile<{ pid?: number; anvil?: { pid: number } }>(file);
    const pid = victim === "node" ? found?.pid : found?.anvil?.pid;
    if (pid === undefined) return false;
    try {
      process.kill(pid, "SIGKILL");
      return true;
    } catch {
      return false; // it is gone already: between an end and the next start
    }
  }

  /** Resolves when it ended by itself. */
  async ended(): Promise<{ code: number | null; words: string }> {
    await this.#silent;
    return { code: this.#child.exitCode, words: this.#words };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  /** @throws Error that says what was waited for, and how far it was */
  async #until(what: string, isReached: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + RUN_MS_MAX;
    while (!(await isReached())) {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null) {
        await this.#silent;
        const how = `${signalCode ?? exitCode}`;
        throw new Error(`npm start ended by itself (${how}) before ${what}:\n${this.#words}`);
      }
      if (performance.now() > end) {
        const where = `it is at point ${await pointOf(this.#directory)}`;
        throw new Error(
          `npm start did not reach ${what} within ${RUN_MS_MAX / 1000} s; ${where}:\n${this.#words}`,
        );
      }
      await sleep(5);
    }
  }
}

async function pointOf(directory: string): Promise<number> {
  const played = await readJsonFile<Played>(join(directory, "played.json"));
  if (played?.settled) return 34;
  if (played?.stated) return 33;
  if (played?.billed) return 32;
  return Number(played?.day?.slice(8) ?? 0);
}

/**
 * `npm start` from an empty folder to the end of the story, killed at the given moments and started
 * again. Leaves it serving, to be looked at.
 * @param onKill told of each kill
 */
export async function killedRun(
  directory: string,
  moments: readonly (KillMoment & { party: "alder" | "birch" })[],
  onKill: (words: string) => void,
): Promise<StartRun> {
  let run = new StartRun(directory);
  try {
    for (const moment of [...moments].sort((a, b) => a.point - b.point)) {
      await run.untilPoint(moment.point);
      await sleep(moment.delayMilliseconds);
      const { party } = moment;
      // Where the victim does not live yet, or lives no more, everything is.
      const victim = (await run.kill(moment.victim, party)) ? moment.victim : "everything";
      if (victim !== moment.victim) await run.kill(victim, party);
      onKill(`${victim} at point ${moment.point} and ${moment.delayMilliseconds} ms (${party})`);
      if (victim === "everything" || victim === "start") run = new StartRun(directory);
    }
    await run.untilTold();
    return run;
  } catch (error) {
    await run.kill("everything", "alder").catch(() => {});
    throw error;
  }
}
