import assert from "node:assert/strict";
import { TallystickError } from "../../node/core/errors.ts";
import type { EvidenceShelf } from "../../node/engine/evidence/evidence-shelf.ts";
import { AfterBillPublisher } from "../../node/engine/evidence/publish-after-bill.ts";
import { call, EngineScene } from "./engine-scene.ts";

const FOLDER = "/published";

/** A folder in memory; dies at the next `put` where it is told to. */
class MemoryShelf implements EvidenceShelf {
  readonly files = new Map<string, number>();
  isDying = false;

  async sweep(): Promise<void> {}

  async lengths(places: readonly string[]) {
    return places.map((place) => this.files.get(place));
  }

  async put(files: Parameters<EvidenceShelf["put"]>[0]): Promise<number[]> {
    const lengths: number[] = [];
    for (const { place, chunks } of files) {
      if (this.isDying && this.files.size > 0) throw new Error("no room");
      let length = 0;
      for await (const chunk of chunks()) length += chunk.length;
      this.files.set(place, length);
      lengths.push(length);
    }
    return lengths;
  }

  async writeManifest(): Promise<void> {}
}

const told: string[] = [];
const log = {
  info: (event: string) => told.push(event),
  warn: (event: string) => told.push(event),
};

const publisherOf = (scene: EngineScene, shelf: EvidenceShelf, folder = FOLDER) =>
  new AfterBillPublisher(scene.pipeline.publisher, async () => shelf, folder, log);

async function billedMonth(scene: EngineScene, epoch: string, next: string): Promise<void> {
  scene.at(`${epoch}-20T12:00:00Z`);
  await scene.ingest(epoch, [
    call(`anna-${epoch}`, { start: `${epoch}-20T10:00:00.000Z` }),
    call(`bert-${epoch}`, { start: `${epoch}-20T10:00:00.000Z`, aParty: "+4915100000002" }),
  ]);
  scene.at(`${next}-01T06:00:00Z`);
  await scene.commit();
  await scene.pipeline.bill(epoch);
}

describe("publishing a month once it is billed", () => {
  it("waits for the bill and its commitment, then writes each file once", async () => {
    const scene = await EngineScene.withAccounts();
    const shelf = new MemoryShelf();
    const publisher = publisherOf(scene, shelf);
    told.length = 0;
    await publisher.look();
    assert.equal(await publisher.progress(), undefined);
    await billedMonth(scene, "2026-10", "2026-11");
    await publisher.look();
    assert.deepEqual([shelf.files.size, told], [0, []]);
    await scene.commit();
    await publisher.look();
    assert.equal(shelf.files.size, 2);
    const { period, done, all, subscribers, files, trouble } =
      (await publisher.progress()) ?? assert.fail();
    assert.deepEqual(
      [period, done, all, subscribers, files, trouble],
      ["2026-10", true, 2, 2, 2, undefined],
    );
    assert.equal(await scene.pipeline.publisher.due(FOLDER), undefined);
    await billedMonth(scene, "2026-11", "2026-12");
    await scene.commit();
    await publisher.look();
    assert.equal(shelf.files.size, 4);
  });

  it("goes on with the month that it was left in, also when another was billed since", async () => {
    const scene = await EngineScene.withAccounts();
    const shelf = new MemoryShelf();
    await billedMonth(scene, "2026-10", "2026-11");
    await scene.commit();
    shelf.isDying = true;
    const before = publisherOf(scene, shelf);
    told.length = 0;
    await before.look();
    await before.look();
    // Told once, however often it fails.
    assert.deepEqual(told, ["evidence not published"]);
    assert.deepEqual([before.fault?.part, before.fault?.code], ["publishing", "internal"]);
    assert.equal(shelf.files.size, 1);
    await billedMonth(scene, "2026-11", "2026-12");
    await scene.commit();
    scene.crash();
    await scene.reopen();
    shelf.isDying = false;
    const publisher = publisherOf(scene, shelf);
    await publisher.look();
    await publisher.look();
    assert.equal(shelf.files.size, 4);
    assert.equal((await publisher.progress())?.period, "2026-11");
    await publisher.look();
    assert.deepEqual(told.slice(1), ["evidence published", "evidence published"]);
  });

  it("publishes the months between too, when a later one was published by hand", async () => {
    const scene = await EngineScene.withAccounts();
    const shelf = new MemoryShelf();
    await billedMonth(scene, "2026-10", "2026-11");
    await scene.commit();
    const publisher = publisherOf(scene, shelf);
    await publisher.look();
    await billedMonth(scene, "2026-11", "2026-12");
    await billedMonth(scene, "2026-12", "2027-01");
    await scene.commit();
    const byHand = () => scene.pipeline.publisher.step("2026-12", shelf, FOLDER);
    while (!(await byHand()).done);
    assert.equal(shelf.files.size, 4);
    assert.equal(await scene.pipeline.publisher.due(FOLDER), "2026-11");
    await publisher.look();
    assert.equal(shelf.files.size, 6);
    assert.equal(await scene.pipeline.publisher.due(FOLDER), undefined);
  });

  it("begins in another folder with the last month, and leaves what is there alone", async () => {
    const scene = await EngineScene.withAccounts();
    const [first, second] = [new MemoryShelf(), new MemoryShelf()];
    await billedMonth(scene, "2026-10", "2026-11");
    await billedMonth(scene, "2026-11", "2026-12");
    await scene.commit();
    await publisherOf(scene, first).look();
    assert.equal(await scene.pipeline.publisher.newest(FOLDER), "2026-11");
    assert.equal(first.files.size, 2);
    await publisherOf(scene, second, "/elsewhere").look();
    assert.equal(second.files.size, 2);
    await publisherOf(scene, second, "/elsewhere").look();
    assert.equal(first.files.size + second.files.size, 4);
  });

  it("says no more what was wrong once nothing is due", async () => {
    let due = async (): Promise<undefined> => {
      throw new TallystickError("store.unavailable", "Ask again.");
    };
    const never = () => assert.fail("not asked");
    const work = { due: () => due(), newest: never, step: never, progress: never };
    const publisher = new AfterBillPublisher(work, never, FOLDER, log);
    await publisher.look();
    assert.deepEqual(publisher.fault?.code, "store.unavailable");
    due = async () => undefined;
    await publisher.look();
    assert.equal(publisher.fault, undefined);
  });
});
