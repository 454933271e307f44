import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { JsonEndpoint } from "./json-endpoint.ts";

export interface EvmRpcOptions {
  /** JSON-RPC end points of one ledger, best first. */
  urls: readonly string[];
  timeoutMilliseconds?: number;
}

/** The end point answered with an error of its own: it was reached, and did not do it. */
export class JsonRpcRefusal extends Error {
  readonly rpcCode: number;
  /** Where the answer carries what the contract said: its error, encoded. */
  readonly data: Hex | undefined;

  constructor(error: { code?: unknown; message?: unknown; data?: unknown }) {
    super(typeof error.message === "string" ? error.message : "no reason given");
    this.name = "JsonRpcRefusal";
    this.rpcCode = Number(error.code);
    this.data = dataOf(error.data);
  }
}

const TIMEOUT_MILLISECONDS = 10_000;
/** Between two looks whether a ledger that hung answers again. */
const LOOK_PAUSE_MILLISECONDS = 1_000;
const REPEATED_MAX = 1_000;
/** Not about what was asked: the node starts, is behind, or is asked too much. */
const TRANSIENT =
  /invalid height|latest block height|not ready|syncing|rate limit|too many requests|timed? ?out|ledger is down/i;
const INTERNAL_ERROR = -32603;

/**
 * Questions to one ledger over several end points. It stays with one until that fails, so that
 * answers that belong together come from one node's view, and then goes on with the next.
 *
 * A ledger that hangs, unlike one that refuses, would have each who asks wait for the whole time limit,
 * one after the other. So once all end points hung, questions fail at once, while one look after the
 * other, that nobody waits for, finds out whether it answers again.
 */
export class EvmRpc {
  readonly #endpoints: JsonEndpoint[];
  #current = 0;
  #lastId = 0;
  readonly #said = new Set<string>();
  readonly #timeoutMilliseconds: number;
  #hangs: { isLooking: boolean; lookedAt: number } | undefined;

  constructor({ urls, timeoutMilliseconds = TIMEOUT_MILLISECONDS }: EvmRpcOptions) {
    if (urls.length === 0) {
      throw new TallystickError("ledger.no-endpoint", "No JSON-RPC end point is configured.");
    }
    this.#timeoutMilliseconds = timeoutMilliseconds;
    this.#endpoints = urls.map((url) => new JsonEndpoint(url, timeoutMilliseconds));
  }

  /** @throws JsonRpcRefusal, TallystickError `ledger.unreachable` when no end point answers */
  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    this.#requireAnswers();
    const began = performance.now();
    let failure: unknown;
    for (let tries = 0; tries < this.#endpoints.length; tries++) {
      try {
        return await this.#askOne(this.#current, method, params);
      } catch (error) {
        if (error instanceof JsonRpcRefusal) throw error;
        failure = error;
        this.#current = (this.#current + 1) % this.#endpoints.length;
      }
    }
    if (this.#isLong(began)) this.#hangs = { isLooking: false, lookedAt: performance.now() };
    throw new TallystickError(
      "ledger.unreachable",
      "No end point of the ledger answers. The work goes on and catches up when one does.",
      {},
      failure,
    );
  }

  /** @throws TallystickError `ledger.unreachable` at once while the ledger hangs */
  #requireAnswers(): void {
    const hangs = this.#hangs;
    if (hangs === undefined) return;
    if (!hangs.isLooking && performance.now() - hangs.lookedAt >= LOOK_PAUSE_MILLISECONDS) {
      hangs.isLooking = true;
      void this.#look(hangs);
    }
    throw new TallystickError(
      "ledger.unreachable",
      "The ledger's end points take questions and do not answer. The work goes on and catches up when one does.",
    );
  }

  async #look(hangs: { isLooking: boolean; lookedAt: number }): Promise<void> {
    const began = performance.now();
    try {
      await this.#askOne(this.#current, "eth_chainId", []);
      this.#hangs = undefined;
    } catch {
      // One that refuses at once makes nobody wait.
      if (!this.#isLong(began)) this.#hangs = undefined;
      this.#current = (this.#current + 1) % this.#endpoints.length;
    }
    hangs.isLooking = false;
    hangs.lookedAt = performance.now();
  }

  #isLong(began: number): boolean {
    return performance.now() - began >= 0.9 * this.#timeoutMilliseconds;
  }

  /**
   * Hands over signed bytes. The second time the same bytes are said they go to every end point:
   * the first one may be the only node that knows them, or may not want to.
   */
  async say(raw: Hex): Promise<void> {
    if (!this.#said.has(raw) || this.#endpoints.length === 1) {
      if (this.#said.size >= REPEATED_MAX) this.#said.clear();
      this.#said.add(raw);
      await this.ask("eth_sendRawTransaction", [raw]);
      return;
    }
    this.#requireAnswers();
    const answers = await Promise.allSettled(
      this.#endpoints.map((_, index) => this.#askOne(index, "eth_sendRawTransaction", [raw])),
    );
    if (answers.some(({ status }) => status === "fulfilled")) return;
    const reasons = answers.map((answer) => (answer.status === "rejected" ? answer.reason : null));
    const refusal = reasons.find((reason) => reason instanceof JsonRpcRefusal);
    throw refusal ?? unreachable(reasons[0]);
  }

  close(): void {
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #askOne(index: number, method: string, params: readonly unknown[]): Promise<unknown> {
    const endpoint = this.#endpoints[index];
    if (endpoint === undefined) throw new Error(`no end point ${index}`);
    this.#lastId += 1;
    const request = { jsonrpc: "2.0", id: this.#lastId, method, params: [...params] };
    const answer: unknown = await endpoint.post(request);
    if (typeof answer !== "object" || answer === null) throw new Error("an empty answer");
    if (!("error" in answer)) {
      if (!("result" in answer)) throw new Error("an answer without a result");
      return answer.result;
    }
    const refusal = new JsonRpcRefusal(Object(answer.error));
    const isInternal = refusal.rpcCode === INTERNAL_ERROR && refusal.data === undefined;
    if (!isRevert(refusal) && (isInternal || TRANSIENT.test(refusal.message))) {
      throw new Error(refusal.message);
    }
    throw refusal;
  }
}

export const isRevert = (refusal: JsonRpcRefusal): boolean =>
  refusal.rpcCode === 3 || /revert|out ?of ?gas/i.test(refusal.message);

const unreachable = (cause: unknown): TallystickError =>
  new TallystickError("ledger.unreachable", "No end point of the ledger answers.", {}, cause);

/** Some nodes nest it once more, or put words in front. */
function dataOf(data: unknown): Hex | undefined {
  if (typeof data === "object" && data !== null && "data" in data) return dataOf(data.data);
  if (typeof data !== "string") return undefined;
  return data.match(/0x(?:[0-9a-f]{2})*$/i)?.[0].toLowerCase() as Hex | undefined;
}
