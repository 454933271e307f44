import type { Hex } from "../../core/bytes.ts";
import { LOWER_PATH_BYTES } from "../../core/commitment/kernel/chunk-proofs.ts";
import { assert } from "../../core/errors.ts";
import { TextBytes } from "../../core/invoice/text-bytes.ts";
import type { ChargeBlock } from "../number/charge-block.ts";
import type { StoreReader } from "../store/store.ts";
import { isBlock } from "../store/stored-rows.ts";
import type { StoredCharge } from "../store/stored-types.ts";
import { type BatchPlaces, BatchReads, type FoundBatch } from "./batch-places.ts";
import { FIELD, firstOf, LINE, type LineWindow, LONG, rowOf } from "./line-window.ts";
import type { ProofReader } from "./proof-reader.ts";
import type { RowsCache } from "./rows-cache.ts";

/** By what lines are read; what it read lately is remembered within its bounds. */
export interface LineReading {
  store: StoreReader;
  rows: RowsCache;
  places: BatchPlaces;
  proofs: ProofReader;
  /** Apart from those of charges, which would drive out what all accounts of a month ask for. */
  invoiceProofs: ProofReader;
}

/**
 * Reads lines of a window in the order in which they lie: blocks of charges, then leaf tiles of their
 * batches, each once. Lines that stand in no batch yet stay absent.
 */
export class WindowFiller {
  readonly #reading: LineReading;
  readonly #chargeBook: Hex;
  readonly #window: LineWindow;
  readonly #heap: number;
  readonly #bytes = new TextBytes();

  /** @param heap which of the window's heaps is to be this one's */
  constructor(reading: LineReading, chargeBook: Hex, window: LineWindow, heap: number) {
    this.#reading = reading;
    this.#chargeBook = chargeBook;
    this.#window = window;
    this.#heap = heap;
  }

  /** @returns the bytes of the heap @throws TallystickError `store.value-damaged`, `proof.changed-leaves` */
  async fill(from: number, to: number): Promise<Uint8Array> {
    const committed = await this.#prove(from, to);
    for (let at = from; at < committed; ) at = await this.#readRows(at, committed);
    return this.#bytes.bytes.subarray(0, this.#bytes.length);
  }

  /** As many stored values as may be held at once. @returns the line behind the last that was read */
  async #readRows(from: number, end: number): Promise<number> {
    const { places } = this.#window.memory;
    const { rows } = this.#reading;
    const firsts: number[] = [];
    let to = from;
    for (; to < end; to++) {
      const first = firstOf(places[to] as number);
      if (first === firsts.at(-1)) continue;
      if (firsts.length === rows.valuesMax) break;
      firsts.push(first);
    }
    const values = await rows.read(this.#chargeBook, firsts);
    for (let line = from; line < to; ) {
      const first = firstOf(places[line] as number);
      let next = line + 1;
      while (next < to && firstOf(places[next] as number) === first) next++;
      const value = values.get(first)?.rows;
      assert(value !== undefined && (isBlock(value) || "opened" in value), "the rows are charges");
      if (isBlock(value)) this.#putRows(value, line, next);
      else this.#putText(value, line);
      line = next;
    }
    return to;
  }

  #putRows(block: ChargeBlock, from: number, to: number): void {
    const { middle, narrow, small, table, source } = block;
    const { memory } = this.#window;
    const long = LONG.map((name) => block.halves[name]);
    for (let line = from; line < to; line++) {
      const row = rowOf(memory.places[line] as number);
      const put = (field: number, value: number) => this.#window.put(line, field, value);
      for (let i = 0; i < long.length; i++) {
        const column = long[i] as Uint32Array;
        put(2 * i, column[2 * row] as number);
        put(2 * i + 1, column[2 * row + 1] as number);
      }
      put(FIELD.chargeNumber, middle.chargeNumber[row] as number);
      put(FIELD.length, middle.length[row] as number);
      put(FIELD.tariffVersion, middle.tariffVersion[row] as number);
      put(FIELD.visitedNetwork, middle.visitedNetwork[row] as number);
      put(FIELD.sessionMinutes, narrow.sessionMinutes[row] as number);
      put(FIELD.kind, block.kind(row));
      put(FIELD.service, small.service[row] as number);
      put(FIELD.flags, small.flags[row] as number);
      put(FIELD.partyType, small.partyType[row] as number);
      put(FIELD.class, small.class[row] as number);
      put(FIELD.role, source.role);
      put(FIELD.state, LINE.row);
      this.#beginHeap(line);
      this.#bytes.copy(source.file);
      const id = block.idBytes(row);
      const device = block.owners.deviceBytes(narrow.owner[row] as number);
      put(FIELD.idBytes, id.length);
      put(FIELD.deviceBytes, device.length);
      this.#bytes.raw(id, 0, id.length);
      this.#bytes.raw(device, 0, device.length);
      this.#putTextIn(line, FIELD.rootBytes, table.eventsRoots?.[row]);
      const text = table.texts[row];
      this.#putTextIn(line, FIELD.textBytes, text === undefined ? undefined : JSON.stringify(text));
      const accounted = table.accounted?.[row];
      if (accounted === undefined) continue;
      const { scopes, components, moves } = accounted;
      const told = JSON.stringify({ components, moves });
      this.#putTextIn(line, FIELD.endBytes, `${JSON.stringify(scopes)}},"told":${told}}`);
    }
  }

  /** A charge that is a value of its own: its text, behind its path. */
  #putText({ opened, amountNano, moves, components }: StoredCharge, line: number): void {
    const { account, party, charge } = opened;
    assert(charge !== undefined, "a charge of the charge book");
    const told = moves === undefined ? {} : { told: { components, moves } };
    const start = BigInt(charge.start);
    this.#window.put(line, FIELD.start, Number(start & 0xffffffffn));
    this.#window.put(line, FIELD.start + 1, Number(start >> 32n));
    this.#window.put(line, FIELD.tariffVersion, charge.tariffVersion);
    this.#window.put(line, FIELD.state, LINE.text);
    this.#beginHeap(line);
    this.#putTextIn(line, FIELD.textBytes, amountNano);
    this.#putTextIn(
      line,
      FIELD.endBytes,
      JSON.stringify({ account, party, charge, ...told }).slice(1),
    );
  }

  #beginHeap(line: number): void {
    this.#window.put(line, FIELD.heap, this.#heap);
    this.#window.put(line, FIELD.heapAt, this.#bytes.length);
  }

  #putTextIn(line: number, lengthField: number, text: string | undefined): void {
    if (text === undefined) return;
    const before = this.#bytes.length;
    this.#bytes.text(text);
    this.#window.put(line, lengthField, this.#bytes.length - before);
  }

  /** @returns the first line that stands in no batch */
  async #prove(from: number, to: number): Promise<number> {
    const { store, places, proofs } = this.#reading;
    const { memory } = this.#window;
    const reads = new BatchReads(store, this.#chargeBook);
    const positionOf = (line: number) => {
      const place = memory.places[line] as number;
      return firstOf(place) + rowOf(place);
    };
    let line = from;
    while (line < to) {
      const found: FoundBatch | undefined = await places.at(this.#chargeBook, positionOf(line));
      if (found === undefined) break;
      const first = line;
      while (line < to && positionOf(line) < found.end) line++;
      const batch = (await reads.read([found.sequence])).get(found.sequence);
      assert(batch !== undefined, `batch ${found.sequence} is stored`);
      const opened = await proofs.open(this.#chargeBook, batch);
      const indexes = Uint32Array.from(
        { length: line - first },
        (_, at) => positionOf(first + at) - found.first,
      );
      await opened.writeLower(indexes, memory.paths, LOWER_PATH_BYTES * first);
    }
    return line;
  }
}
