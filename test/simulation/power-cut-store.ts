import { cp } from "node:fs/promises";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StorePart,
  StoreRange,
  StoreView,
} from "../../node/engine/store/store.ts";
import { OneAtATime } from "../../node/engine/store/turns.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";
import { SimulatedDisk, type WorkSeen } from "./simulated-disk.ts";

type ValueSizes = NonNullable<Parameters<typeof LevelStore.open>[1]>;

/**
 * The real store on a disk whose power is cut in the middle of a given write: from then on every call fails, as nothing
 * runs on, and `image` is what the next start finds.
 */
export class PowerCutStore implements Store {
  readonly #inner: LevelStore;
  readonly #disk: SimulatedDisk;
  readonly #begun: string;
  readonly #writes = new OneAtATime();
  #writesLeft: number;
  #cut: WorkSeen | undefined;

  private constructor(inner: LevelStore, disk: SimulatedDisk, begun: string, writes: number) {
    this.#inner = inner;
    this.#disk = disk;
    this.#begun = begun;
    this.#writesLeft = writes;
  }

  /** @param begun gets a copy of the directory as it is in the beginning @param writes the last of which is cut */
  static async open(
    directory: string,
    begun: string,
    writes: number,
    sizes: ValueSizes,
    random: Seeded,
  ): Promise<PowerCutStore> {
    const inner = await LevelStore.open(directory, sizes);
    await cp(directory, begun, { recursive: true });
    return new PowerCutStore(inner, await SimulatedDisk.begin(directory, random), begun, writes);
  }

  get isOff(): boolean {
    return this.#cut !== undefined;
  }

  /** Writes past the system's memory. */
  get direct(): number {
    return this.#disk.direct;
  }

  /** Lays what the cut left into a folder, and ends. @returns whether the write that was cut is lost */
  async image(folder: string): Promise<{ isLost: boolean }> {
    if (this.#cut === undefined) throw new Error("the power is still there");
    await cp(this.#begun, folder, { recursive: true });
    const isLost = await this.#disk.cut(folder, this.#cut);
    await this.close();
    return { isLost };
  }

  write(operations: readonly StoreOperation[]): Promise<void> {
    return this.#writes.run(async () => {
      const seen = await this.#there().#disk.see(() => this.#inner.write(operations));
      if (--this.#writesLeft > 0) return;
      this.#cut = seen;
      this.#there();
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#there().#inner.get(key);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#there().#inner.getMany(keys);
  }

  async getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]> {
    return this.#there().#inner.getParts(parts);
  }

  async *scan(range: StoreRange): AsyncIterable<StoreEntry> {
    yield* this.#there().#inner.scan(range);
  }

  async view(): Promise<StoreView> {
    return this.#there().#inner.view();
  }

  async close(): Promise<void> {
    this.#disk.stop();
    await this.#inner.close();
  }

  #there(): this {
    if (this.#cut === undefined) return this;
    throw new TallystickError("store.closed", "The power was cut.");
  }
}
