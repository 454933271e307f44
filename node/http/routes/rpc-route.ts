import { Router } from "express";
import { z } from "zod";
import { HttpError } from "../http-error.ts";

/** What a page needs to read the ledger through this member; nothing that writes or administers. */
const METHODS = new Set([
  "eth_chainId",
  "eth_blockNumber",
  "eth_call",
  "eth_getBlockByNumber",
  "eth_getCode",
]);
const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string(), z.null()]),
  method: z.string(),
  params: z.array(z.unknown()).max(3).optional(),
});
const BATCH_MAX = 100;

export interface RpcRouteParts {
  ledgerUrl: string;
  /** Calls are handed on to these contracts only: nobody runs code of their own through us. */
  contracts: readonly string[];
  timeoutMilliseconds: number;
}

/** Hands read-only JSON-RPC calls to this member's own ledger end point. */
export function rpcRoute({ ledgerUrl, contracts, timeoutMilliseconds }: RpcRouteParts): Router {
  const known = new Set(contracts.map((address) => address.toLowerCase()));
  const router = Router();
  router.post("/", async (request, response) => {
    const calls = Array.isArray(request.body) ? request.body : [request.body];
    if (calls.length === 0 || calls.length > BATCH_MAX) {
      throw new HttpError(400, "rpc.batch", `One to ${BATCH_MAX} calls can be asked at once.`);
    }
    for (const call of calls) {
      const parsed = requestSchema.safeParse(call);
      if (!parsed.success) throw new HttpError(400, "rpc.malformed", "This is no JSON-RPC call.");
      const { method, params } = parsed.data;
      if (!METHODS.has(method)) {
        throw new HttpError(403, "rpc.method", `${method} is not offered here; only reading is.`);
      }
      if (method === "eth_call" && !known.has(targetOf(params))) {
        throw new HttpError(403, "rpc.contract", "Only the network's own contracts are read here.");
      }
    }
    let answer: Response;
    try {
      answer = await fetch(ledgerUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request.body),
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
    } catch {
      throw new HttpError(503, "ledger.unreachable", "The ledger does not answer at the moment.");
    }
    response
      .status(answer.status)
      .type("application/json")
      .send(await answer.text());
  });
  return router;
}

function targetOf(params: unknown[] | undefined): string {
  const to = (params?.[0] as { to?: unknown } | undefined)?.to;
  return typeof to === "string" ? to.toLowerCase() : "";
}
