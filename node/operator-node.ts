import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { RequestListener, Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBillKernel } from "./adapters/bill-threads.ts";
import { http } from "./adapters/builtin-http.ts";
import { openClosingKernel } from "./adapters/closing-threads.ts";
import { DiskReserve } from "./adapters/disk.ts";
import { EventArchive } from "./adapters/event-archive.ts";
import { EvidenceFolder } from "./adapters/evidence-folder.ts";
import { openEvidenceKernel } from "./adapters/evidence-threads.ts";
import { EvmLedger } from "./adapters/evm-ledger.ts";
import { FoldThread } from "./adapters/fold-thread.ts";
import { HashThread } from "./adapters/hash-thread.ts";
import { Keystore, passphraseOf } from "./adapters/keystore.ts";
import { LastKnownTime } from "./adapters/last-known-time.ts";
import { LevelStore } from "./adapters/level-store.ts";
import type { Log } from "./adapters/log.ts";
import { QuickSigner } from "./adapters/quick-signer.ts";
import { invoiceSigner, receiptSigner } from "./adapters/receipt-signer.ts";
import { readApprovals } from "./adapters/tariff-approvals.ts";
import { readTariffJson } from "./adapters/tariff-file.ts";
import { TreeThreads } from "./adapters/tree-threads.ts";
import { type ChargingService, startCharging } from "./charging-service.ts";
import type { NodeConfig } from "./config.ts";
import type { Hex } from "./core/bytes.ts";
import { SOURCE_ROLE } from "./core/commitment/secrets.ts";
import { TallystickError } from "./core/errors.ts";
import type { NoticeFigures } from "./engine/charging/deliver-notices.ts";
import { requireNotBehind } from "./engine/check/require-not-behind.ts";
import { DisputeList } from "./engine/claims/list-disputes.ts";
import { Cadence } from "./engine/commit/cadence.ts";
import type { ContractName } from "./engine/commit/ledger.ts";
import { Outbox } from "./engine/commit/outbox.ts";
import type { LedgerSection } from "./engine/evidence/build-evidence.ts";
import type { SignInvoice, SignReceipt } from "./engine/evidence/issue-receipt.ts";
import { AfterBillPublisher } from "./engine/evidence/publish-after-bill.ts";
import { showSample } from "./engine/evidence/show-sample.ts";
import type { EngineContext, OperatorProfile } from "./engine/operator.ts";
import { OperatorPipeline } from "./engine/pipeline.ts";
import { TariffFollower } from "./engine/rate/follow-tariff.ts";
import { requireApproved } from "./engine/rate/require-approved.ts";
import { requirePublished } from "./engine/rate/require-published.ts";
import { TariffShelf } from "./engine/rate/tariff-shelf.ts";
import { tariffStatus } from "./engine/rate/tariff-status.ts";
import { QuietUpkeep } from "./engine/retention/quiet-upkeep.ts";
import { Settlement } from "./engine/settle/settlement.ts";
import { timeRecord } from "./engine/store/time-record.ts";
import type { Environment } from "./environment.ts";
import { SubscriberAccess } from "./http/access.ts";
import { healthOf } from "./http/health.ts";
import { NodeMetrics } from "./http/metrics.ts";
import { createListener } from "./http/server.ts";
import { Spool } from "./http/spool.ts";
import { endStalledRequests } from "./http/stalled-requests.ts";
import { namedTariffs } from "./named-tariffs.ts";
import { operatorToken } from "./operator-token.ts";

export interface StartOptions {
  /** The configuration as it is now; it may name tariffs that came since. */
  readAgain?: () => Promise<NodeConfig>;
  /** Whether full batches are built while files come in; not worth it where nobody seals before the process ends. */
  buildsAhead?: boolean;
}

const FINAL_WAIT_MS = 10_000;

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
    const status = async () => ({
      operator: config.name,
      member: config.member,
      currency: config.agreement.currency,
      ...(await pipeline.status()),
      ...(publishing === undefined ? {} : { publishing: await publishing.progress() }),
      ledger: await ledgerStatus(ledger),
      tariff: tariffStatus(tariffs, tariffFollower),
      ...noticeStatus(charging?.notices()),
      outbox: outbox.pending().length,
      ...troubleOf(outbox),
      cadenceSeconds: cadence.seconds,
      disk: await reserve.look(),
    });
    const listener = createListener({
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
          (statement) => showSample(context.store, outbox, ledger, statement),
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
      health: healthOf({
        ledger,
        store,
        hasRoom: async () => (await reserve.look()).hasRoom,
        // While the store does not answer nobody can say; that part tells.
        commitsAreTaken: () =>
          pipeline.refusedTick().then(
            (tick) => tick === undefined,
            () => true,
          ),
      }),
      metrics: new NodeMetrics({
        status,
        totals: () => pipeline.control.overall(),
        disk: () => reserve.look(),
        ledger: () => ledgerStatus(ledger),
        ...(charging === undefined ? {} : { notices: () => charging.notices() }),
      }),
      log,
      debug: environment.logLevel === "debug",
    });
    const server = await listen(listener, config.http.host, config.http.port);
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : config.http.port;
    cadence.start();
    upkeep.start();
    publishing?.start();
    log.info("node started", { component: "node", operator: config.name, port });
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

async function openTariffs({ tariffs }: NodeConfig): Promise<TariffShelf> {
  const versions = await Promise.all(
    tariffs.map(async ({ version, validFrom, file }) => ({
      version,
      validFromSeconds: BigInt(validFrom),
      document: await readTariffJson(file),
    })),
  );
  return new TariffShelf(versions);
}

async function openLedger(
  config: NodeConfig,
  environment: Environment,
): Promise<{
  ledger: EvmLedger;
  signReceipt: SignReceipt | undefined;
  signInvoice: SignInvoice;
}> {
  const isEmbedded = config.ledger.kind === "embedded";
  const passphrase = await passphraseOf({
    given: environment.passphrase,
    dataDirectory: config.data,
    ledgerIsEmbedded: isEmbedded,
  });
  const keys = new Keystore({
    directory: join(config.data, "keys"),
    passphrase,
    ledgerIsEmbedded: isEmbedded,
  });
  const [commit, settle] = await Promise.all([keys.signer("commit"), keys.signer("settle")]);
  const chainId = BigInt(config.ledger.chainId);
  const { standings } = config.ledger.contracts;
  const ledger = new EvmLedger({
    urls: config.ledger.urls,
    chainId,
    kind: config.ledger.kind,
    contracts: config.ledger.contracts as Partial<Record<ContractName, string>>,
    finality: config.ledger.finality,
    gasPrice: BigInt(config.ledger.gasPriceWei),
    signers: { commit, settle },
  });
  const quick = await QuickSigner.of(settle);
  const signReceipt =
    standings === undefined ? undefined : receiptSigner(quick, chainId, standings);
  const books = config.ledger.contracts.books as Hex;
  return { ledger, signReceipt, signInvoice: invoiceSigner(quick, { chainId, books }) };
}

function contextOf(config: NodeConfig, store: LevelStore, ledger: EvmLedger): EngineContext {
  const profile: OperatorProfile = {
    name: config.name,
    member: config.member,
    chainId: BigInt(config.ledger.chainId),
    books: config.ledger.contracts.books as Hex,
    agreement: {
      ...config.agreement,
      maxRecordAgeSeconds: BigInt(config.agreement.maxRecordAgeSeconds),
    },
    sourceRole: SOURCE_ROLE[config.role],
    ...(config.trunkAccount === undefined ? {} : { trunkAccount: config.trunkAccount }),
    zone: config.zone,
    sourceName: config.sourceName,
    handPrices: config.handPrices,
    batchChargesMax: config.batchChargesMax,
    batchBytesMax: config.batchBytesMax,
  };
  return {
    store,
    profile,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    time: new LastKnownTime(ledger, timeRecord(store)),
    leafHasher: (domain) => new HashThread(domain),
    runBuilder: new TreeThreads(),
    entryFolder: new FoldThread(),
  };
}

function ledgerSectionOf({ ledger }: NodeConfig): LedgerSection {
  const address = (name: string): Hex => {
    const found = ledger.contracts[name];
    if (found === undefined) {
      throw new TallystickError("config.invalid", `The contract "${name}" is missing.`, {
        field: `ledger.contracts.${name}`,
      });
    }
    return found;
  };
  const optional = (name: "standings" | "demands") => {
    const found = ledger.contracts[name];
    return found === undefined ? {} : { [name]: found };
  };
  return {
    chainId: ledger.chainId,
    kind: ledger.kind,
    runBy: ledger.runBy,
    contracts: {
      books: address("books"),
      tariffs: address("tariffs"),
      agreements: address("agreements"),
      claims: address("claims"),
      members: address("members"),
      ...optional("standings"),
      ...optional("demands"),
    },
    endpoints: ledger.endpoints,
  };
}

/** Why the ledger does not take the transaction that all others wait behind. */
function troubleOf(outbox: Outbox): { outboxTrouble?: string } {
  const stuck = outbox.pending().find(({ trouble }) => trouble !== undefined);
  return stuck?.trouble === undefined ? {} : { outboxTrouble: stuck.trouble.message };
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

async function ledgerStatus(ledger: EvmLedger) {
  try {
    const { number, time } = await ledger.head();
    return {
      reachable: true,
      block: number.toString(),
      blockTime: new Date(Number(time) * 1000).toISOString(),
    };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return { reachable: false, because: error.message };
  }
}

function pageFolder(): string | undefined {
  const folder = fileURLToPath(new URL("../client-app/dist/", import.meta.url));
  return existsSync(join(folder, "index.html")) ? folder : undefined;
}

function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = http.createServer(listener);
    endStalledRequests(server);
    server.listen(port, host);
    server.once("listening", () => resolve(server));
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "EADDRINUSE"
          ? new TallystickError("http.port-busy", `Port ${port} is in use; choose another one.`)
          : cause,
      ),
    );
  });
}
