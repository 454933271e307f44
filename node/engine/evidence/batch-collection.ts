import type { Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import type { Bundle } from "../../core/evidence/bundle.ts";
import type { Store } from "../store/store.ts";
import type { StoredBatch } from "../store/stored-types.ts";
import { type BatchPlaces, BatchReads, type FoundBatch } from "./batch-places.ts";
import type { GatheredLines } from "./gather-lines.ts";
import type { ProofReader } from "./proof-reader.ts";

const DIGEST_HEX = 64;

/** A leaf's place in the bundle's batches, and what leads from it to the root. */
export interface LeafPlace {
  batch: number;
  leafIndex: number;
  path: Hex[];
}

/** The batches that a bundle speaks of, each once, with its proofs. */
export class BatchCollection {
  readonly sections: Bundle["batches"] = [];
  readonly #store: Store;
  readonly #places: BatchPlaces;
  readonly #proofs: ProofReader;
  readonly #gathered: GatheredLines | undefined;
  /** By book and sequence number. */
  readonly #known = new Map<string, { at: number; batch: StoredBatch }>();
  /** Charges mostly follow each other in a batch. */
  #last: { domain: string; found: FoundBatch; at: number; batch: StoredBatch } | undefined;

  /** @param gathered what was proven before, with other accounts' */
  constructor(
    store: Store,
    places: BatchPlaces,
    proofs: ProofReader,
    gathered: GatheredLines | undefined,
  ) {
    this.#store = store;
    this.#places = places;
    this.#proofs = proofs;
    this.#gathered = gathered;
  }

  /**
   * Takes up the batches of rows at these places (first position, row, and so on).
   * @returns how many of them stand in batches, up to the first that still waits
   */
  async placeAll(domain: string, places: readonly number[]): Promise<number> {
    const found: FoundBatch[] = [];
    let last: FoundBatch | undefined;
    let placed = 0;
    for (let at = 0; at < places.length; at += 2) {
      const position = positionAt(places, at);
      if (last === undefined || position < last.first || position >= last.end) {
        last = await this.#places.at(domain, position);
        if (last === undefined) break;
        found.push(last);
      }
      placed++;
    }
    const reads = this.#gathered?.batches(domain) ?? new BatchReads(this.#store, domain);
    const batches = await reads.read(found.map(({ sequence }) => sequence));
    for (const one of found) {
      const name = `${domain}/${one.sequence}`;
      if (this.#known.has(name)) continue;
      const batch = batches.get(one.sequence);
      assert(batch !== undefined, `batch ${one.sequence} is stored`);
      this.#known.set(name, { at: this.sections.length, batch });
      this.sections.push(sectionOf(domain as Hex, batch));
    }
    return placed;
  }

  /** How many of the places, from their start, stand in batches that are final. */
  async finalOf(domain: string, places: readonly number[]): Promise<number> {
    for (let at = 0; at < places.length; at += 2) {
      const { batch } = await this.batchOf(domain, positionAt(places, at));
      if (batch.blockTime === undefined) return at / 2;
    }
    return places.length / 2;
  }

  /** The places as a credit names its target: sequence and leaf index. */
  async namesOf(domain: string, places: readonly number[]): Promise<Set<string>> {
    const names = new Set<string>();
    for (let at = 0; at < places.length; at += 2) {
      const position = positionAt(places, at);
      const { found } = await this.batchOf(domain, position);
      names.add(`${found.sequence}/${position - found.first}`);
    }
    return names;
  }

  /** Where rows that were placed stand, by position, each batch read by its chunks. */
  async paths(domain: string, places: readonly number[]): Promise<Map<number, LeafPlace>> {
    const byBatch = new Map<
      string,
      { found: FoundBatch; at: number; batch: StoredBatch; indexes: number[] }
    >();
    const paths = new Map<number, LeafPlace>();
    for (let at = 0; at < places.length; at += 2) {
      const position = positionAt(places, at);
      const one = await this.batchOf(domain, position);
      const path = this.#gathered?.invoicePath(domain, position);
      if (path !== undefined) {
        const leafIndex = position - one.found.first;
        paths.set(position, { batch: one.at, leafIndex, path: hexDigests(path) });
        continue;
      }
      const name = String(one.found.sequence);
      const known = byBatch.get(name) ?? { ...one, indexes: [] };
      known.indexes.push(position - one.found.first);
      byBatch.set(name, known);
    }
    for (const { found, at, batch, indexes } of byBatch.values()) {
      const proofs = await this.#proofs.open(domain, batch);
      for await (const { index, path } of proofs.of(indexes)) {
        paths.set(found.first + index, { batch: at, leafIndex: index, path: hexDigests(path) });
      }
    }
    return paths;
  }

  /** The batch of a row that was placed, and its index in the bundle. */
  async batchOf(
    domain: string,
    position: number,
  ): Promise<{ found: FoundBatch; at: number; batch: StoredBatch }> {
    const last = this.#last;
    if (last?.domain === domain && position >= last.found.first && position < last.found.end) {
      return last;
    }
    const found = await this.#places.at(domain, position);
    const known = found && this.#known.get(`${domain}/${found.sequence}`);
    assert(found !== undefined && known !== undefined, `the batch of row ${position} is known`);
    this.#last = { domain, found, ...known };
    return this.#last;
  }
}

const positionAt = (places: readonly number[], at: number): number =>
  (places[at] as number) + (places[at + 1] as number);

/** Digests one after the other as text each. */
function hexDigests(path: Uint8Array): Hex[] {
  const text = Buffer.from(path.buffer, path.byteOffset, path.length).toString("hex");
  const digests: Hex[] = [];
  for (let at = 0; at < text.length; at += DIGEST_HEX) {
    digests.push(`0x${text.slice(at, at + DIGEST_HEX)}`);
  }
  return digests;
}

function sectionOf(domain: Hex, batch: StoredBatch): Bundle["batches"][number] {
  const { sequence, depth, root, totals, runningTotals, blockTime } = batch;
  return {
    domain,
    sequence,
    depth,
    root,
    totals,
    runningTotals,
    ...(blockTime === undefined ? {} : { blockTime }),
  };
}
