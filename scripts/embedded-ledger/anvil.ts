import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type Socket } from "node:net";
import { arch, platform } from "node:os";
import { TallystickError } from "../../node/core/errors.ts";

export const CHAIN_ID = 31337;
/** How many past states eth_call can see; receipts, logs and blocks stay. Bounds memory. */
const STATES_KEPT = 256;
const START_MILLISECONDS_MAX = 60_000;

/** Where anvil begins: a dump that it wrote earlier, else an empty chain. */
export interface AnvilOrigin {
  stateFile: string | undefined;
  /** Time of block 0, needed with a dump as well. */
  genesisTimeSeconds: number;
}

/** An error that the ledger itself answered, as against one in reaching it. */
export class JsonRpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(error: { code: number; message: string; data?: unknown }) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
  }
}

/**
 * One anvil process. What was found by trying anvil 1.7.1, and is relied on:
 * - with `--no-mining` and `evm_mine {timestamp}`, a block carries exactly that time (the same second
 *   as the block before is allowed, an earlier one is refused), the call returns after the block is
 *   made, and the same transactions at the same times give the same block hashes in another process;
 * - with automine, `eth_sendRawTransaction` answers before the block exists, and `anvil_setTime` to
 *   the past makes blocks run backwards: neither is used;
 * - after `--load-state` blocks continue at the saved head, but anvil's own clock stands at wall time
 *   until `anvil_setTime`;
 * - with `--load-state`, anvil first makes a block 0 of its own and either of the two may answer to
 *   number 0 afterwards: `--timestamp` with the old genesis time makes them the same block;
 * - `--accounts 0` leaves no account whose key the world knows, and with a base fee of 0 a
 *   transaction with gas price 0 needs no balance.
 */
export class Anvil {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process is gone, for whatever reason. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #requests = 0;
  #isRunning = true;

  private constructor(child: ChildProcess, pid: number, port: number, exited: Promise<void>) {
    this.#child = child;
    this.pid = pid;
    this.port = port;
    this.exited = exited;
    void exited.then(() => {
      this.#isRunning = false;
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** @throws TallystickError `embedded-ledger.not-started` with anvil's own words */
  static async start(origin: AnvilOrigin): Promise<Anvil> {
    const port = await freePort();
    const from = origin.stateFile === undefined ? [] : ["--load-state", origin.stateFile];
    const fixed =
      `--host 127.0.0.1 --port ${port} --chain-id ${CHAIN_ID} --hardfork cancun --accounts 0 ` +
      `--no-mining --order fifo --gas-price 0 --base-fee 0 --prune-history ${STATES_KEPT} ` +
      `--timestamp ${origin.genesisTimeSeconds} --silent`;
    const child = spawnWatched(anvilBinary(), [...fixed.split(" "), ...from]);
    let words = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      words = `${words}${chunk}`.slice(-2000);
    });
    const exited = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        words += error.message;
        resolve();
      });
      child.once("exit", () => {
        dismissWatch(child);
        resolve();
      });
    });
    if (child.pid === undefined) {
      await exited;
      throw notStarted(words);
    }
    const anvil = new Anvil(child, child.pid, port, exited);
    if (!(await anvil.#answersInTime())) {
      await anvil.kill();
      throw notStarted(words);
    }
    return anvil;
  }

  /** @throws JsonRpcError as the ledger answered; another error when it could not be reached */
  async call(method: string, ...params: unknown[]): Promise<unknown> {
    const answer = (await this.forward({
      jsonrpc: "2.0",
      id: ++this.#requests,
      method,
      params,
    })) as { result?: unknown; error?: { code: number; message: string } };
    if (answer.error !== undefined) throw new JsonRpcError(answer.error);
    return answer.result;
  }

  async forward(request: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    return await response.json();
  }

  /** At once, without saving: what is worth keeping is in the saved state already. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  async #answersInTime(): Promise<boolean> {
    const deadline = Date.now() + START_MILLISECONDS_MAX;
    while (this.#isRunning && Date.now() < deadline) {
      try {
        await this.call("eth_chainId");
        return true;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    return false;
  }
}

/**
 * A shell that lets a watch wait on a pipe from this process and then becomes the program, process id and all.
 * The operating system closes the pipe however this process dies; the watch ends the program then. As the watch
 * is there first, there is no moment at which this process can die and leave the program behind.
 */
const WATCHED = '{ read -r _ <&3 || kill -9 $$; } >/dev/null 2>&1 & exec "$@" 3<&-';
/** Of the pipe, among what the child is given. */
const PIPE = 3;

function spawnWatched(program: string, args: string[]): ChildProcess {
  const child = spawn("/bin/sh", ["-c", WATCHED, "sh", program, ...args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C in a terminal is for us, and we stop anvil after saving.
    detached: true,
  });
  const pipe = child.stdio[PIPE] as Socket | undefined;
  pipe?.on("error", () => {});
  pipe?.unref();
  return child;
}

/** Once the program is gone: a line instead of an end, for its process id may belong to someone else soon. */
function dismissWatch(child: ChildProcess): void {
  (child.stdio[PIPE] as Socket | undefined)?.end("\n");
}

function notStarted(words: string): TallystickError {
  return new TallystickError(
    "embedded-ledger.not-started",
    `The embedded ledger (anvil) did not start: ${words.trim() || "no reason given"}`,
  );
}

/** The program itself, not its launcher: signals and process ids must be anvil's own. */
function anvilBinary(): string {
  const system = platform() === "win32" ? "win32" : platform();
  const machine = arch() === "x64" ? "amd64" : arch();
  const name = `@foundry-rs/anvil-${system}-${machine}`;
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(`${name}/bin/anvil${system === "win32" ? ".exe" : ""}`);
  } catch (error) {
    throw new TallystickError(
      "embedded-ledger.unsupported-platform",
      `${name} is not installed. Run "npm ci" again, or give the URL of another ledger.`,
      {},
      error,
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
