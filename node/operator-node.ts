import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";
import { openBillKernel } from "./adapters/bill-threads.ts";
import { openClosingKernel } from "./adapters/closing-threads.ts";
import { DiskReserve } from "./adapters/disk.ts";
import { EvidenceFolder } from "./adapters/evidence-folder.ts";
import { openEvidenceKernel } from "./adapters/evidence-threads.ts";
import type { EvmLedger } from "./adapters/evm-ledger.ts";
import { LevelStore } from "./adapters/level-store.ts";
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
import { listen, portOf } from "./http/listen.ts";
import { Spool } from "./http/spool.ts";
import { namedTariffs, openTariffs } from "./named-tariffs.ts";
import { contextOf } from "./operator-context.ts";
import { operatorListener } from "./operator-interface.ts";
import { ledgerSectionOf, openLedger } from "./operator-ledger.ts";
import { operatorToken } from "./operator-token.ts";

export interface StartOptions {
  /** The configuration as it is now; it may name tariffs that came since. */
  readAgain?: () => Promise<NodeConfig>;
  /** Whether full batches are built while files come in; not worth it where nobody seals before the process ends. */
  buildsAhead?: boolean;
}

/**
 * One operator's node: the composition root of a process. Opens store, keys and ledger, takes up
 * what a crash left, serves HTTP and commits at its cadence, until it is stopped.
 */
export class OperatorNode {
  readonly #store: LevelStore;
  readonly #ledger: EvmLedger;
  readonly #outbox: Outbox;
  readonly #pipeline: OperatorPipeline;
  readonly #cadence: Cadence;
  readonly #upkeep: QuietUpkeep;
  readonly #publishing: AfterBillPublisher | undefined;
  readonly #charging: ChargingService | undefined;
  readonly #server: Server;
  readonly url: string;

  private constructor(parts: {
    store: LevelStore;
    ledger: EvmLedger;
    outbox: Outbox;
    pipeline: OperatorPipeline;
    cadence: Cadence;
    upkeep: QuietUpkeep;
    publishing: AfterBillPublisher | undefined;
    charging: ChargingService | undefined;
    server: Server;
    url: string;
  }) {
    this.#store = parts.store;
    this.#ledger = parts.ledger;
    this.#outbox = parts.outbox;
    this.#pipeline = parts.pipeline;
    this.#cadence = parts.cadence;
    this.#upkeep = parts.upkeep;
    this.#publishing = parts.publishing;
    this.#charging = parts.charging;
    this.#server = parts.server;
    this.url = parts.url;
  }

  static async start(
    config: NodeConfig,
    environment: Environment,
    log: Log,
    { readAgain = async () => config, buildsAhead = true }: StartOptions = {},
  ): Promise<OperatorNode> {
    await mkdir(config.data, { recursive: true, mode: 0o700 });
    // Beside each other: keys are opened by threads of the system, tariffs are compiled meanwhile.
    const [store, { ledger, signReceipt, signInvoice }, tariffs] = await Promise.all([
      LevelStore.open(join(config.data, "store")),
      openLedger(config, environment),
      openTariffs(config),
    ]);
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
    const listener = operatorListener({
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
    });
    const server = await listen(listener, config.http.host, config.http.port);
    const port = portOf(server);
    cadence.start();
    upkeep.start();
    publishing?.start();
    log.info("node started", {
      component: "node",
      operator: config.name,
      port,
    });
    return new OperatorNode({
      store,
      ledger,
      outbox,
      pipeline,
      cadence,
      upkeep,
      publishing,
      charging,
      server,
      url: `http://${config.http.host}:${port}`,
    });
  }

  /** Finishes what is under way and closes; what is not done goes on at the next start. */
  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#pipeline.stopAhead();
    await this.#pipeline.stopBill();
    await this.#pipeline.checks.stop();
    await this.#cadence.stop();
    await this.#upkeep.stop();
    await this.#publishing?.stop();
    await this.#pipeline.publisher.stop();
    await this.#charging?.stop();
    await this.#outbox.stop();
    this.#ledger.close();
    await this.#store.close();
  }
}
