import { TallystickError } from "../../../node/core/errors.ts";

const TIMEOUT_MILLISECONDS = 8000;

/** One JSON-RPC end point of the ledger, asked directly by the page. */
export class LedgerEndpoint {
  readonly #url: string;
  #nextId = 1;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * @throws TallystickError `ledger.unreachable`, `ledger.reverted` when a contract has no answer,
   *   `ledger.refused` for any other error of the end point
   */
  async request(method: string, params: unknown[]): Promise<unknown> {
    let answer: unknown;
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: this.#nextId++, method, params }),
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      answer = await response.json();
    } catch (cause) {
      throw new TallystickError("ledger.unreachable", "The ledger does not answer.", {}, cause);
    }
    if (typeof answer === "object" && answer !== null && "result" in answer) return answer.result;
    const { code, message } =
      (answer as { error?: { code?: unknown; message?: unknown } }).error ?? {};
    // Code 3 is the usual one for a revert; some engines say it only in words.
    const reverted = code === 3 || /revert/i.test(String(message));
    throw new TallystickError(
      reverted ? "ledger.reverted" : "ledger.refused",
      `The ledger refused ${method}.`,
    );
  }

  /** Result of a read of a contract at one block, as "0x…". */
  async call(to: string, data: string, block: string): Promise<string> {
    const result = await this.request("eth_call", [{ to, data }, block]);
    if (typeof result !== "string") {
      throw new TallystickError("ledger.refused", "The ledger gave no result for a read.");
    }
    return result;
  }
}
