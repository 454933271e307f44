import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
const TRIES_MAX = 2_000;
const PAUSE_MILLISECONDS = 25;

export interface Answered {
  path: string;
  body: string | undefined;
  /** As it came, to compare it with what a repetition gets. */
  text: string;
}

/** `tallystick edge` as a process of its own, killed and started again on the same folder. */
export class ChargingProcess {
  readonly folder: string;
  #child: ChildProcess | undefined;
  #url = "";
  #token = "";

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async begin(folder: string, config: object): Promise<ChargingProcess> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "edge.json"), JSON.stringify({ data: ".", ...config }));
    const process = new ChargingProcess(folder);
    await process.start();
    return process;
  }

  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      [MAIN, "edge", join(this.folder, "edge.json"), "--json"],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
      },
    );
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      this.#url = JSON.parse(line).serving.url;
      this.#token = (await readFile(join(this.folder, "operator.token"), "utf8")).trim();
      return;
    }
    throw new Error(`the charging node in ${this.folder} ended before it served`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /**
   * Asks until there is an answer, the same again, as a gateway does whose peer went away.
   * @throws Error when the answer is a refusal
   */
  async ask(method: string, path: string, body?: string): Promise<Answered> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#try(method, path, body);
      if (answer !== undefined) return answer;
      await sleep(PAUSE_MILLISECONDS);
    }
    const seconds = (TRIES_MAX * PAUSE_MILLISECONDS) / 1000;
    throw new Error(`nobody answered ${method} ${path} for ${seconds} s and more`);
  }

  async #try(method: string, path: string, body?: string): Promise<Answered | undefined> {
    let response: { status: number; text: string };
    try {
      const found = await fetch(`${this.#url}/v1/charging${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
      });
      response = { status: found.status, text: await found.text() };
    } catch {
      return undefined;
    }
    if (response.status === 200) return { path, body, text: response.text };
    throw new Error(`${method} ${path} was refused: ${response.status} ${response.text}`);
  }
}
