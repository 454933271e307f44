import type { Server } from "node:http";
import { join } from "node:path";
import { openBillKernel } from "./adapters/bill-threads.ts";
import { openClosingKernel } from "./adapters/closing-threads.ts";
import { DiskReserve } from "./adapters/disk.ts";
import { EvidenceFolder } from "./adapters/evidence-folder.ts";
import { openEvidenceKernel } from "./adapters/evidence-threads.ts";
import type { LevelStore } from "./adapters/level-store.ts";
import type { Log } from "./adapters/log.ts";
import { readApprovals } from "./adapters/tariff-approvals.ts";
import { type ChargingService, startCharging } from "./charging-service.ts";
import type { NodeConfig } from "./config.ts";
import { TallystickError } from "./core/errors.ts";
import { requireNotBehind } from "./engine/check/require-not-behind.ts";
import { Cadence } from "./engine/commit/cadence.ts";
import { Outbox } from "./engine/commit/outbox.ts";
import { AfterBillPublisher } from "./engine/evidence/publish-after-bill.ts";
import { OperatorPipeline } from "./engine/pipeline.ts";
import { TariffFollower } from "./engine/rate/follow-tariff.ts";
import { requireApproved } from "./engine/rate/require-approved.ts";
import { requirePublished } from "./engine/rate/require-published.ts";
import { QuietUpkeep } from "./engine/retention/quiet-upkeep.ts";
import type { Environment } from "./environment.ts";
import { listen } from "./http/listen.ts";
import { Spool } from "./http/spool.ts";
import { namedTariffs, openTariffs } from "./named-tariffs.ts";
import { contextOf } from "./operator-context.ts";
import { operatorListener } from "./operator-interface.ts";
import { ledgerSectionOf, type OpenLedger } from "./operator-ledger.ts";
import { operatorToken } from "./operator-token.ts";
import { collectBeforeServing } from "./small-collections.ts";

export interface StartOptions {
  /** The configuration as it is now; it may name tariffs that came since. */
  readAgain?: () => Promise<NodeConfig>;
  /** Whether full batches are built while files come in; not worth it where nobody seals before the process ends. */
  buildsAhead?: boolean;
  /** It ends with the command that started it: nobody scrapes its figures, and no session waits for garbage. */
  isBrief?: boolean;
}

/** What is open before the rest of the program is loaded. */
export interface Foundation extends OpenLedger {
  store: LevelStore;
}

/** All of an operator's node that runs until it is stopped, but for store and ledger. */
export interface OperatorServices {
  outbox: Outbox;
  pipeline: OperatorPipeline;
  cadence: Cadence;
  upkeep: QuietUpkeep;
  publishing: AfterBillPublisher | undefined;
  charging: ChargingService | undefined;
  server: Server;
}

/** Takes up what a crash left, serves HTTP and commits at its cadence. */
export async function startServices(
  config: NodeConfig,
  environment: Environment,
  log: Log,
  { store, ledger, signReceipt, signInvoice }: Foundation,
  { readAgain = async () => config, buildsAhead = true, isBrief = false }: StartOptions,
): Promise<OperatorServices> {
  const tariffs = await openTariffs(config);
  let opened: OperatorPipeline | undefined;
  const outbox = new Outbox(ledger, store, {
    onSettled: (settled) => {
      opened?.noteSettled(settled).catch((error: unknown) => {
        const code = error instanceof TallystickError ? error.code : "internal";
        log.warn("block time not noted", { component: "outbox", code });
      });
    },
    onTrouble: (error) => {
      const code = error instanceof TallystickError ? error.code : "internal";
      log.warn("ledger trouble", { component: "outbox", code });
    },
  });
  await outbox.recover();
  const context = contextOf(config, store, ledger);
  requireApproved(tariffs, await readApprovals(config.tariffs), config.approvals);
  const compared = await Promise.all([
    requireNotBehind(store, context.profile, ledger),
    requirePublished(tariffs, context.profile, ledger),
  ]);
  if (compared.includes(false)) {
    log.warn("store and tariffs not compared with the ledger", { component: "node" });
  }
  const tariffFollower = new TariffFollower(
    tariffs,
    context.profile,
    ledger,
    namedTariffs(readAgain),
  );
  const pipeline = await OperatorPipeline.open({
    context,
    tariffFollower,
    tariffs,
    outbox,
    ledger,
    buildsAhead,
    claimPolicy: config.claimPolicy,
    onClaimTrouble: (error) => {
      const code = error instanceof TallystickError ? error.code : "internal";
      log.warn("claim not worked", { component: "claims", code });
    },
    onDemandTrouble: (error) => {
      const code = error instanceof TallystickError ? error.code : "internal";
      log.warn("demand not answered", { component: "demands", code });
    },
    ledgerSection: ledgerSectionOf(config),
    openBillKernel,
    openClosingKernel,
    openEvidenceKernel,
    openWrittenShelf: EvidenceFolder.written,
    ...(signReceipt === undefined ? {} : { signReceipt }),
    signInvoice,
    ...(config.retention === false
      ? {}
      : { retainedSeconds: BigInt(config.retention.afterDays) * 86_400n }),
  });
  opened = pipeline;
  outbox.start();
  const charging =
    config.charging === undefined
      ? undefined
      : await startCharging(
          { ...config, charging: config.charging },
          tariffs,
          (file) => pipeline.ingest(file),
          () => context.time.seconds(),
          log,
        );
  if (charging !== undefined && !isBrief) collectBeforeServing();
  const reserve = new DiskReserve(config.data, config.diskReserveMegabytes * 1_000_000);
  const spool = new Spool(join(config.data, "spool"), reserve);
  await spool.empty();
  const token = await operatorToken(config.data);
  const published = config.evidence?.publishTo ?? join(config.data, "published");
  const publishing =
    config.evidence === undefined
      ? undefined
      : new AfterBillPublisher(
          pipeline.publisher,
          () => EvidenceFolder.open(published),
          published,
          log,
        );
  const cadence = new Cadence(pipeline, config.cadenceSeconds, log);
  const upkeep = new QuietUpkeep({
    store,
    retention: pipeline.retention,
    compact: () => store.compact(),
    isBusy: () => pipeline.isBusy,
    log,
    erases: config.retention !== false,
  });
  const listener = await operatorListener({
    config,
    environment,
    log,
    store,
    ledger,
    outbox,
    pipeline,
    tariffs,
    tariffFollower,
    cadence,
    upkeep,
    publishing,
    published,
    charging,
    reserve,
    spool,
    token,
    isBrief,
  });
  const server = await listen(listener, config.http.host, config.http.port);

  cadence.start();
  upkeep.start();
  publishing?.start();
  return { outbox, pipeline, cadence, upkeep, publishing, charging, server };
}
