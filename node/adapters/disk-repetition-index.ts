import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MemoryRepetitionIndex,
  type RepetitionIndex,
  type Repetitions,
} from "../core/formats/repetition-index.ts";

/** 8 bytes of the key's SHA-256 and 8 bytes of position. */
const ENTRY_BYTES = 16;
const PARTITIONS = 256;
const BUFFER_ENTRIES = 1024;

/**
 * Keys of a file of any size: digests go to disk, parted by their first byte, and each part is
 * sorted alone at the end. Memory is 4 MB of buffers and then one part: 16 bytes for each of a 256th
 * of the records. Small files never touch the disk.
 *
 * Two different keys with one 64-bit digest would be told as a repetition: for 50 million records
 * the odds are one in 14,000, and nothing but a remark depends on it.
 */
export class DiskRepetitionIndex implements RepetitionIndex {
  readonly #memoryEntriesMax: number;
  #memory: { key: string; position: number }[] | undefined = [];
  #folder: string | undefined;
  #files: number[] = [];
  #buffers: Buffer[] = [];
  #filled: number[] = [];
  #written: number[] = [];

  constructor(memoryEntriesMax = 50_000) {
    this.#memoryEntriesMax = memoryEntriesMax;
  }

  add(key: string, position: number): void {
    if (this.#memory !== undefined) {
      this.#memory.push({ key, position });
      if (this.#memory.length <= this.#memoryEntriesMax) return;
      const early = this.#memory;
      this.#memory = undefined;
      this.#open();
      for (const one of early) this.#store(one.key, one.position);
      return;
    }
    this.#store(key, position);
  }

  finish(exampleCount: number): Repetitions {
    if (this.#memory !== undefined) {
      const inMemory = new MemoryRepetitionIndex();
      for (const { key, position } of this.#memory) inMemory.add(key, position);
      this.discard();
      return inMemory.finish(exampleCount);
    }
    let count = 0;
    let first: Repetitions["first"] = [];
    for (let part = 0; part < PARTITIONS; part++) {
      const repeated = this.#repeatedIn(part);
      count += repeated.length;
      first.push(...repeated);
      first = first.sort((a, b) => a.position - b.position).slice(0, exampleCount);
    }
    this.discard();
    return { count, first };
  }

  discard(): void {
    for (const file of this.#files) closeSync(file);
    this.#files = [];
    this.#buffers = [];
    this.#memory = undefined;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #open(): void {
    const folder = mkdtempSync(join(tmpdir(), "tallystick-index-"));
    this.#folder = folder;
    this.#files = Array.from({ length: PARTITIONS }, (_, part) =>
      openSync(join(folder, `${part}`), "w+"),
    );
    this.#buffers = Array.from({ length: PARTITIONS }, () =>
      Buffer.alloc(BUFFER_ENTRIES * ENTRY_BYTES),
    );
    this.#filled = new Array(PARTITIONS).fill(0);
    this.#written = new Array(PARTITIONS).fill(0);
  }

  #store(key: string, position: number): void {
    const digest = createHash("sha256").update(key).digest();
    const part = digest[31] as number;
    const buffer = this.#buffers[part] as Buffer;
    let at = this.#filled[part] as number;
    digest.copy(buffer, at, 0, 8);
    buffer.writeBigUInt64BE(BigInt(position), at + 8);
    at += ENTRY_BYTES;
    if (at === buffer.length) {
      this.#flush(part, at);
      at = 0;
    }
    this.#filled[part] = at;
  }

  #flush(part: number, length: number): void {
    const file = this.#files[part] as number;
    let done = 0;
    while (done < length) {
      done += writeSync(file, this.#buffers[part] as Buffer, done, length - done);
    }
    this.#written[part] = (this.#written[part] as number) + length;
  }

  #repeatedIn(part: number): Repetitions["first"] {
    this.#flush(part, this.#filled[part] as number);
    const all = Buffer.alloc(this.#written[part] as number);
    let read = 0;
    while (read < all.length) {
      read += readSync(this.#files[part] as number, all, read, all.length - read, read);
    }
    const entries = Array.from({ length: all.length / ENTRY_BYTES }, (_, i) => ({
      digest: all.readBigUInt64BE(i * ENTRY_BYTES),
      position: Number(all.readBigUInt64BE(i * ENTRY_BYTES + 8)),
    }));
    // Positions of one digest stay in the order of the file: sorting is stable.
    entries.sort((a, b) => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0));
    const repeated: Repetitions["first"] = [];
    let firstOfRun = entries[0];
    for (const entry of entries.slice(1)) {
      if (firstOfRun === undefined || entry.digest !== firstOfRun.digest) firstOfRun = entry;
      else repeated.push({ position: entry.position, firstPosition: firstOfRun.position });
    }
    return repeated;
  }
}
