import type { IncomingMessage } from "node:http";
import { http, https } from "./builtin-http.ts";

/** Of an answer. The longest are logs of many blocks, which are asked for in pieces. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

/**
 * One HTTP end point that takes JSON and answers with JSON, over connections that are kept. What a library for
 * ledgers does around such a question takes a millisecond of processor, and a short command asks dozens.
 */
export class JsonEndpoint {
  readonly #url: URL;
  readonly #timeoutMilliseconds: number;
  readonly #agent;
  readonly #request;

  constructor(url: string, timeoutMilliseconds: number) {
    this.#url = new URL(url);
    this.#timeoutMilliseconds = timeoutMilliseconds;
    const { Agent, request } = this.#url.protocol === "https:" ? https() : http;
    this.#agent = new Agent({ keepAlive: true });
    this.#request = request;
  }

  /** @throws Error when it does not answer in time, not with a status of 2xx, or not with JSON */
  async post(body: unknown): Promise<unknown> {
    const call = this.#request(this.#url, {
      method: "POST",
      agent: this.#agent,
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(this.#timeoutMilliseconds),
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      call.once("response", resolve);
      call.on("error", reject);
    });
    call.end(JSON.stringify(body));
    const answer = await answered;
    const text = await textOf(answer);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new Error(`an answer with status ${status}`);
    return JSON.parse(text);
  }

  /** Ends its connections. */
  close(): void {
    this.#agent.destroy();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error("an answer that does not end");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
