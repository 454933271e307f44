/* One process of the benchmark `publish`: makes a billed month and publishes its evidence. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Wallet } from "ethers";
import { EvidenceFolder } from "../../node/adapters/evidence-folder.ts";
import { openEvidenceKernel } from "../../node/adapters/evidence-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { QuickSigner } from "../../node/adapters/quick-signer.ts";
import { invoiceSigner, receiptSigner } from "../../node/adapters/receipt-signer.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { TickSealer } from "../../node/engine/commit/seal-batch.ts";
import { EvidenceBuilder } from "../../node/engine/evidence/build-evidence.ts";
import { EvidencePublisher } from "../../node/engine/evidence/publish-evidence.ts";
import { below } from "../../node/engine/store/key-spaces.ts";
import type { Store, StoreOperation } from "../../node/engine/store/store.ts";
import { encodeJson, scanJson } from "../../node/engine/store/stored-json.ts";
import type { StoredBatch } from "../../node/engine/store/stored-types.ts";
import { benchOperator, benchRecords } from "./in-memory-operator.ts";

const MONTH = "2026-10";
const AFTER_MONTH_SECONDS = BigInt(Date.parse("2026-11-02T00:00:00Z") / 1000);
/** Neighbours in a file are no neighbours among accounts. */
const MIX = 7_919;
const SIGNING_KEY = `0x${"11".repeat(32)}`;
const CONTRACT = `0x${"22".repeat(20)}` as const;
const LEDGER = {
  chainId: "31337",
  kind: "embedded" as const,
  runBy: "Bench",
  contracts: { books: "0x", tariffs: "0x", agreements: "0x", claims: "0x", members: "0x" } as never,
  endpoints: [],
};

/** As if the ledger had taken all batches. */
async function makeFinal(store: Store): Promise<void> {
  const operations: StoreOperation[] = [];
  for await (const { key, value } of scanJson<StoredBatch>(store, below("batch/"))) {
    const batch = { ...value, blockTime: AFTER_MONTH_SECONDS.toString() };
    operations.push({ type: "put", key, value: encodeJson(batch) });
  }
  await store.write(operations);
}

const [subscribers = 0, chargesEach = 0, batches = 1] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
try {
  const store = await LevelStore.open(join(directory, "store"));
  const operator = await benchOperator(store, subscribers);
  const context = { ...operator.context, time: { seconds: async () => AFTER_MONTH_SECONDS } };
  const records = benchRecords(subscribers * chargesEach, subscribers, MIX);
  const each = Math.ceil((subscribers * chargesEach) / batches);
  for (let batch = 0; batch < batches; batch++) {
    const lines = async function* () {
      for (let at = 0; at < each; at++) {
        const { done, value } = await records.next();
        if (done === true) return;
        yield value;
      }
    };
    const sha256 = batch.toString(16).padStart(64, "0");
    await operator.ingest.ingest({ name: `bench-${batch}`, sha256, lines: lines() });
    await new TickSealer(context).seal();
  }
  await makeFinal(store);
  await runBill({ context, turn: (task) => task() }, MONTH);
  await new TickSealer(context).seal();
  await makeFinal(store);
  const before = process.resourceUsage().maxRSS;
  const quick = new QuickSigner(new Wallet(SIGNING_KEY));
  const builder = new EvidenceBuilder(
    context,
    operator.tariffs,
    LEDGER,
    receiptSigner(quick, 31_337n, CONTRACT),
    invoiceSigner(quick, { chainId: 31_337n, books: CONTRACT }),
  );
  const publisher = new EvidencePublisher(context, builder, openEvidenceKernel);
  const folder = await EvidenceFolder.open(join(directory, "published"));
  const cpu = process.cpuUsage();
  const began = performance.now();
  let progress = await publisher.step(MONTH, folder, folder.path);
  while (!progress.done) progress = await publisher.step(MONTH, folder, folder.path);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (progress.written !== subscribers) throw new Error(`${progress.written} files were written`);
  await store.close();
  console.log(
    JSON.stringify({
      seconds,
      processorSeconds: (user + system) / 1e6,
      bytes: progress.bytes,
      beforeMegabytes: before / 1024,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    }),
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
