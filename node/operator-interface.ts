import { existsSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DiskReserve } from "./adapters/disk.ts";
import { EventArchive } from "./adapters/event-archive.ts";
import type { EvmLedger } from "./adapters/evm-ledger.ts";
import type { LevelStore } from "./adapters/level-store.ts";
import type { Log } from "./adapters/log.ts";
import type { ChargingService } from "./charging-service.ts";
import type { NodeConfig } from "./config.ts";
import type { Hex } from "./core/bytes.ts";
import type { NoticeFigures } from "./engine/charging/deliver-notices.ts";
import { DisputeList } from "./engine/claims/list-disputes.ts";
import type { Cadence } from "./engine/commit/cadence.ts";
import type { Outbox } from "./engine/commit/outbox.ts";
import type { AfterBillPublisher } from "./engine/evidence/publish-after-bill.ts";
import { showSample } from "./engine/evidence/show-sample.ts";
import type { OperatorPipeline } from "./engine/pipeline.ts";
import type { TariffFollower } from "./engine/rate/follow-tariff.ts";
import type { TariffShelf } from "./engine/rate/tariff-shelf.ts";
import { tariffStatus } from "./engine/rate/tariff-status.ts";
import type { QuietUpkeep } from "./engine/retention/quiet-upkeep.ts";
import { Settlement } from "./engine/settle/settlement.ts";
import type { Environment } from "./environment.ts";
import { SubscriberAccess } from "./http/access.ts";
import { type Health, healthOf } from "./http/health.ts";
import type { MetricsSources, NodeMetrics } from "./http/metrics.ts";
import { createListener } from "./http/server.ts";
import type { Spool } from "./http/spool.ts";
import { partChecks, standingFaults, stuckInOutbox } from "./operator-faults.ts";
import { ledgerStatus } from "./operator-ledger.ts";

const FINAL_WAIT_MS = 10_000;

/** All of an operator's node that answers requests. */
export interface InterfaceParts {
  config: NodeConfig;
  environment: Environment;
  log: Log;
  store: LevelStore;
  ledger: EvmLedger;
  outbox: Outbox;
  pipeline: OperatorPipeline;
  tariffs: TariffShelf;
  tariffFollower: TariffFollower;
  cadence: Cadence;
  upkeep: QuietUpkeep;
  publishing: AfterBillPublisher | undefined;
  /** Folder of evidence that is served. */
  published: string;
  charging: ChargingService | undefined;
  reserve: DiskReserve;
  spool: Spool;
  token: Hex;
  /** Nobody scrapes its figures: it ends with the command that started it. */
  isBrief: boolean;
}

/** What the node tells people and monitoring of itself. */
const statusOf = (parts: InterfaceParts, health: () => Promise<Health>) => async () => {
  const { config, pipeline, publishing, ledger, tariffs, tariffFollower } = parts;
  const { charging, outbox, cadence, reserve } = parts;
  const books = await pipeline.status();
  const stuck = stuckInOutbox(outbox);
  return {
    operator: config.name,
    member: config.member,
    currency: config.agreement.currency,
    ...books,
    ...(publishing === undefined ? {} : { publishing: await publishing.progress() }),
    ledger: await ledgerStatus(ledger),
    tariff: tariffStatus(tariffs, tariffFollower),
    ...noticeStatus(charging?.notices()),
    outbox: outbox.pending().length,
    ...(stuck === undefined ? {} : { outboxTrouble: stuck.message }),
    cadenceSeconds: cadence.seconds,
    // Where its folder does not answer a fault tells so.
    ...(await reserve.look().then(
      (disk) => ({ disk }),
      () => ({}),
    )),
    faults: standingFaults(parts, await health(), books),
  };
};

/** The node over HTTP: its parts as its routes need them. */
export async function operatorListener(parts: InterfaceParts): Promise<RequestListener> {
  const { config, store, ledger, outbox, pipeline, tariffs, charging, token, published } = parts;
  const { log, spool, cadence, isBrief } = parts;
  const health = healthOf(partChecks(parts));
  const status = statusOf(parts, health);
  return createListener({
    subscriber: {
      pipeline,
      published,
      access: new SubscriberAccess(pipeline),
      operatorName: config.name,
      currency: config.agreement.currency,
      zone: config.zone,
      events: new EventArchive(config.events),
      sampleOf: (account) =>
        config.sample?.account === account
          ? { deviceLogUrl: `/sample/${config.sample.deviceLog}` }
          : undefined,
    },
    operator: {
      pipeline,
      disputes: new DisputeList(ledger, config.member),
      settlement: new Settlement(
        outbox,
        () => pipeline.postStatement(config.agreement.chargeBook, config.agreement.creditBook),
        (statement) => showSample(store, outbox, ledger, statement),
      ),
      token,
      published,
      spool,
      zone: config.zone,
      sourceName: config.sourceName,
      status,
      setCadence: (seconds) => cadence.set(seconds),
      compactStore: () => store.compact(),
      finalWaitMilliseconds: FINAL_WAIT_MS,
      leastPace: { bytesMin: config.uploadBytesPerMinuteMin / 2, milliseconds: 30_000 },
    },
    ...(charging === undefined
      ? {}
      : { charging: { charging: charging.charging, token, tariffs } }),
    outbox,
    ledger,
    ledgerUrl: config.ledger.urls[0] as string,
    connectOrigins: config.ledger.endpoints.map(({ url }) => new URL(url).origin),
    page: pageFolder(),
    sampleLog: config.sample && {
      name: config.sample.deviceLog,
      file: join(config.sample.folder, config.sample.deviceLog),
    },
    health,
    ...(isBrief ? {} : { metrics: await metricsOf(parts, { status, health }) }),
    log,
    debug: parts.environment.logLevel === "debug",
  });
}

async function metricsOf(
  parts: InterfaceParts,
  { status, health }: { status: MetricsSources["status"]; health: () => Promise<Health> },
): Promise<NodeMetrics> {
  const { pipeline, reserve, ledger, charging } = parts;
  // The library of figures loads 90 files.
  const { NodeMetrics } = await import("./http/metrics.ts");
  return new NodeMetrics({
    status,
    totals: () => pipeline.control.overall(),
    disk: () => reserve.look(),
    ledger: () => ledgerStatus(ledger),
    faults: async () => standingFaults(parts, await health(), undefined),
    ...(charging === undefined ? {} : { notices: () => charging.notices() }),
  });
}

function noticeStatus(figures: NoticeFigures | undefined): { notices?: object } {
  if (figures === undefined) return {};
  const { oldestAt, ...rest } = figures;
  return {
    notices: {
      ...rest,
      ...(oldestAt === undefined ? {} : { oldest: new Date(oldestAt).toISOString() }),
    },
  };
}

function pageFolder(): string | undefined {
  const folder = fileURLToPath(new URL("../client-app/dist/", import.meta.url));
  return existsSync(join(folder, "index.html")) ? folder : undefined;
}
