import assert from "node:assert/strict";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import type { MemoryTransaction } from "../../node/adapters/memory-network.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { epochAfter, epochOfInstant } from "../../node/engine/bill/billing-epoch.ts";
import type { IngestedFile } from "../../node/engine/store/stored-types.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { EngineScene, STRANGER, usageFile } from "../engine/engine-scene.ts";
import { type DeliveredFile, DeliveredUsage } from "./delivered-usage.ts";
import { FusedStore } from "./fused-store.ts";
import { type JudgedBooks, judgeBooks } from "./judge-books.ts";
import { JumpingClock } from "./jumping-clock.ts";
import { SlowRuns } from "./slow-runs.ts";

const STEPS = 70;
const FILE_LINES_MAX = 8;
/** Every so many seeds files are large enough for batches of several runs. */
const LARGE_EVERY = 6;
const LARGE_FILE_LINES_MAX = 150;
const CLOCK_STEP_MAX_SECONDS = 6 * 86_400;
/** Of the machine's own clock, forwards and backwards. */
const CLOCK_JUMP_MAX_SECONDS = 3 * 86_400;
/** What a fault may make an operation say; anything else is a defect. */
const EXPECTED =
  /^(store\.(write-failed|closed|unavailable)|ledger\.unreachable|bill\.|ingest\.file-cut)/;

export interface SimulationResult extends JudgedBooks {
  crashes: number;
  bills: number;
  reorganisations: number;
  diskFaults: number;
  clockJumps: number;
  dropped: number;
  cutFiles: number;
  /** How often the network took a transaction of one key before one of another key that came earlier. */
  reordered: number;
  /** Runs of a large batch, whose trees are built beside whatever else goes on. */
  runs: number;
}

/**
 * The whole engine of one operator under a seed: files come twice and in pieces, the disk fails, the
 * process dies in the middle of anything, the ledger is away, loses, delays, reorders and forgets. In the end
 * everything heals, and every record of the input is counted exactly once.
 */
export class EngineSimulation {
  readonly #random: Seeded;
  readonly #scene: EngineScene;
  readonly #runs: SlowRuns;
  readonly #usage: DeliveredUsage;
  readonly #clock: JumpingClock;
  readonly #setUpHead: bigint;
  readonly #counts = {
    crashes: 0,
    bills: 0,
    reorganisations: 0,
    diskFaults: 0,
    clockJumps: 0,
    dropped: 0,
    cutFiles: 0,
    reordered: 0,
  };
  readonly #acknowledged = new Set<string>();
  #fuse!: FusedStore;
  /** The oldest that a record can belong to, then the one after the last that was billed. */
  #epoch = "2026-08";
  #mayBeDelayed = false;
  #ticks = 0;

  private constructor(scene: EngineScene, random: Seeded, runs: SlowRuns, linesMax: number) {
    this.#scene = scene;
    this.#random = random;
    this.#runs = runs;
    this.#usage = new DeliveredUsage(random, linesMax, () => scene.network.head().time);
    this.#setUpHead = scene.network.head().number;
    scene.network.order = (waiting) => this.#reorder(waiting);
    this.#clock = new JumpingClock(Number(scene.network.head().time) * 1000);
  }

  /** @throws when something is not as it should be at the end */
  static async run(seed: number): Promise<SimulationResult> {
    const random = new Seeded(seed);
    const hasLargeFiles = seed % LARGE_EVERY === 0;
    // Ticks cut and written in one turn, or built beside all else in between.
    const briefRowsMax = random.chance(0.5) ? 32 : -1;
    const runBuilder = new SlowRuns(new Seeded(random.below(2 ** 31)), briefRowsMax);
    const scene = await EngineScene.withAccounts({
      seed: random.below(2 ** 31),
      runBuilder,
      batchChargesMax: hasLargeFiles ? random.pick([40, 100, 1_024]) : 1 + random.below(6),
      batchBytesMax: hasLargeFiles ? 1_048_576 : random.pick([1, 300, 2_000, 1_048_576]),
      ingestUnitRecords: 1 + random.below(hasLargeFiles ? 100 : 12),
      seenEntriesInMemory: 4 + random.below(40),
      dealtChargesMin: 1 + random.below(12),
      billUnitCharges: 1 + random.below(5),
      mines: random.chance(0.5) ? "at once" : "on command",
      finalityBlocks: random.below(3),
    });
    const linesMax = hasLargeFiles ? LARGE_FILE_LINES_MAX : FILE_LINES_MAX;
    const simulation = new EngineSimulation(scene, random, runBuilder, linesMax);
    await simulation.#restart();
    for (let step = 0; step < STEPS; step++) await simulation.#step();
    await simulation.#heal();
    return simulation.#judge();
  }

  async #step(): Promise<void> {
    this.#disturb();
    const together = 1 + this.#random.below(3);
    const running = Array.from({ length: together }, async () => {
      // One may begin in the middle of another.
      for (let turns = this.#random.below(5); turns > 0; turns--) await turnOfTheLoop();
      return this.#operation();
    });
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === "rejected") this.#assertExpected(outcome.reason);
    }
    if (this.#fuse.isDead || this.#random.chance(0.05)) await this.#crash();
  }

  #assertExpected(reason: unknown): void {
    if (reason instanceof TallystickError && EXPECTED.test(reason.code)) return;
    throw reason;
  }

  async #operation(): Promise<unknown> {
    const { pipeline, outbox, network } = this.#scene;
    const { files } = this.#usage;
    const operations: [number, () => Promise<unknown> | unknown][] = [
      [4, () => this.#deliver(this.#usage.newFile())],
      [2, () => files.length > 0 && this.#deliver(this.#random.pick(files))],
      [4, () => pipeline.seal()],
      [6, () => outbox.pump()],
      [4, () => network.mine(1 + this.#random.below(4))],
      [3, () => pipeline.noteFinal()],
      [
        1,
        () =>
          network.setTime(network.head().time + BigInt(this.#random.below(CLOCK_STEP_MAX_SECONDS))),
      ],
      [2, () => this.#bill()],
      [2, () => this.#recycleOne()],
      [1, () => this.#dropOne()],
      [1, () => this.#welcomeStranger()],
      [2, () => this.#tick()],
    ];
    const total = operations.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.#random.below(total);
    for (const [weight, operation] of operations) {
      at -= weight;
      if (at < 0) return operation();
    }
    return undefined;
  }

  /** Faults of the disk, of the process and of the ledger. */
  #disturb(): void {
    const { ledger, network, store } = this.#scene;
    const { chance, pick, below } = this.#random.bound;
    if (chance(0.08)) store.failNextWrites(pick(["failedButStored", "failedAndLost"] as const));
    // A disk that is full or away stays so for some steps.
    if (store.disk === "well" && chance(0.04)) {
      store.disk = pick(["full", "read-only", "away"] as const);
      this.#counts.diskFaults++;
    } else if (store.disk !== "well" && chance(0.4)) store.disk = "well";
    if (chance(0.1)) {
      const jumpSeconds = below(2 * CLOCK_JUMP_MAX_SECONDS) - CLOCK_JUMP_MAX_SECONDS;
      this.#clock.wallMilliseconds += 1000 * jumpSeconds;
      this.#counts.clockJumps++;
    }
    if (chance(0.08)) this.#fuse.dieAfter(1 + below(60), chance(0.5));
    if (chance(0.1)) ledger.isReachable = !ledger.isReachable;
    if (chance(0.1)) {
      const fault = pick(["deliver", "lose", "delay", "fail", "deliverAndFail", "mixed"] as const);
      // Mixed: later ones arrive before earlier ones.
      const mixed = () => pick(["deliver", "delay"] as const);
      ledger.delivery = fault === "mixed" ? mixed : () => fault;
      this.#mayBeDelayed ||= fault === "delay" || fault === "mixed";
    }
    if (chance(0.05)) {
      ledger.deliverDelayed();
      this.#mayBeDelayed = false;
    }
    if (chance(0.04)) network.dropWaiting();
    // What was said before the ledger was set back does not arrive after it: the outbox could not
    // tell that what it settled was mined a second time, at another time.
    const lossMax = this.#mayBeDelayed ? 0 : Number(network.head().number - this.#setUpHead);
    if (lossMax > 0 && chance(0.06)) {
      network.loseBlocks(1 + below(Math.min(lossMax, 4)));
      this.#counts.reorganisations++;
    }
  }

  async #crash(): Promise<void> {
    this.#counts.crashes++;
    this.#scene.crash();
    await this.#assertAcknowledgedIsThere();
    await this.#restart();
  }

  async #restart(): Promise<void> {
    this.#fuse = new FusedStore(this.#scene.store);
    await this.#scene.reopen(this.#fuse, this.#clock.ofProcess(this.#scene.ledger, this.#fuse));
  }

  /** Taken in while it is looked at; some arrive cut first, which is found somewhere in the middle. */
  async #deliver(file: DeliveredFile): Promise<void> {
    if (this.#random.chance(0.15)) {
      this.#counts.cutFiles++;
      const part = file.lines.slice(0, this.#random.below(file.lines.length + 1));
      const whole = this.#lookedAt().then(() => {
        throw new TallystickError("ingest.file-cut", "Simulated.", { file: file.name });
      });
      await this.#scene.pipeline.ingest({ ...usageFile(`${file.name} cut`, part), whole });
      assert.fail("a file that is cut is refused");
    }
    const whole = this.#lookedAt();
    await this.#scene.pipeline.ingest({ ...usageFile(file.name, file.lines), whole });
    this.#acknowledged.add(file.name);
  }

  async #lookedAt(): Promise<void> {
    for (let turns = this.#random.below(400); turns > 0; turns--) await undefined;
  }

  /** Whoever was told that a file is taken in does not deliver it again. */
  async #assertAcknowledgedIsThere(): Promise<void> {
    const states = await this.#scene.values<IngestedFile>("file/");
    const complete = new Set(states.filter(({ value }) => value.complete).map((e) => e.value.name));
    for (const name of this.#acknowledged) assert.ok(complete.has(name), `${name} is forgotten`);
  }

  async #bill(): Promise<void> {
    const now = Number(this.#scene.network.head().time) * 1000;
    if (epochOfInstant(now, "UTC") <= this.#epoch) return;
    const { pipeline, outbox, network } = this.#scene;
    await pipeline.seal();
    for (let pumps = 0; pumps < 5; pumps++) {
      await outbox.pump();
      network.mine();
    }
    await pipeline.noteFinal();
    const epoch = this.#epoch;
    const { already } = await pipeline.bill(epoch);
    if (!already) this.#counts.bills++;
    // Two of these may run at once.
    if (this.#epoch === epoch) this.#epoch = epochAfter(epoch);
  }

  async #recycleOne(): Promise<void> {
    const waiting = await this.#scene.pipeline.suspense();
    if (waiting.length === 0) return;
    await this.#scene.pipeline.recycle(this.#random.pick(waiting).record.id);
  }

  async #dropOne(): Promise<void> {
    const waiting = await this.#scene.pipeline.suspense();
    if (waiting.length === 0) return;
    const { id } = this.#random.pick(waiting).record;
    const decision = { by: "staff", reason: "simulated" };
    this.#counts.dropped += (await this.#scene.pipeline.drop([id], decision)).length;
  }

  async #welcomeStranger(): Promise<void> {
    if (!this.#random.chance(0.2)) return;
    const devices = [{ id: STRANGER }];
    await this.#scene.pipeline.putAccounts([{ id: "stranger", label: "Stranger", devices }]);
  }

  /** A call by the operator's other key, whose transactions come between those of the books. */
  async #tick(): Promise<void> {
    this.#ticks++;
    await this.#scene.outbox.enqueue({
      key: `simulated-tick:${this.#ticks}`,
      purpose: "tick",
      duty: "settle",
      call: { contract: "clock", method: "tick", args: [] },
    });
  }

  /** What the network takes next of what waits: anything; only a key's own order it keeps. */
  #reorder(waiting: MemoryTransaction[]): MemoryTransaction[] {
    const earliest = waiting[0];
    for (let left = waiting.length; left > 1; left--) {
      const at = this.#random.below(left);
      waiting.push(...waiting.splice(at, 1));
    }
    if (earliest !== undefined && waiting[0]?.sender !== earliest.sender) this.#counts.reordered++;
    return waiting;
  }

  /** No fault from here on: whatever was begun is finished. */
  async #heal(): Promise<void> {
    const { ledger, network } = this.#scene;
    this.#scene.store.disk = "well";
    ledger.isReachable = true;
    ledger.delivery = () => "deliver";
    await this.#crash();
    for (const file of this.#usage.files.filter(({ name }) => !this.#acknowledged.has(name))) {
      const taken = await this.#scene.ingest(file.name, file.lines);
      assert.equal(taken.complete, true);
    }
    await this.#scene.pipeline.seal();
    for (let round = 0; ; round++) {
      assert.ok(round < 400, "the outbox comes to rest");
      await this.#scene.outbox.pump();
      network.mine();
      await this.#scene.pipeline.noteFinal();
      const { ticksOpen } = await this.#scene.pipeline.status();
      if (ticksOpen === 0 && this.#scene.outbox.pending().length === 0) break;
    }
  }

  async #judge(): Promise<SimulationResult> {
    const judged = await judgeBooks(this.#scene, this.#usage);
    return { ...judged, ...this.#counts, runs: this.#runs.whole };
  }
}
