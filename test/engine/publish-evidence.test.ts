import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvidenceFolder } from "../../node/adapters/evidence-folder.ts";
import { fromHex } from "../../node/core/bytes.ts";
import { parseBundle } from "../../node/core/evidence/bundle.ts";
import { evidencePlace, openEvidenceFile } from "../../node/core/evidence/evidence-file.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { EvidenceShelf } from "../../node/engine/evidence/evidence-shelf.ts";
import { EPOCH, MemoryOperator, octoberUsage, runOctober } from "../http/memory-operator.ts";
import { hasCode } from "./engine-scene.ts";

describe("publishing the evidence of a month", () => {
  let operator: MemoryOperator;
  let folder: string;
  const path = () => join(folder, "published");
  const filesIn = (where = path()): string[] =>
    readdirSync(where, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".evidence"))
      .sort();
  const manifest = (where = path()) =>
    JSON.parse(readFileSync(join(where, EPOCH, "manifest.json"), "utf8"));
  const publish = async (shelf?: EvidenceShelf, where = path()) =>
    operator.pipeline.publishEvidence(EPOCH, shelf ?? (await EvidenceFolder.open(where)), where);
  const secretOf = async (id: string) => {
    const account = (await operator.pipeline.accounts()).find((one) => one.id === id);
    return fromHex(account?.accessSecret ?? "", 32);
  };
  const read = async (id: string, edition: number, where = path()) => {
    const secret = await secretOf(id);
    const file = readFileSync(join(where, evidencePlace(secret, EPOCH, edition)));
    return parseBundle(await openEvidenceFile(new Uint8Array(file), secret));
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-publish-"));
    operator = await MemoryOperator.start();
  });
  afterEach(async () => {
    await operator.stop();
    rmSync(folder, { recursive: true });
  });

  it("writes a file for each subscriber, which holds what the node would answer", async () => {
    await runOctober(operator);
    const progress = await publish();
    const { done, subscribers, files, written } = progress;
    assert.deepEqual([done, subscribers, files, written], [true, 2, 2, 2]);
    assert.equal(filesIn().length, 2);
    for (const id of ["anna", "bert"]) {
      const { createdAt: _, ...bundle } = await read(id, 1);
      const { createdAt: __, ...answer } = await operator.pipeline.evidence(id, EPOCH);
      assert.deepEqual(bundle, JSON.parse(JSON.stringify(answer)));
      const whole = await read(id, 1);
      const report = verifyBundle(whole, operator.facts(whole));
      assert.deepEqual(
        report.lines.map(({ verdict }) => verdict).filter((one) => one !== "committed"),
        id === "bert" ? ["price-differs"] : [],
      );
    }
    const told = manifest();
    assert.deepEqual(
      [told.complete, told.subscribers, told.files, told.bytes],
      [true, 2, 2, progress.bytes],
    );
    assert.ok(!JSON.stringify(told).includes("anna"));
  });

  it("opens to nobody else, and not when one byte is another one", async () => {
    await runOctober(operator);
    await publish();
    const [anna, bert] = [await secretOf("anna"), await secretOf("bert")];
    const file = new Uint8Array(readFileSync(join(path(), evidencePlace(anna, EPOCH, 1))));
    const notOpened = hasCode("evidence-file.not-opened");
    await assert.rejects(openEvidenceFile(file, bert), notOpened);
    file[1_000] = (file[1_000] as number) ^ 1;
    await assert.rejects(openEvidenceFile(file, anna), notOpened);
    const names = filesIn().join();
    assert.ok(!names.includes("anna") && !names.includes(Buffer.from(anna).toString("hex")));
  });

  it("leaves files as they are, and makes another edition of those that got credits", async () => {
    await runOctober(operator);
    await publish();
    const before = new Map(filesIn().map((name) => [name, readFileSync(join(path(), name))]));
    assert.equal((await publish()).written, 0);
    const bundle = await operator.pipeline.evidence("bert", EPOCH);
    const dear = bundle.charges.find(({ amountNano }) => amountNano === "600000000");
    await operator.credit(bundle, dear?.line ?? "", 100_000_000n);
    // Not on the ledger yet: nothing of it is published.
    assert.equal((await publish()).written, 0);
    const editions = async () => [
      await operator.pipeline.publishedEdition("anna", EPOCH, path()),
      await operator.pipeline.publishedEdition("bert", EPOCH, path()),
      await operator.pipeline.publishedEdition("bert", EPOCH, folder),
    ];
    assert.deepEqual(await editions(), [1, 1, undefined]);
    await operator.commit();
    // What is published lacks the credit: whoever reads it would miss it.
    assert.deepEqual(await editions(), [1, undefined, undefined]);
    const { written, files } = await publish();
    assert.deepEqual([written, files], [1, 3]);
    assert.equal((await publish()).written, 0);
    assert.deepEqual(await editions(), [1, 2, undefined]);
    for (const [name, bytes] of before) {
      assert.deepEqual(readFileSync(join(path(), name)), bytes);
    }
    assert.equal((await read("bert", 1)).credits.length, 0);
    const second = await read("bert", 2);
    assert.equal(second.credits[0]?.amountNano, "100000000");
    const [credit] = verifyBundle(second, operator.facts(second)).credits;
    assert.equal(credit?.verdict, "committed");
    await assert.rejects(read("anna", 2), { code: "ENOENT" });
    // Elsewhere every edition that readers look for is made, with all there is now.
    const other = join(folder, "other");
    assert.equal((await publish(undefined, other)).written, 3);
    assert.equal((await read("bert", 1, other)).credits.length, 1);
    assert.equal((await read("bert", 2, other)).credits.length, 1);
  });

  it("goes on after it died at any moment, and leaves no part of a file under a name", async () => {
    await runOctober(operator);
    for (const dying of ["put", "manifest", "between"] as const) {
      const where = join(folder, dying);
      const real = await EvidenceFolder.open(where);
      const shelf: EvidenceShelf = {
        sweep: () => real.sweep(),
        lengths: (places) => real.lengths(places),
        put: async (files) => {
          if (dying !== "put") return real.put(files);
          writeFileSync(join(where, ".parts", "torn"), "half a file");
          throw new Error("killed");
        },
        writeManifest: async (epoch, told) => {
          if (dying === "manifest") throw new Error("killed");
          await real.writeManifest(epoch, told);
          throw new Error("killed");
        },
      };
      await assert.rejects(publish(shelf, where), /killed/);
      const { done, written } = await publish(undefined, where);
      assert.deepEqual([done, written], [true, dying === "put" ? 2 : 0]);
      assert.equal(filesIn(where).length, 2);
      assert.deepEqual(readdirSync(join(where, ".parts")), []);
      assert.equal(manifest(where).complete, true);
      assert.equal(manifest(where).files, 2);
      await read("anna", 1, where);
    }
  });

  it("waits for the bill, and for its commitment", async () => {
    await operator.pipeline.putAccounts([
      { id: "anna", label: "Anna", devices: [{ id: "+4915112345678" }] },
    ]);
    await operator.ingest("usage", octoberUsage().slice(0, 1));
    await operator.commit();
    await assert.rejects(publish(), hasCode("publish.not-billed"));
    await operator.pipeline.bill(EPOCH);
    await assert.rejects(publish(), hasCode("publish.not-final"));
    await operator.commit();
    assert.equal((await publish()).written, 1);
  });

  it("says which folder can not be written", async () => {
    await runOctober(operator);
    writeFileSync(path(), "a file in the way");
    await assert.rejects(EvidenceFolder.open(path()), hasCode("publish.not-written"));
  });
});
