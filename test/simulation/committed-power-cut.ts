import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../../node/core/errors.ts";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import { checkStore } from "../../node/engine/check/check-store.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { ANNA, BERT, CHARGES, calls, EngineScene, usageFile } from "../engine/engine-scene.ts";
import { makeDisks, type PowerCutRun } from "./power-cut.ts";
import { PowerCutStore } from "./power-cut-store.ts";

const CUTS = 3;
/** Of the store, until the power is cut. */
const WRITES_MAX = 16;
/** Rows of a unit of work are some kilobytes: so that they go past the system's memory. */
const VALUE_SIZES = { fileBytes: 150_000, directBytesMin: 4_096 };
const FILE_LINES_MAX = 160;

interface File {
  name: string;
  lines: InspectLine[];
}

/**
 * An operator whose power is cut in the middle of intake, sealing or committing, over and over: each batch that was
 * signed is on the ledger for good, so it must read back, leaf by leaf and row by row, to the very commitment that the
 * ledger has; each file that was acknowledged is there; and in the end each record is charged once.
 */
export class CommittedPowerCuts {
  readonly #random: Seeded;
  readonly #base: string;
  readonly #scene: EngineScene;
  readonly #files: File[] = [];
  readonly #acknowledged = new Set<string>();
  readonly #counts: PowerCutRun = { cuts: 0, lost: 0, direct: 0 };
  #store!: PowerCutStore;
  #folders = 0;

  private constructor(random: Seeded, base: string, scene: EngineScene) {
    this.#random = random;
    this.#base = base;
    this.#scene = scene;
  }

  static async run(seed: number): Promise<PowerCutRun> {
    const random = new Seeded(seed);
    const base = await makeDisks();
    const scene = await EngineScene.open({
      seed: random.below(2 ** 31),
      ingestUnitRecords: 60 + random.below(FILE_LINES_MAX),
      batchChargesMax: 30 + random.below(400),
    });
    const cuts = new CommittedPowerCuts(random, base, scene);
    try {
      await cuts.#run();
      return cuts.#counts;
    } finally {
      await cuts.#store?.close();
      await rm(base, { recursive: true, force: true });
    }
  }

  async #run(): Promise<void> {
    let directory = this.#fresh();
    for (let cut = 0; cut < CUTS; cut++) {
      await this.#start(directory, 3 + this.#random.below(WRITES_MAX));
      while (!this.#store.isOff) await this.#workOn();
      directory = this.#fresh();
      this.#counts.cuts++;
      this.#counts.direct += this.#store.direct;
      const { isLost } = await this.#store.image(directory);
      if (isLost) this.#counts.lost++;
    }
    await this.#start(directory, Number.POSITIVE_INFINITY);
    await this.#end();
  }

  /** With all that the cut left looked at, before anything mends it. */
  async #start(directory: string, writes: number): Promise<void> {
    this.#store = await PowerCutStore.open(
      directory,
      this.#fresh(),
      writes,
      VALUE_SIZES,
      this.#random,
    );
    const { ledger } = this.#scene;
    if (this.#counts.cuts > 0) {
      assert.deepEqual((await checkStore(this.#store, ledger)).problems, []);
    }
    try {
      await this.#scene.reopen(this.#store);
      await this.#scene.pipeline.putAccounts([
        { id: "anna", label: "Anna", devices: [{ id: ANNA }] },
        { id: "bert", label: "Bert", devices: [{ id: BERT }] },
      ]);
      for (const name of this.#acknowledged) {
        const { already } = await this.#deliver(this.#files.find((file) => file.name === name));
        assert.ok(already, `${name} is forgotten`);
      }
    } catch (error) {
      this.#requireCut(error);
    }
  }

  async #workOn(): Promise<void> {
    const { pipeline, outbox } = this.#scene;
    try {
      await this.#random.pick([
        () => this.#deliver(this.#newFile()),
        () => this.#deliver(this.#files.at(-1)),
        () => pipeline.seal(),
        () => outbox.pump(),
        () => pipeline.noteFinal(),
      ])();
    } catch (error) {
      this.#requireCut(error);
    }
  }

  #requireCut(error: unknown): void {
    const isCut = error instanceof TallystickError && error.code === "store.closed";
    if (!isCut || !this.#store.isOff) throw error;
  }

  #newFile(): File {
    const name = `file-${this.#files.length}`;
    const lines = calls(name, 1 + this.#random.below(FILE_LINES_MAX), {
      aParty: this.#random.pick([ANNA, BERT]),
      durationSeconds: 1 + this.#files.length,
    });
    this.#files.push({ name, lines });
    return { name, lines };
  }

  async #deliver(file = this.#newFile()) {
    const taken = await this.#scene.pipeline.ingest(usageFile(file.name, file.lines));
    this.#acknowledged.add(file.name);
    return taken;
  }

  async #end(): Promise<void> {
    for (const file of this.#files) await this.#deliver(file);
    const { pipeline } = this.#scene;
    await pipeline.seal();
    for (let round = 0; (await pipeline.noteFinal()) > 0; round++) {
      assert.ok(round < 50, "the outbox comes to rest");
      await this.#scene.settle();
    }
    const { problems, charges } = await checkStore(this.#store, this.#scene.ledger);
    assert.deepEqual(problems, []);
    const records = this.#files.reduce((sum, { lines }) => sum + lines.length, 0);
    assert.equal(charges, records);
    const { records: taken } = await pipeline.status();
    assert.deepEqual([taken.in, taken.charged], [records, records]);
    const onLedger = await this.#scene.ledger.bookOf(CHARGES);
    assert.ok(onLedger !== undefined && onLedger.newestSequence > 0n);
  }

  #fresh(): string {
    return join(this.#base, String(this.#folders++));
  }
}
