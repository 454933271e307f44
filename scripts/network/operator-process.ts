import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../../node/core/errors.ts";
import { writeJsonFile } from "./network-file.ts";

const START_TIMEOUT_MS = 60_000;

/** One operator's node as a process of its own, and the operator's access to it. */
export class OperatorProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #token: string;

  private constructor(url: string, child: ChildProcess, token: string) {
    this.url = url;
    this.#child = child;
    this.#token = token;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** @param onExit called when the process ends without having been asked to */
  static async start(
    folder: string,
    onExit: (code: number | null, signal: string | null) => void,
  ): Promise<OperatorProcess> {
    const main = new URL("../../node/main.ts", import.meta.url).pathname;
    const child = fork(main, [join(folder, "node.json")], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // People read this terminal: only what needs them, unless they ask for more.
      env: { TALLYSTICK_LOG_LEVEL: "warn", ...process.env },
    });
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new TallystickError("node.slow-start", "The node did not start in a minute.")),
        START_TIMEOUT_MS,
      );
      child.on(
        "message",
        (message: { serving?: string; failed?: { code: string; message: string } }) => {
          clearTimeout(timer);
          if (message.serving !== undefined) resolve(message.serving);
          else if (message.failed !== undefined) {
            reject(new TallystickError(message.failed.code, message.failed.message));
          }
        },
      );
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new TallystickError("node.ended", `The node ended at its start (code ${code}).`));
      });
    });
    child.removeAllListeners("exit");
    child.on("exit", onExit);
    const token = (await readFile(join(folder, "operator.token"), "utf8")).trim();
    await writeJsonFile(join(folder, "serving.json"), { url, pid: child.pid });
    return new OperatorProcess(url, child, token);
  }

  /**
   * Asks the node's interface for the operator.
   * @throws TallystickError with the node's code, or `node.unreachable`
   */
  // biome-ignore lint/suspicious/noExplicitAny: answers are described by openapi.ts
  async ask(method: string, path: string, body?: unknown): Promise<any> {
    const isRaw = typeof body === "string";
    let response: Response;
    try {
      response = await fetch(`${this.url}/v1/operator/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined
            ? {}
            : { "content-type": isRaw ? "application/octet-stream" : "application/json" }),
        },
        ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new TallystickError(
        "node.unreachable",
        `The node at ${this.url} does not answer.`,
        {},
        cause,
      );
    }
    const answer = (await response.json()) as { error: { code: string; message: string } };
    if (response.ok) return answer;
    throw new TallystickError(answer.error.code, answer.error.message);
  }

  async stop(): Promise<void> {
    this.#child.removeAllListeners("exit");
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await ended;
  }
}
