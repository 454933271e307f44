import assert from "node:assert/strict";
import { EvidenceThreads } from "../../node/adapters/evidence-threads.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { openEvidenceFile } from "../../node/core/evidence/evidence-file.ts";
import { runOfEpoch } from "../../node/engine/bill/bill-state.ts";
import { EvidenceBuilder } from "../../node/engine/evidence/build-evidence.ts";
import {
  type EvidenceFacts,
  type EvidenceKernel,
  type EvidenceReach,
  type EvidenceTask,
  openPlainEvidenceKernel,
} from "../../node/engine/evidence/evidence-kernel.ts";
import { sealEvidenceFile } from "../../node/engine/evidence/seal-evidence-file.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { ANNA, BERT, call, EngineScene, hasCode, seconds } from "../engine/engine-scene.ts";
import { ACCOUNTS, CARL, CLOSING, DORA } from "../engine/plan-scene.ts";
import { filled } from "./memory-members.ts";

const EPOCH = "2026-10";
const random = new Seeded(7);

/** Plans, pools, sponsors and none; other parties that are numbers, texts and nobody; several batches. */
async function billedOctober(): Promise<EngineScene> {
  const tariffs = new TariffShelf([
    { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: CLOSING },
    { version: 2, validFromSeconds: seconds("2026-10-20T00:00:00Z"), document: CLOSING },
  ]);
  const handPrices = { "switch:by-hand": { amount: "0.60", reason: "typed in wrongly" } };
  const scene = await EngineScene.open({ tariffs, handPrices, batchChargesMax: 40 });
  await scene.pipeline.putAccounts(ACCOUNTS);
  scene.at("2026-10-31T12:00:00Z");
  for (const file of ["one", "two"]) {
    const records = Array.from({ length: 90 }, (_, at) => {
      const day = 1 + random.below(30);
      const start = `2026-10-${String(day).padStart(2, "0")}T10:00:00.000Z`;
      const aParty = random.pick([ANNA, BERT, CARL, DORA]);
      const id = at === 3 ? "by-hand" : `${file}${at}`;
      if (random.chance(0.3)) {
        const data = { service: "data", direction: "none", totalOctets: random.below(20_000_000) };
        return { id, start, aParty, billable: true, ...data } as ReturnType<typeof call>;
      }
      const bParty = random.chance(0.2) ? { bParty: `sip:"é"${at}@example` } : {};
      return call(id, { start, aParty, durationSeconds: random.below(900), ...bParty });
    });
    await scene.ingest(file, records);
    await scene.commit();
  }
  scene.at("2026-11-01T06:00:00Z");
  for (let tries = 0; tries < 5; tries++) {
    await scene.commit();
    const isBilled = await scene.pipeline.bill(EPOCH).then(
      () => true,
      (error) => !hasCode("bill.charges-pending")(error),
    );
    if (isBilled) break;
  }
  await scene.commit();
  return scene;
}

describe("making evidence files", () => {
  let scene: EngineScene;
  let facts: EvidenceFacts;
  let reach: EvidenceReach;
  let task: EvidenceTask;

  before(async () => {
    scene = await billedOctober();
    const { versions } = scene.tariffs;
    facts = {
      profile: scene.profile,
      ledger: {
        chainId: "31337",
        kind: "embedded",
        runBy: "Alder Mobile",
        contracts: { books: filled("0b", 20) } as EvidenceFacts["ledger"]["contracts"],
        endpoints: [],
      },
      tariffs: versions.map(({ version, validFromSeconds, document }) => ({
        version,
        validFromSeconds,
        document,
      })),
    };
    const signer = filled("5a", 20);
    reach = {
      store: scene.store,
      signReceipt: async ({ lastChargeNumber, issuedAt }) => ({
        signer,
        signature: `0x${lastChargeNumber.toString(16)}${issuedAt.toString(16)}`,
      }),
      signInvoice: async ({ documentHash }) => ({ signer, signature: documentHash }),
    };
    task = {
      epoch: EPOCH,
      seconds: 1_793_520_123n,
      files: ["anna", "bert", "bert", "carl", "dora"].map((account) => ({
        account,
        secret: random.bytes(32),
        salt: random.bytes(16),
      })),
    };
  });

  /** Each bundle read, proven and written by itself, as the node answers it. */
  async function oneByOne(): Promise<Uint8Array[]> {
    const { signReceipt, signInvoice } = reach;
    const { ledger } = facts;
    const builder = new EvidenceBuilder(
      scene.context,
      scene.tariffs,
      ledger,
      signReceipt,
      signInvoice,
    );
    const files: Uint8Array[] = [];
    for (const { account, secret, salt } of task.files) {
      const options = { onlyFinal: true, seconds: task.seconds };
      const text = builder.write(account, EPOCH, options);
      const parts: Uint8Array[] = [];
      for await (const part of sealEvidenceFile(text, { secret, epoch: EPOCH, salt })) {
        parts.push(part);
      }
      files.push(new Uint8Array(Buffer.concat(parts)));
    }
    return files;
  }

  it("gives the same bytes alone, together, and in threads", async () => {
    const alone = await oneByOne();
    const texts = await Promise.all(
      alone.map((file, at) => openEvidenceFile(file, task.files[at]?.secret ?? assert.fail())),
    );
    // What is compared holds all that a line can have.
    for (const words of [/"text":"sip/, /"told"/, /"credits":\[{/, /"receipt"/, /"signed"/]) {
      assert.ok(
        texts.some((text) => words.test(text)),
        String(words),
      );
    }
    assert.ok(texts.some((text) => text.includes(`"run":"${runOfEpoch(EPOCH)}"`)));
    const threads = new EvidenceThreads(facts, reach, 2);
    const kernels: EvidenceKernel[] = [openPlainEvidenceKernel(facts, reach), threads];
    try {
      for (const kernel of kernels) {
        const [together, again] = await Promise.all([kernel.write(task), kernel.write(task)]);
        for (const [at, file] of together.entries()) {
          const { secret } = task.files[at] ?? assert.fail();
          assert.equal(await openEvidenceFile(file, secret), texts[at]);
          assert.deepEqual(file, alone[at]);
        }
        assert.deepEqual(again, together);
      }
      // What the thread that reads meets, and what the one that computes does, is told as it is.
      const nobody = { ...task, files: [{ ...task.files[0], account: "nobody" }] } as EvidenceTask;
      for (const kernel of kernels) {
        await assert.rejects(kernel.write(nobody), hasCode("evidence.nothing"));
      }
    } finally {
      await threads.end();
    }
  });

  it("says what the store says, and that a thread ended, whatever it ended of", async () => {
    const damaged = new TallystickError("store.value-damaged", "for the test");
    const store = { getMany: () => Promise.reject(damaged), scan: reach.store.scan };
    const threads = new EvidenceThreads(facts, { store }, 1);
    try {
      await assert.rejects(threads.write(task), hasCode("store.value-damaged"));
      const broken = { ...task, files: 5 } as unknown as EvidenceTask;
      await assert.rejects(threads.write(broken), hasCode("publish.thread-failed"));
    } finally {
      await threads.end();
    }
  });
});
