import { fromHex } from "../../core/bytes.ts";
import { PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { HashArena, type HashTile } from "../../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES, SALTS_BYTES } from "../../core/commitment/kernel/kernel.ts";
import { deviceTag, textIdentity } from "../../core/commitment/secrets.ts";
import { TAG } from "../../core/commitment/tags.ts";
import type { TextBytes } from "../../core/invoice/text-bytes.ts";
import type { ChargeBlock } from "../number/charge-block.ts";
import type { EpochState } from "../store/stored-types.ts";

/** Rows whose salts and tags are hashed together. */
const TILE = 256;
const ARENA_BYTES = 131_072;
const DIGEST_BYTES = 32;
const SOURCE_TAG_BYTES = 24;

/** What opens a subscriber's rows of one epoch. */
export class LineOwner {
  readonly epochKey: Uint8Array;
  readonly pseudonym: Uint8Array;
  readonly #deviceTags = new Map<string, Uint8Array>();

  constructor({ epochKey, pseudonym }: EpochState) {
    this.epochKey = fromHex(epochKey, 32);
    this.pseudonym = fromHex(pseudonym, 32);
  }

  deviceTag(device: string): Uint8Array {
    const tag = this.#deviceTags.get(device) ?? deviceTag(this.epochKey, device);
    this.#deviceTags.set(device, tag);
    return tag;
  }
}

/** A row to be written. */
export interface LineRow {
  block: ChargeBlock;
  row: number;
  owner: LineOwner;
  /** Of source tags in the traffic month of its start. */
  monthKey: Uint8Array;
}

/**
 * Rows of blocks written as bundles show them, straight into bytes: what `RowOpener` opens and
 * `JSON.stringify` writes, which a property test compares. A million subscribers' files have ten million
 * lines; an object of forty parts for each costs more than its proof.
 */
export class LineTexts {
  readonly #salts: HashTile;
  readonly #sources: HashTile;

  constructor() {
    const arena = new HashArena(ARENA_BYTES);
    this.#salts = arena.tile(TILE, "shake");
    this.#sources = arena.tile(TILE, "keccak");
    this.#salts.placeEverywhere(0, Uint8Array.of(TAG.recordSalts));
    this.#sources.placeEverywhere(0, Uint8Array.of(TAG.sourceTag));
  }

  /**
   * Appends of each row the field groups that a line has behind its path, and the line's end.
   * @param onWritten told after each row
   */
  write(out: TextBytes, rows: readonly LineRow[], onWritten: (at: number) => void): void {
    for (let from = 0; from < rows.length; from += TILE) {
      const some = rows.slice(from, from + TILE);
      this.#hash(some);
      for (const [i, row] of some.entries()) {
        this.#writeRow(out, row, i);
        onWritten(from + i);
      }
    }
  }

  /** The salts and source tags (docs/PROTOCOL.md, section 3). */
  #hash(rows: readonly LineRow[]): void {
    const { blocks: salts } = this.#salts;
    const { blocks: sources } = this.#sources;
    for (const [i, { block, row, owner, monthKey }] of rows.entries()) {
      const at = BLOCK_BYTES * i;
      const id = block.idBytes(row);
      salts.set(owner.epochKey, at + 1);
      salts.set(id, at + 37);
      this.#salts.setLengthOf(i, 37 + id.length);
      sources.set(monthKey, at + 1);
      sources[at + 33] = block.source.role;
      sources.set(id, at + 34);
      this.#sources.setLengthOf(i, 34 + id.length);
    }
    this.#salts.hash(rows.length);
    this.#sources.hash(rows.length);
  }

  #writeRow(out: TextBytes, { block, row, owner }: LineRow, i: number): void {
    const { halves, middle, narrow, small, table } = block;
    const { output: salts } = this.#salts;
    const saltsAt = SALTS_BYTES * i;
    const number = (column: Uint32Array) =>
      out.unsigned(column[2 * row] as number, column[2 * row + 1] as number);
    out.ascii('"account":{"salt":');
    out.hex(salts, saltsAt, saltsAt + 32);
    out.ascii(',"pseudonym":');
    out.hex(owner.pseudonym, 0, 32);
    out.ascii(',"chargeNumber":"');
    out.whole(middle.chargeNumber[row] as number);
    out.ascii('","runningTotalNano":"');
    number(halves.runningTotalNano);
    out.ascii('","sourceTag":');
    out.hex(this.#sources.output, DIGEST_BYTES * i, DIGEST_BYTES * i + SOURCE_TAG_BYTES);
    out.ascii(',"deviceTag":');
    out.hex(owner.deviceTag(block.device(row)), 0, 16);
    this.#writeParty(out, block, row, saltsAt + 32);
    out.ascii(',"charge":{"salt":');
    out.hex(salts, saltsAt + 64, saltsAt + 96);
    out.ascii(',"kind":');
    out.whole(block.kind(row));
    out.ascii(',"service":');
    out.whole(small.service[row] as number);
    out.ascii(',"flags":');
    out.whole(small.flags[row] as number);
    out.ascii(',"start":"');
    number(halves.start);
    out.ascii('","sessionMinutes":');
    out.whole(narrow.sessionMinutes[row] as number);
    out.ascii(',"quantity":"');
    number(halves.quantity);
    out.ascii('","secondQuantity":"');
    number(halves.secondQuantity);
    out.ascii('","decidingDigits":');
    digits(out, halves.decidingDigits, row);
    out.ascii(',"originDigits":');
    digits(out, halves.originDigits, row);
    out.ascii(',"visitedNetwork":');
    out.whole(middle.visitedNetwork[row] as number);
    out.ascii(',"class":');
    out.whole(small.class[row] as number);
    out.ascii(',"tariffVersion":');
    out.whole(middle.tariffVersion[row] as number);
    const accounted = table.accounted?.[row];
    if (accounted === undefined) {
      out.ascii(',"counters":[]}}');
      return;
    }
    const { scopes, components, moves } = accounted;
    out.text(`,"counters":${JSON.stringify(scopes)}}`);
    out.text(`,"told":${JSON.stringify({ components, moves })}}`);
  }

  #writeParty(out: TextBytes, block: ChargeBlock, row: number, saltAt: number): void {
    const { halves, middle, small, table, source } = block;
    const { output: salts } = this.#salts;
    const text = table.texts[row];
    const type = small.partyType[row] as number;
    out.ascii('},"party":{"salt":');
    out.hex(salts, saltAt, saltAt + 32);
    out.ascii(',"restDigits":');
    if (type === PARTY_TYPE.text && text !== undefined) {
      out.hex(textIdentity(salts.slice(saltAt, saltAt + 32), text), 0, 8);
    } else digits(out, halves.restDigits, row);
    out.ascii(',"type":');
    out.whole(type);
    out.ascii(',"cell":"0","file":');
    out.hex(source.file, 0, source.file.length);
    out.ascii(',"offset":"');
    out.unsigned(halves.offset[2 * row] as number, halves.offset[2 * row + 1] as number);
    out.ascii('","length":');
    out.whole(middle.length[row] as number);
    out.ascii(',"eventsRoot":"');
    out.ascii(table.eventsRoots?.[row] ?? NO_EVENTS);
    out.ascii('"');
    if (text !== undefined) out.text(`,"text":${JSON.stringify(text)}`);
    out.ascii("}");
  }
}

const NO_EVENTS = `0x${"0".repeat(64)}`;
const word = new Uint8Array(8);
const wordView = new DataView(word.buffer);

/** Sixteen hexadecimal digits of a word of 64 bits. */
function digits(out: TextBytes, column: Uint32Array, row: number): void {
  wordView.setUint32(0, column[2 * row + 1] as number);
  wordView.setUint32(4, column[2 * row] as number);
  out.hex(word, 0, 8);
}
