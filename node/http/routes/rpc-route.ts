import { Router } from "express";
import { z } from "zod";
import { CallSlots } from "../call-slots.ts";
import { HttpError } from "../http-error.ts";

const BATCH_MAX = 100;
const CALL_BYTES_MAX = 65_536;
/** Units of gas that one question may burn at the ledger's end point: a block's worth. */
const CALL_GAS_MAX = 30_000_000;
const IN_FLIGHT_MAX = 32;
const WAITING_MAX = 256;

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const data = z
  .string()
  .regex(/^0x[0-9a-fA-F]*$/)
  .max(2 + 2 * CALL_BYTES_MAX);
const block = z.union([
  z.enum(["latest", "finalized", "safe", "earliest", "pending"]),
  z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/),
]);

const blockNumber = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/);
const topic = z.string().regex(/^0x[0-9a-f]{64}$/);
/** Blocks that one question about events covers, as the node itself asks. */
const LOG_BLOCKS_MAX = 1_000n;
const TOPICS_MAX = 32;

/** Events of one contract in a bounded range: what was delivered on a demand stands nowhere else. */
const logFilter = z
  .strictObject({
    address,
    topics: z.array(z.array(topic).max(TOPICS_MAX)).min(1).max(4),
    fromBlock: blockNumber,
    toBlock: blockNumber,
  })
  // Runs too when a field was found wrong.
  .refine(
    ({ fromBlock, toBlock }) =>
      [fromBlock, toBlock].every((number) => blockNumber.safeParse(number).success) &&
      BigInt(toBlock) - BigInt(fromBlock) < LOG_BLOCKS_MAX,
    "covers too many blocks",
  );

/**
 * What a page needs to read the ledger through this member, with exactly these parameters: nothing
 * that writes, administers, runs code of a stranger's own or lends an account other contents.
 */
const PARAMS = {
  eth_chainId: z.tuple([]),
  eth_blockNumber: z.tuple([]),
  eth_call: z
    .tuple([z.strictObject({ to: address, data }), block])
    .transform(([call, at]) => [{ ...call, gas: `0x${CALL_GAS_MAX.toString(16)}` }, at]),
  eth_getBlockByNumber: z.tuple([block, z.literal(false)]),
  eth_getCode: z.tuple([address, block]),
  eth_getLogs: z.tuple([logFilter]),
} satisfies Record<string, z.ZodType>;

const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string().max(64), z.null()]),
  method: z.string(),
  params: z.unknown().optional(),
});

export interface RpcRouteParts {
  ledgerUrl: string;
  /** Calls are handed on to these contracts only. */
  contracts: readonly string[];
  timeoutMilliseconds: number;
  /** How many requests may be under way, and wait, at once. */
  inFlightMax?: number;
  waitingMax?: number;
}

/** Hands read-only JSON-RPC calls to this member's own ledger end point. */
export function rpcRoute(parts: RpcRouteParts): Router {
  const { ledgerUrl, timeoutMilliseconds } = parts;
  const known = new Set(parts.contracts.map((contract) => contract.toLowerCase()));
  const slots = new CallSlots({
    inFlightMax: parts.inFlightMax ?? IN_FLIGHT_MAX,
    waitingMax: parts.waitingMax ?? WAITING_MAX,
    refusal: {
      code: "rpc.too-many",
      message: "Too much is asked at the moment; ask again soon.",
    },
  });
  const router = Router();
  router.post("/", async (request, response) => {
    const isBatch = Array.isArray(request.body);
    const calls: unknown[] = isBatch ? request.body : [request.body];
    if (calls.length === 0 || calls.length > BATCH_MAX) {
      throw new HttpError(400, "rpc.batch", `One to ${BATCH_MAX} calls can be asked at once.`);
    }
    const checked = calls.map((call) => checkedCall(call, known));
    // Who goes away asks no more.
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    await slots.run(async () => {
      let status: number;
      let text: string;
      try {
        const answer = await fetch(ledgerUrl, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(isBatch ? checked : checked[0]),
          signal: AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMilliseconds)]),
        });
        status = answer.status;
        text = await answer.text();
      } catch {
        throw new HttpError(503, "ledger.unreachable", "The ledger does not answer at the moment.");
      }
      response.status(status).type("application/json").send(text);
    });
  });
  return router;
}

/**
 * The call as it is handed on: only what was looked at.
 * @throws HttpError `rpc.malformed`, `rpc.method`, `rpc.params`, `rpc.contract`
 */
function checkedCall(call: unknown, known: ReadonlySet<string>): object {
  const parsed = requestSchema.safeParse(call);
  if (!parsed.success) throw new HttpError(400, "rpc.malformed", "This is no JSON-RPC call.");
  const { jsonrpc, id, method, params: given = [] } = parsed.data;
  const schema = Object.hasOwn(PARAMS, method) ? PARAMS[method as keyof typeof PARAMS] : undefined;
  if (schema === undefined) {
    throw new HttpError(403, "rpc.method", `${method} is not offered here; only reading is.`);
  }
  const params = schema.safeParse(given);
  if (!params.success) {
    const issue = params.error.issues[0];
    const where = ["params", ...(issue?.path ?? [])].join(".");
    throw new HttpError(400, "rpc.params", `${method} takes no such ${where}.`);
  }
  if (method === "eth_call" || method === "eth_getLogs") {
    const asked = params.data[0] as { to?: string; address?: string };
    if (!known.has(String(asked.to ?? asked.address).toLowerCase())) {
      throw new HttpError(403, "rpc.contract", "Only the network's own contracts are read here.");
    }
  }
  return { jsonrpc, id, method, params: params.data };
}
