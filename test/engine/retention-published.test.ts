import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvidenceFolder } from "../../node/adapters/evidence-folder.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { EvidenceBuilder } from "../../node/engine/evidence/build-evidence.ts";
import { openPlainEvidenceKernel } from "../../node/engine/evidence/evidence-kernel.ts";
import { EvidencePublisher } from "../../node/engine/evidence/publish-evidence.ts";
import { type EngineScene, hasCode } from "./engine-scene.ts";
import { contentsOf, eraseAll, keysUnder, longAfter, twoMonths } from "./retention-scene.ts";

const OCTOBER = "2026-10";

describe("retention of published evidence", () => {
  let scene: EngineScene;
  let stored: ReadonlyMap<string, Uint8Array>;
  let base: string;
  let count = 0;
  const fresh = () => join(base, String(count++));
  const filesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      .sort();
  const publish = async (folder: string, months = [OCTOBER, "2026-11"]) => {
    const shelf = await EvidenceFolder.open(folder);
    for (const epoch of months) {
      assert.equal((await scene.pipeline.publishEvidence(epoch, shelf, folder)).done, true);
    }
  };
  before(async () => {
    base = mkdtempSync(join(tmpdir(), "tallystick-retention-"));
    scene = await twoMonths();
    await longAfter(scene);
    stored = await contentsOf(scene);
  });
  after(() => rmSync(base, { recursive: true }));
  beforeEach(async () => {
    scene.store = new MemoryStore(stored);
    await scene.reopen();
  });

  it("takes away a month's files from every folder it was published to, and nothing else", async () => {
    const [first, second] = [fresh(), fresh()];
    for (const folder of [first, second]) await publish(folder);
    const november = filesIn(second).filter((name) => name.startsWith("2026-11/"));
    assert.deepEqual([filesIn(second).length, november.length], [6, 3]);
    const stranger = filesIn(second).find((name) => name.endsWith(".evidence")) ?? "";
    const [month = "", part = ""] = stranger.split("/");
    const foreign = [`${month}/${part}/${"f".repeat(40)}.evidence`, `${month}/notes.txt`];
    for (const name of foreign) writeFileSync(join(second, name), "somebody else's");
    writeFileSync(join(second, ".parts", "torn"), "half of an October's file");
    // Who publishes in the same folder has its own manifest there.
    const manifest = join(first, OCTOBER, "manifest.json");
    const other = { ...JSON.parse(readFileSync(manifest, "utf8")), operator: "Birch Mobile" };
    writeFileSync(manifest, JSON.stringify(other));

    assert.deepEqual(await eraseAll(scene), { over: OCTOBER, done: true, entriesDropped: 80 });
    assert.deepEqual(filesIn(second), [...foreign, ...november].sort());
    const kept = filesIn(first).filter((name) => !name.startsWith("2026-11/"));
    assert.deepEqual(kept, [`${OCTOBER}/manifest.json`]);
    assert.deepEqual(readdirSync(join(first, OCTOBER)), ["manifest.json"]);
    assert.deepEqual(await keysUnder(scene, `published/${OCTOBER}/`), []);
    assert.equal((await keysUnder(scene, "published/2026-11/")).length, 2);
    const progress = await scene.pipeline.publisher.progress(OCTOBER, second);
    assert.deepEqual([progress?.done, progress?.files], [true, 0]);
    assert.equal(await scene.pipeline.publisher.due(second), undefined);
    await assert.rejects(publish(second, [OCTOBER]), hasCode("evidence.retention-over"));
  });

  it("takes no folder whose disk is not mounted for an erased one, and erases the others", async () => {
    const [mounted, away] = [fresh(), fresh()];
    for (const folder of [away, mounted]) await publish(folder);
    renameSync(away, `${away}-aside`);
    // Nothing is there, or the empty folder that a disk is mounted on.
    for (const isEmpty of [false, true]) {
      if (isEmpty) mkdirSync(away);
      await assert.rejects(eraseAll(scene), hasCode("publish.not-erased"));
      assert.deepEqual(existsSync(away) ? readdirSync(away) : [], [], "nothing is made there");
    }
    assert.deepEqual(
      filesIn(mounted).filter((name) => name.startsWith(OCTOBER) && name.endsWith(".evidence")),
      [],
    );
    assert.equal((await scene.pipeline.retention.plan()).months[0]?.state, "erasing");
    const november = filesIn(mounted).filter((name) => name.startsWith("2026-11/"));
    assert.equal(november.length, 3);
    rmSync(away, { recursive: true });
    renameSync(`${away}-aside`, away);
    assert.equal((await eraseAll(scene)).done, true);
    assert.deepEqual(filesIn(away), november);
    assert.equal((await scene.pipeline.retention.plan()).months[0]?.state, "erased");
  });

  it("is done where a folder is gone for good and somebody said so", async () => {
    const gone = fresh();
    await publish(gone);
    rmSync(gone, { recursive: true });
    await assert.rejects(eraseAll(scene), hasCode("publish.not-erased"));
    mkdirSync(join(gone, ".parts"), { recursive: true });
    assert.equal((await eraseAll(scene)).done, true);
  });

  it("goes on where it died, and says meanwhile that it is not done", async () => {
    const folder = fresh();
    await publish(folder);
    const whole = EvidenceFolder.prototype.removeMonth;
    EvidenceFolder.prototype.removeMonth = async () => {
      throw new Error("killed");
    };
    await assert.rejects(eraseAll(scene), /killed/).finally(() => {
      EvidenceFolder.prototype.removeMonth = whole;
    });
    assert.equal((await scene.pipeline.retention.progress()).done, false);
    const [month] = (await scene.pipeline.retention.plan()).months;
    assert.equal(month?.state, "erasing");
    assert.ok(existsSync(join(folder, OCTOBER, "manifest.json")));
    scene.crash();
    await scene.reopen();
    assert.equal((await eraseAll(scene)).done, true);
    assert.equal(existsSync(join(folder, OCTOBER)), false);
    assert.equal((await scene.pipeline.retention.plan()).months[0]?.state, "erased");
  });

  it("puts nothing into the folder of a month that was found to be over while its files were made", async () => {
    const folder = fresh();
    const builder = new EvidenceBuilder(scene.context, scene.tariffs, {} as never);
    const publisher = new EvidencePublisher(scene.context, builder, (facts, reach) => {
      const kernel = openPlainEvidenceKernel(facts, reach);
      return {
        ...kernel,
        write: async (task) => {
          const made = await kernel.write(task);
          // Noted as over, and nothing more: all was read while it was there.
          assert.equal((await scene.pipeline.retention.step()).over, OCTOBER);
          return made;
        },
      };
    });
    const shelf = await EvidenceFolder.open(folder);
    await assert.rejects(
      publisher.step(OCTOBER, shelf, folder),
      hasCode("evidence.retention-over"),
    );
    assert.deepEqual(filesIn(folder), []);
    assert.equal(await publisher.due(folder), "2026-11");
  });

  it("tells which folder it can not take files from, and erases later months all the same", async () => {
    const folder = fresh();
    await publish(folder);
    // A file where the folder was: no right of the superuser reads it as one.
    const aside = `${folder}-aside`;
    mkdirSync(aside);
    renameSync(folder, join(aside, "published"));
    writeFileSync(folder, "in the way");
    await assert.rejects(eraseAll(scene), hasCode("publish.not-erased"));
    assert.deepEqual(await keysUnder(scene, "owned/anna/2026-10/"), []);
    // The ledger's time, which all share, runs on: this one is the last.
    await longAfter(scene, "2027-03-01T00:00:00Z");
    await assert.rejects(eraseAll(scene), hasCode("publish.not-erased"));
    assert.equal((await scene.pipeline.retention.progress()).over, "2026-11");
    assert.deepEqual(await keysUnder(scene, "owned/anna/2026-11/"), []);
    rmSync(folder);
    renameSync(join(aside, "published"), folder);
    assert.equal((await eraseAll(scene)).done, true);
    assert.deepEqual(filesIn(folder), []);
  });
});
