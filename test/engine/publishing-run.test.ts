import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { TallystickError } from "../../node/core/errors.ts";
import type { EvidenceShelf, NewFile } from "../../node/engine/evidence/evidence-shelf.ts";
import { call, EngineScene, hasCode } from "./engine-scene.ts";

const EPOCH = "2026-10";
const FOLDER = "/published";
/** Between the first two accounts and the last one; no step looks at as many. */
const BETWEEN = 2_048;
const ZOE = "+4915100000026";

/** A shelf whose puts end when they are told to. */
class HeldShelf implements EvidenceShelf {
  readonly files = new Set<string>();
  readonly held: ((failure?: Error) => void)[] = [];
  isHolding = true;
  sweeps = 0;
  readonly complete: boolean[] = [];

  async sweep(): Promise<void> {
    assert.equal(this.held.length, 0);
    this.sweeps++;
  }

  async lengths(places: readonly string[]) {
    return places.map((place) => (this.files.has(place) ? 100 : undefined));
  }

  async put(files: readonly NewFile[]): Promise<number[]> {
    if (this.isHolding) {
      await new Promise<void>((resolve, reject) => {
        this.held.push((failure) => (failure === undefined ? resolve() : reject(failure)));
      });
    }
    for (const { place } of files) this.files.add(place);
    return files.map(({ whole }) => whole?.length ?? 0);
  }

  async writeManifest(_: string, { complete }: { complete: boolean }): Promise<void> {
    this.complete.push(complete);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < 100_000);
    await turn();
  }
}

describe("publishing a month in steps", () => {
  let scene: EngineScene;
  before(async () => {
    scene = await EngineScene.withAccounts();
    await scene.pipeline.putAccounts([
      ...Array.from({ length: BETWEEN }, (_, at) => ({
        id: `m${at}`,
        label: "",
        devices: [{ id: `+49152${at}` }],
      })),
      { id: "zoe", label: "Zoe", devices: [{ id: ZOE }] },
    ]);
    scene.at("2026-10-20T12:00:00Z");
    const start = "2026-10-20T10:00:00.000Z";
    const parties = [{}, { aParty: "+4915100000002" }, { aParty: ZOE }];
    await scene.ingest(
      "usage",
      parties.map((party, at) => call(`call${at}`, { start, ...party })),
    );
    scene.at("2026-11-01T06:00:00Z");
    await scene.commit();
    await scene.pipeline.bill(EPOCH);
    await scene.commit();
  });

  const step = (shelf: EvidenceShelf) => scene.pipeline.publishEvidence(EPOCH, shelf, FOLDER);

  it("makes what follows while files become durable, and notes what is on the disk alone", async () => {
    const shelf = new HeldShelf();
    const first = await step(shelf);
    assert.deepEqual([first.done, first.subscribers, first.files, first.all], [false, 0, 0, 3]);
    assert.equal(shelf.held.length, 1);
    // What was not noted is made again by whoever goes on, and nothing is being put when it begins, nor when
    // files of the month are erased.
    const notWritten = new TallystickError("publish.not-written", "for the test");
    shelf.held.pop()?.(notWritten);
    let hasFailed = false;
    const second = assert.rejects(step(shelf), hasCode("publish.not-written")).finally(() => {
      hasFailed = true;
    });
    await until(() => shelf.held.length === 1);
    for (let turns = 0; turns < 50; turns++) await turn();
    assert.equal(hasFailed, false);
    shelf.held.pop()?.(notWritten);
    await second;
    assert.deepEqual([shelf.files.size, shelf.complete], [0, []]);
    assert.equal(shelf.sweeps, 1);

    shelf.isHolding = false;
    const again = await step(shelf);
    assert.equal(again.done, false);
    await scene.pipeline.publisher.stop();
    const stopped = await scene.pipeline.publisher.progress(EPOCH, FOLDER);
    assert.deepEqual([stopped?.files, stopped?.written, shelf.files.size], [2, 2, 2]);
    assert.deepEqual(shelf.complete, [false]);

    const last = await step(shelf);
    const { done, subscribers, files, written } = last;
    assert.deepEqual([done, subscribers, files, written], [true, 3, 3, 3]);
    assert.deepEqual([shelf.files.size, shelf.complete, shelf.sweeps], [3, [false, true], 2]);
    assert.deepEqual(await scene.pipeline.publisher.progress(EPOCH, FOLDER), last);
  });
});
