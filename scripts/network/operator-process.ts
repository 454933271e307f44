import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TallystickError } from "../../node/core/errors.ts";
import { HEAP_FLAGS } from "../../node/small-collections.ts";
import { writeJsonFile } from "./network-file.ts";

/** A start takes two seconds of a processor; only what hangs takes so long where others want it too. */
const START_TIMEOUT_MS = 180_000;
/** A node that ends more often than this in a minute is not started again. */
const ENDINGS_MAX = 5;
const ENDINGS_WINDOW_MS = 60_000;
const PAUSE_MS = 250;
/** How long a node that does not answer may take until its end is known. */
const END_KNOWN_MS = 2_000;

export interface OperatorProcessOptions {
  /** For people: "Alder's node". */
  name: string;
  folder: string;
  /** Told what happened, one sentence. */
  say: (text: string) => void;
}

/**
 * One operator's node as a process of its own, and the operator's access to it. A node that was
 * killed is started again with the same configuration and goes on where it was; one that keeps
 * ending is given up.
 */
export class OperatorProcess {
  readonly #options: OperatorProcessOptions;
  /** Resolves with the error when the node is given up. */
  readonly lost: Promise<TallystickError>;
  #giveUp: (error: TallystickError) => void = () => {};
  #child: ChildProcess | undefined;
  #url = "";
  #token = "";
  /** Settled: the node serves. Rejected: it is given up. */
  #serving: Promise<void> = Promise.resolve();
  #endings: number[] = [];
  #isStopping = false;

  private constructor(options: OperatorProcessOptions) {
    this.#options = options;
    this.lost = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** @throws TallystickError with the node's own code, `node.slow-start`, `node.ended` */
  static async start(options: OperatorProcessOptions): Promise<OperatorProcess> {
    const node = new OperatorProcess(options);
    await node.#launch();
    return node;
  }

  /**
   * Asks the node's interface for the operator. A node that ends meanwhile is asked again once it
   * is back: what it does, it does once, however often it is asked.
   * @throws TallystickError with the node's code, `node.unreachable`, `node.lost`
   */
  // biome-ignore lint/suspicious/noExplicitAny: answers are described by openapi.ts
  async ask(method: string, path: string, body?: unknown): Promise<any> {
    for (;;) {
      await this.#serving;
      const asked = this.#child;
      try {
        return await this.#askOnce(method, path, body);
      } catch (error) {
        const isAway = error instanceof TallystickError && error.code === "node.unreachable";
        if (!isAway || !(await this.#hasEnded(asked))) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || hasExited(child)) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  async #launch(): Promise<void> {
    const { folder } = this.#options;
    const main = fileURLToPath(new URL("../../node/main.ts", import.meta.url));
    const child = fork(main, [join(folder, "node.json")], {
      execArgv: [...process.execArgv, ...HEAP_FLAGS],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // People read this terminal: only what needs them, unless they ask for more.
      env: { TALLYSTICK_LOG_LEVEL: "warn", ...process.env },
    });
    this.#child = child;
    this.#url = await servingUrl(child);
    child.once("exit", (code, signal) => {
      if (this.#isStopping) return;
      this.#serving = this.#startAgain(signal ?? `code ${code}`);
      this.#serving.catch((error: TallystickError) => this.#giveUp(error));
    });
    this.#token = (await readFile(join(folder, "operator.token"), "utf8")).trim();
    const serving = { url: this.#url, pid: child.pid, startedBy: process.pid };
    await writeJsonFile(join(folder, "serving.json"), serving);
  }

  async #startAgain(how: string): Promise<void> {
    const { name, say } = this.#options;
    let reason = how;
    while (!this.#isStopping) {
      const now = performance.now();
      this.#endings = [...this.#endings.filter((at) => now - at < ENDINGS_WINDOW_MS), now];
      if (this.#endings.length > ENDINGS_MAX) {
        const times = `${this.#endings.length} times in a minute`;
        throw new TallystickError("node.lost", `${name} ended ${times}; the last: ${reason}.`);
      }
      say(`${name} ended unexpectedly (${reason}); it is started again.`);
      await sleep(PAUSE_MS);
      try {
        return await this.#launch();
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
  }

  async #hasEnded(child: ChildProcess | undefined): Promise<boolean> {
    if (child === undefined || child !== this.#child || hasExited(child)) return !this.#isStopping;
    await Promise.race([once(child, "exit"), sleep(END_KNOWN_MS, undefined, { ref: false })]);
    return hasExited(child) && !this.#isStopping;
  }

  async #askOnce(method: string, path: string, body: unknown): Promise<unknown> {
    const isRaw = typeof body === "string";
    const type = isRaw ? "application/octet-stream" : "application/json";
    let response: Response;
    let answer: { error: { code: string; message: string } };
    try {
      response = await fetch(`${this.#url}/v1/operator/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
      });
      answer = (await response.json()) as typeof answer;
    } catch (cause) {
      throw new TallystickError(
        "node.unreachable",
        `${this.#options.name} at ${this.#url} does not answer.`,
        {},
        cause,
      );
    }
    if (response.ok) return answer;
    throw new TallystickError(answer.error.code, answer.error.message);
  }
}

const hasExited = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

/** Where the node serves, once it does. */
function servingUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new TallystickError("node.slow-start", "The node did not start in three minutes."));
    }, START_TIMEOUT_MS);
    const onExit = (code: number | null): void => {
      clearTimeout(timer);
      reject(new TallystickError("node.ended", `The node ended at its start (code ${code}).`));
    };
    child.once("exit", onExit);
    child.once(
      "message",
      (message: { serving?: string; failed?: { code: string; message: string } }) => {
        clearTimeout(timer);
        child.off("exit", onExit);
        if (message.serving !== undefined) resolve(message.serving);
        else {
          const { code, message: words } = message.failed ?? { code: "internal", message: "" };
          reject(new TallystickError(code, words));
        }
      },
    );
  });
}
