import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { JsonRpcError } from "./anvil.ts";

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const BATCH_MAX = 1000;
/** What a public ledger offers; anvil's own methods would let any page rewrite the chain. */
const ALLOWED = /^(eth|net|web3)_/;
/** Would need keys in the ledger, or answers before the step is durable. */
const REFUSED =
  /^eth_(sign.*|fillTransaction|sendTransaction.*|sendUnsigned.*|sendRawTransactionSync|accounts|requestAccounts)$/;
/** Would run code of anybody's own, over contents of anybody's own, without a bound of ours. */
const UNBOUNDED = /^eth_(simulate.*|callMany|callBundle|createAccessList)$/;
/** Run code; with state or block overrides as a third parameter, which are not offered. */
const RUNNING = ["eth_call", "eth_estimateGas"];
/** A block's worth. Anvil would go on for minutes with what a caller asks for. */
const CALL_GAS_MAX = 30_000_000;
/** The fee policy of the embedded ledger is zero; anvil would suggest 1 gwei. */
const FREE = new Set(["eth_gasPrice", "eth_maxPriorityFeePerGas"]);

export interface JsonRpcRequest {
  jsonrpc?: unknown;
  id?: unknown;
  method?: unknown;
  params?: unknown;
}

/** What stands behind the door. */
export interface DoorBackend {
  /** Takes a signed transaction into a block and returns its hash. @throws JsonRpcError */
  sendRawTransaction(signed: string): Promise<string>;
  /** Passes a question on and returns the whole answer. */
  ask(request: JsonRpcRequest): Promise<unknown>;
}

/** The embedded ledger's JSON-RPC over HTTP, on the loopback interface only. */
export class JsonRpcDoor {
  readonly #server: Server;
  readonly #backend: DoorBackend;

  constructor(backend: DoorBackend) {
    this.#backend = backend;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 30_000;
  }

  /** Listens at `port`, or at a free one when that is taken. Returns the port. */
  async open(port: number): Promise<number> {
    try {
      return await this.#listen(port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
      return await this.#listen(0);
    }
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #listen(port: number): Promise<number> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as { port: number }).port;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The page comes from another port of this machine and reads the ledger by itself.
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "content-type");
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(405, { allow: "POST, OPTIONS" }).end();
      return;
    }
    let answer: unknown;
    try {
      const body = await readBody(request);
      if (body === undefined) {
        response.writeHead(413, { connection: "close" }).end();
        return;
      }
      answer = await this.#answerBody(body);
    } catch {
      response.destroy(); // the asker went away
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  }

  async #answerBody(body: string): Promise<unknown> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      return failure(null, -32700, "Parse error");
    }
    if (!Array.isArray(parsed)) return await this.#answer(parsed as JsonRpcRequest);
    if (parsed.length === 0 || parsed.length > BATCH_MAX) {
      return failure(null, -32600, `A batch holds 1 to ${BATCH_MAX} requests`);
    }
    const answers: unknown[] = [];
    for (const request of parsed) answers.push(await this.#answer(request as JsonRpcRequest));
    return answers;
  }

  async #answer(request: JsonRpcRequest): Promise<unknown> {
    const method = request?.method;
    const id = request?.id ?? null;
    if (typeof method !== "string") return failure(id, -32600, "Invalid request");
    if (FREE.has(method)) return { jsonrpc: "2.0", id, result: "0x0" };
    if (!ALLOWED.test(method) || REFUSED.test(method) || UNBOUNDED.test(method)) {
      return failure(id, -32601, `The method ${method} is not offered`);
    }
    const asked = RUNNING.includes(method) ? withinBounds(request) : request;
    if (asked === undefined) {
      return failure(id, -32602, "A call and a block are taken, and no overrides");
    }
    try {
      if (method !== "eth_sendRawTransaction") return await this.#backend.ask(atNextBlock(asked));
      const signed = Array.isArray(request.params) ? request.params[0] : undefined;
      if (typeof signed !== "string") return failure(id, -32602, "Expected a signed transaction");
      return { jsonrpc: "2.0", id, result: await this.#backend.sendRawTransaction(signed) };
    } catch (error) {
      if (error instanceof JsonRpcError) return failure(id, error.code, error.message, error.data);
      return failure(id, -32603, error instanceof Error ? error.message : "The ledger is down");
    }
  }
}

/** The call with no more gas than is offered; undefined when it asks for more than a call. */
function withinBounds(request: JsonRpcRequest): JsonRpcRequest | undefined {
  const { params } = request;
  if (!Array.isArray(params) || params.length < 1 || params.length > 2) return undefined;
  const [call, ...rest] = params as [unknown, ...unknown[]];
  if (typeof call !== "object" || call === null || Array.isArray(call)) return undefined;
  const { gas, gasLimit: _, ...others } = call as Record<string, unknown>;
  const wanted = gas === undefined || gas === null ? CALL_GAS_MAX : Number(gas);
  if (Number.isNaN(wanted) || wanted < 0) return undefined;
  const capped = Math.min(Math.floor(wanted), CALL_GAS_MAX);
  return { ...request, params: [{ ...others, gas: `0x${capped.toString(16)}` }, ...rest] };
}

/** Gas is estimated at the clock's time, not at the last block's, which may be long past. */
function atNextBlock(request: JsonRpcRequest): JsonRpcRequest {
  const params = request.params;
  if (request.method !== "eth_estimateGas" || !Array.isArray(params)) return request;
  const [transaction, block, ...rest] = params;
  if (block !== undefined && block !== null && block !== "latest") return request;
  return { ...request, params: [transaction, "pending", ...rest] };
}

function failure(id: unknown, code: number, message: string, data?: unknown): object {
  return {
    jsonrpc: "2.0",
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
