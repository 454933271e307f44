import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskReserve } from "../../node/adapters/disk.ts";
import { EventArchive } from "../../node/adapters/event-archive.ts";
import { createLog } from "../../node/adapters/log.ts";
import { fromHex, type Hex } from "../../node/core/bytes.ts";
import { accessToken } from "../../node/core/evidence/access-link.ts";
import { DisputeList } from "../../node/engine/claims/list-disputes.ts";
import { showSample } from "../../node/engine/evidence/show-sample.ts";
import { Settlement } from "../../node/engine/settle/settlement.ts";
import { SubscriberAccess } from "../../node/http/access.ts";
import { healthOf } from "../../node/http/health.ts";
import { NodeMetrics } from "../../node/http/metrics.ts";
import { createServer, type ServerParts } from "../../node/http/server.ts";
import { Spool } from "../../node/http/spool.ts";
import { filled } from "../adapters/memory-members.ts";
import { type MemoryOperator, ZONE } from "./memory-operator.ts";

const LEDGER_STATUS = { reachable: true, block: "1", blockTime: "2026-11-01T08:00:00.000Z" };

export const OPERATOR_TOKEN = filled("7e", 32);

/** The parts that a node's server is put together from, over an operator in memory. */
export function serverParts(
  operator: MemoryOperator,
  spool: string,
  ledgerUrl: string,
): ServerParts {
  const { pipeline, outbox, ledger, profile, store } = operator;
  const reserve = new DiskReserve(tmpdir(), 0);
  const { chargeBook, creditBook, currency } = profile.agreement;
  const status = async () => ({
    operator: profile.name,
    currency,
    tariff: { version: 1, validFrom: "2026-01-01T00:00:00.000Z" },
    ...(await pipeline.status()),
    ledger: LEDGER_STATUS,
    outbox: outbox.pending().length,
    cadenceSeconds: 0,
    disk: await reserve.look(),
    faults: [],
  });
  return {
    subscriber: {
      pipeline,
      published: join(spool, "..", "published"),
      access: new SubscriberAccess(pipeline),
      operatorName: profile.name,
      currency,
      zone: ZONE,
      events: new EventArchive([spool]),
    },
    operator: {
      pipeline,
      disputes: new DisputeList(ledger, profile.member),
      settlement: new Settlement(
        outbox,
        () => pipeline.postStatement(chargeBook, creditBook),
        (statement) => showSample(store, outbox, ledger, statement),
      ),
      token: OPERATOR_TOKEN,
      published: join(spool, "..", "published"),
      spool: new Spool(spool, reserve),
      zone: ZONE,
      sourceName: "pbx",
      status,
      setCadence: () => {},
      compactStore: async () => ({ bytesMoved: 0 }),
      finalWaitMilliseconds: 5_000,
    },
    outbox,
    ledger,
    ledgerUrl,
    connectOrigins: [],
    page: undefined,
    sampleLog: undefined,
    health: healthOf({
      ledger: () => ledger.head(),
      store: () => store.get("node/health"),
      disk: async () => {},
      commits: async () => {},
    }),
    metrics: new NodeMetrics({
      status,
      totals: () => pipeline.control.overall(),
      disk: () => reserve.look(),
      ledger: async () => LEDGER_STATUS,
      faults: async () => [],
    }),
    log: createLog("silent"),
    debug: false,
  };
}

/** A real server on a free loopback port. */
export async function serve(
  listener: Parameters<typeof createHttpServer>[1],
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createHttpServer(listener as never).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const serveOperator = (operator: MemoryOperator, spool: string, ledgerUrl: string) =>
  serve(createServer(serverParts(operator, spool, ledgerUrl)) as never);

export async function subscriberToken(operator: MemoryOperator, id: string): Promise<Hex> {
  const account = (await operator.pipeline.accounts()).find((one) => one.id === id);
  return accessToken(fromHex(account?.accessSecret ?? "0x", 32));
}
