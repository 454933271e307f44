import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EvmLedger } from "../../node/adapters/evm-ledger.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { checkStore } from "../../node/engine/check/check-store.ts";
import { Cadence } from "../../node/engine/commit/cadence.ts";
import type { ContractName } from "../../node/engine/commit/ledger.ts";
import { Outbox } from "../../node/engine/commit/outbox.ts";
import type { EngineContext } from "../../node/engine/operator.ts";
import { OperatorPipeline } from "../../node/engine/pipeline.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { ScriptedOperator } from "../attack/scripted-operator.ts";
import { EmbeddedLedger } from "../embedded-ledger.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { benchContext, benchRecords } from "./in-memory-operator.ts";
import { numberOf } from "./switch-file.ts";

/** A day at a tick a minute; of three books each. */
const DAY_TICKS = 1_440;
const GENESIS_SECONDS = 1_791_500_000;
const RECORDS_AN_HOUR = 100;
const SUBSCRIBERS = 50;
const CATCH_UP_MAX_SECONDS = 600;

/**
 * The ledger is stopped, the node goes on for a quarter, half and a whole day, and the ledger comes back:
 * the real outbox, store and heartbeat over the embedded ledger. Sealing must not become dearer with the
 * ticks that wait already, and what waited must be on the ledger within minutes.
 */
export const outage: Benchmark = {
  name: "outage",
  async *run(): AsyncGenerator<Figure> {
    for (const ticks of [DAY_TICKS / 4, DAY_TICKS / 2, DAY_TICKS]) yield* outageOf(ticks);
  },
};

async function* outageOf(ticks: number): AsyncGenerator<Figure> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-outage-"));
  const ledgerAt = (port: number) =>
    new EmbeddedLedger({
      directory: join(directory, "ledger"),
      port,
      genesisTimeSeconds: GENESIS_SECONDS,
    });
  let embedded = ledgerAt(0);
  const store = await LevelStore.open(join(directory, "store"));
  try {
    await embedded.start();
    await embedded.setTime(GENESIS_SECONDS);
    const port = Number(new URL(embedded.url).port);
    const scripted = await ScriptedOperator.start(embedded, EmbeddedLedger.chainId, () => {});
    const ledger = ledgerOf(scripted, embedded.url);
    const { pipeline, outbox } = await openNode(store, ledger, scripted);
    try {
      await embedded.stop();
      const began = process.cpuUsage();
      for (let tick = 0; tick < ticks; tick++) {
        if (tick % 60 === 0) await ingestAnHour(pipeline, tick);
        await pipeline.seal();
      }
      const sealing = process.cpuUsage(began);
      const work = `${ticks.toLocaleString("en-US")} ticks of three books without the ledger`;
      yield {
        name: "outage",
        work: `${work}: sealed, each durable, a file of records an hour`,
        ours: round((sealing.user + sealing.system) / 1000 / ticks),
        unit: "ms of processor a tick",
        beside: [],
        seconds: 0,
      };
      embedded = ledgerAt(port);
      await embedded.start();
      const blocks = await blocksOf(ledger);
      const seconds = await catchUp(pipeline, outbox);
      const { problems } = await checkStore(store, ledger);
      if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)));
      yield {
        name: "outage",
        work: `${work}: from the ledger's return until all are final, by the clock`,
        ours: round(seconds),
        unit: "s",
        beside: [{ name: "transactions", value: (await blocksOf(ledger)) - blocks }],
        ...(ticks === DAY_TICKS ? { goal: 300, met: seconds <= 300 } : {}),
        seconds,
      };
    } finally {
      await outbox.stop();
      ledger.close();
      scripted.client.close();
    }
  } finally {
    await store.close();
    await embedded.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function ledgerOf(scripted: ScriptedOperator, url: string): EvmLedger {
  const contracts = scripted.contracts as Partial<Record<ContractName, string>>;
  const { wallet } = scripted;
  return new EvmLedger({
    urls: [url],
    chainId: BigInt(scripted.chainId),
    kind: "embedded",
    contracts,
    finality: "latest",
    signers: { commit: wallet, settle: wallet },
    timeoutMilliseconds: 5_000,
  });
}

async function openNode(store: LevelStore, ledger: EvmLedger, scripted: ScriptedOperator) {
  const { profile } = benchContext(store);
  const context: EngineContext = {
    store,
    profile: {
      ...profile,
      member: scripted.member,
      books: scripted.booksContract().books,
      agreement: {
        ...profile.agreement,
        id: scripted.agreement,
        chargeBook: scripted.book("charges"),
        creditBook: scripted.book("credits"),
        invoiceBook: scripted.book("invoices"),
      },
    },
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    time: { seconds: async () => BigInt(GENESIS_SECONDS) },
  };
  const tariff = new URL("../../samples/tariffs/alder-retail.json", import.meta.url);
  const document = JSON.parse(await readFile(tariff, "utf8"));
  const outbox = new Outbox(ledger, store);
  await outbox.recover();
  const { books, tariffs, agreements, claims, members } = ledger.describe().contracts;
  if (!books || !tariffs || !agreements || !claims || !members) throw new Error("no contracts");
  const pipeline = await OperatorPipeline.open({
    context,
    tariffs: new TariffShelf([{ version: 1, validFromSeconds: 1_760_000_000n, document }]),
    outbox,
    ledger,
    claimPolicy: "contest",
    ledgerSection: {
      chainId: String(scripted.chainId),
      kind: "embedded",
      runBy: profile.name,
      contracts: { books, tariffs, agreements, claims, members },
      endpoints: [],
    },
  });
  await pipeline.putAccounts(
    Array.from({ length: SUBSCRIBERS }, (_, at) => ({
      id: `a${at}`,
      label: `Subscriber ${at}`,
      devices: [{ id: numberOf(at) }],
    })),
  );
  outbox.start();
  return { pipeline, outbox };
}

async function ingestAnHour(pipeline: OperatorPipeline, tick: number): Promise<void> {
  const records = (async function* () {
    for await (const record of benchRecords(RECORDS_AN_HOUR, SUBSCRIBERS)) {
      yield { ...record, id: `${tick}:${record.id}`, durationSeconds: 60 + tick };
    }
  })();
  const name = `hour-${tick}`;
  const sha256 = createHash("sha256").update(name).digest("hex");
  await pipeline.ingest({ name, sha256, lines: records });
}

/** As the node does it: by its heartbeat. @returns seconds */
async function catchUp(pipeline: OperatorPipeline, outbox: Outbox): Promise<number> {
  const silent = { info() {}, warn() {} };
  const cadence = new Cadence(pipeline, 0, silent);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  cadence.start();
  try {
    while ((await pipeline.status()).ticksOpen > 0 || outbox.pending().length > 0) {
      if (elapsed() > CATCH_UP_MAX_SECONDS) throw new Error("it does not catch up");
      await sleep(100);
    }
    return elapsed();
  } finally {
    await cadence.stop();
  }
}

const blocksOf = async (ledger: EvmLedger): Promise<number> => Number((await ledger.head()).number);
const round = (value: number): number => Math.round(value * 100) / 100;
