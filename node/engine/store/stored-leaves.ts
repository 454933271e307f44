import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";
import { assert, TallystickError } from "../../core/errors.ts";
import { BLOCK_CHARGES_MAX } from "../number/charge-block.ts";
import { LeafTile } from "../number/leaf-tile.ts";
import { AskedTogether } from "./asked-together.ts";
import { keys } from "./key-spaces.ts";
import type { Store, StorePart } from "./store.ts";
import { positionIn } from "./stored-rows.ts";

const DIGEST_BYTES = 32;
/** A proof by itself asks for one tile, or two. */
const FEW_TILES = 4;

/** The largest that intake writes: a block of charges each. */
const TILE_BYTES = BLOCK_CHARGES_MAX * DIGEST_BYTES;

/** Rows of the tile that begins with the position `first`, counted from there. */
interface TileRows {
  first: bigint;
  from: number;
  to: number;
}

/**
 * Digests of leaf tiles that were read lately, in bounded memory. Tiles never change once they are
 * written, so nothing in here grows old.
 */
export class LeafCache {
  readonly #store: Store;
  readonly #bytesMax: number;
  /** In the order of their last use. */
  readonly #tiles = new Map<string, Uint8Array>();
  readonly #parts: AskedTogether<StorePart, Uint8Array | undefined>;
  #bytes = 0;

  constructor(store: Store, bytesMax: number) {
    this.#store = store;
    this.#bytesMax = bytesMax;
    this.#parts = new AskedTogether((parts) => store.getParts(parts));
  }

  /**
   * The digests of tiles by their first positions; what is not remembered is read in one call, of few tiles
   * together with what others ask for in the same turn of the event loop.
   * @throws TallystickError `store.value-damaged`, `proof.leaves-missing`
   */
  async tiles(domain: string, firsts: readonly bigint[]): Promise<Uint8Array[]> {
    const names = firsts.map((first) => keys.leaves(domain, first));
    const found = names.map((name) => this.#tiles.get(name));
    const missing = names.filter((_, at) => found[at] === undefined);
    const values = missing.length === 0 ? [] : await this.#read(missing);
    let next = 0;
    const tiles = names.map((name, at) => {
      const known = found[at];
      if (known !== undefined) return known;
      const value = values[next++];
      if (value === undefined) throw missingLeaves(name);
      return LeafTile.digestsOf(name, value);
    });
    for (const [at, name] of names.entries()) this.#use(name, tiles[at] as Uint8Array);
    return tiles;
  }

  /**
   * Digests of some rows of a tile, for who hashes them. While there is room the whole tile is read and remembered, else
   * these rows alone, of which nothing tells here whether a bit of them changed.
   * @throws TallystickError `store.value-damaged`, `proof.leaves-missing`
   */
  async rows(domain: string, { first, from, to }: TileRows): Promise<Uint8Array> {
    const key = keys.leaves(domain, first);
    const known = this.#tiles.get(key);
    if (known === undefined && this.#bytes + TILE_BYTES > this.#bytesMax) {
      const part = await this.#parts.ask({ key, ...LeafTile.digestsAt(from, to) });
      if (part === undefined) throw missingLeaves(key);
      return part;
    }
    const [tile] = known === undefined ? await this.tiles(domain, [first]) : [known];
    if (known !== undefined) this.#use(key, known);
    return (tile as Uint8Array).subarray(DIGEST_BYTES * from, DIGEST_BYTES * to);
  }

  #read(names: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (names.length > FEW_TILES) return this.#store.getMany(names);
    const whole = { from: 0, to: Number.MAX_SAFE_INTEGER };
    return Promise.all(names.map((key) => this.#parts.ask({ key, ...whole })));
  }

  /** Notes that a tile was used now; drops what was not used for longest. */
  #use(name: string, digests: Uint8Array): void {
    if (digests.length > this.#bytesMax) return;
    const known = this.#tiles.get(name);
    this.#tiles.delete(name);
    // A view would keep the whole value in memory, its amounts and starts, and those that were read together with it.
    this.#tiles.set(name, known ?? new Uint8Array(digests));
    if (known === undefined) this.#bytes += digests.length;
    for (const [oldest, { length }] of this.#tiles) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#tiles.delete(oldest);
      this.#bytes -= length;
    }
  }
}

const missingLeaves = (place: string): TallystickError =>
  new TallystickError(
    "proof.leaves-missing",
    `The leaf digests of ${place} are not in the store. Run fsck, and restore the store from a backup.`,
  );

/**
 * The leaf digests of a stretch of a book by chunks of 32: tiles end where blocks of charges end, and
 * chunks where 32 leaves of the batch end. Where the tiles lie is read once, from their keys.
 */
export class StoredLeaves {
  readonly #cache: LeafCache;
  readonly #domain: string;
  readonly #first: bigint;
  readonly #count: number;
  /** First row of each tile relative to the stretch; that of the first tile may lie before it. */
  readonly #tiles: Float64Array;

  private constructor(
    cache: LeafCache,
    place: { domain: string; first: bigint; count: number },
    tiles: Float64Array,
  ) {
    this.#cache = cache;
    this.#domain = place.domain;
    this.#first = place.first;
    this.#count = place.count;
    this.#tiles = tiles;
  }

  static async open(
    store: Store,
    cache: LeafCache,
    place: { domain: string; first: bigint; count: number },
  ): Promise<StoredLeaves> {
    const { domain, first, count } = place;
    const starts: number[] = [];
    const range = {
      from: keys.leaves(domain, first),
      to: keys.leaves(domain, first + BigInt(count)),
      keysOnly: true,
    };
    for await (const { key } of store.scan(range)) starts.push(Number(positionIn(key) - first));
    if (count > 0 && starts[0] !== 0) {
      const before = { ...range, from: `leaves/${domain}/`, to: range.from };
      for await (const { key } of store.scan({ ...before, reverse: true, limit: 1 })) {
        starts.unshift(Number(positionIn(key) - first));
      }
    }
    return new StoredLeaves(cache, place, Float64Array.from(starts));
  }

  /** What it holds in memory itself. */
  get bytes(): number {
    return this.#tiles.byteLength;
  }

  /** @throws TallystickError `store.value-damaged`, `proof.leaves-missing` */
  async readChunks(chunks: readonly number[]): Promise<Uint8Array[]> {
    const wanted: number[] = [];
    for (const chunk of chunks) {
      const [from, to] = this.#stretch(chunk);
      let tile = this.#tileOf(from);
      if (tile === wanted.at(-1)) tile++;
      for (; (this.#tiles[tile] ?? to) < to; tile++) wanted.push(tile);
    }
    const positions = wanted.map((tile) => this.#first + BigInt(this.#tiles[tile] as number));
    const digests = await this.#cache.tiles(this.#domain, positions);
    const byTile = new Map(wanted.map((tile, at) => [tile, digests[at] as Uint8Array]));
    return chunks.map((chunk) => this.#assemble(chunk, byTile));
  }

  /**
   * As `readChunks` of one, for who hashes it: where nothing tells of a bit that changed, its digests do.
   * @throws TallystickError `store.value-damaged`, `proof.leaves-missing`
   */
  async readChunk(chunk: number): Promise<Uint8Array> {
    const [from, to] = this.#stretch(chunk);
    const parts: Promise<Uint8Array>[] = [];
    for (let tile = this.#tileOf(from), at = from; at < to; tile++) {
      const start = this.#tiles[tile] as number;
      const end = Math.min(to, this.#tiles[tile + 1] ?? to);
      const first = this.#first + BigInt(start);
      parts.push(this.#cache.rows(this.#domain, { first, from: at - start, to: end - start }));
      at = end;
    }
    const [head = new Uint8Array(), ...others] = await Promise.all(parts);
    const leaves = others.length === 0 ? head : new Uint8Array(Buffer.concat([head, ...others]));
    if (leaves.length === DIGEST_BYTES * (to - from)) return leaves;
    throw missingLeaves(this.#nameOf(from));
  }

  #assemble(chunk: number, byTile: ReadonlyMap<number, Uint8Array>): Uint8Array {
    const [from, to] = this.#stretch(chunk);
    let tile = this.#tileOf(from);
    const part = (at: number): Uint8Array => {
      const start = this.#tiles[tile] as number;
      const digests = byTile.get(tile) as Uint8Array;
      if (DIGEST_BYTES * (at - start) >= digests.length) throw missingLeaves(this.#nameOf(at));
      return digests.subarray(DIGEST_BYTES * (at - start), DIGEST_BYTES * (to - start));
    };
    const head = part(from);
    if (head.length === DIGEST_BYTES * (to - from)) return head;
    const leaves = new Uint8Array(DIGEST_BYTES * (to - from));
    leaves.set(head);
    for (let at = from + head.length / DIGEST_BYTES; at < to; ) {
      tile++;
      if (this.#tiles[tile] !== at) throw missingLeaves(this.#nameOf(at));
      const next = part(at);
      leaves.set(next, DIGEST_BYTES * (at - from));
      at += next.length / DIGEST_BYTES;
    }
    return leaves;
  }

  #stretch(chunk: number): [number, number] {
    const from = chunk * CHUNK_LEAVES;
    assert(from < this.#count, `chunk ${chunk} is one of the stretch`);
    return [from, Math.min(this.#count, from + CHUNK_LEAVES)];
  }

  /** The last tile that starts at or before a row. */
  #tileOf(row: number): number {
    let low = 0;
    let high = this.#tiles.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tiles[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    if (!((this.#tiles[low] as number) <= row)) throw missingLeaves(this.#nameOf(row));
    return low;
  }

  #nameOf(row: number): string {
    return `${this.#domain} at ${this.#first + BigInt(row)}`;
  }
}
