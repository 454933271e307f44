import { equalBytes, fromHex } from "../../core/bytes.ts";
import { PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { HashArena, type HashTile } from "../../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES, SALTS_BYTES } from "../../core/commitment/kernel/kernel.ts";
import { deviceTag, textIdentity } from "../../core/commitment/secrets.ts";
import { TAG } from "../../core/commitment/tags.ts";
import type { TextBytes } from "../../core/invoice/text-bytes.ts";
import type { EpochState } from "../store/stored-types.ts";
import { FIELD, FILE_BYTES, LINE, type LineWindow } from "./line-window.ts";

/** Rows whose salts and tags are hashed together. */
const TILE = 256;
const ARENA_BYTES = 131_072;
const DIGEST_BYTES = 32;
const SOURCE_TAG_BYTES = 24;
const decoder = new TextDecoder();

/** What opens a subscriber's rows of one epoch. */
export class LineOwner {
  readonly epochKey: Uint8Array;
  readonly pseudonym: Uint8Array;
  readonly #deviceTags = new Map<string, Uint8Array>();
  /** Lines of a subscriber are mostly of one device. */
  #last: { device: Uint8Array; tag: Uint8Array } | undefined;

  constructor({ epochKey, pseudonym }: Pick<EpochState, "epochKey" | "pseudonym">) {
    this.epochKey = fromHex(epochKey, 32);
    this.pseudonym = fromHex(pseudonym, 32);
  }

  /** @param device in UTF-8; its memory is not kept */
  deviceTag(device: Uint8Array): Uint8Array {
    if (this.#last !== undefined && equalBytes(this.#last.device, device)) return this.#last.tag;
    const name = decoder.decode(device);
    const tag = this.#deviceTags.get(name) ?? deviceTag(this.epochKey, name);
    this.#deviceTags.set(name, tag);
    this.#last = { device: device.slice(), tag };
    return tag;
  }
}

/** A line to be written. */
export interface LineRow {
  window: LineWindow;
  line: number;
  owner: LineOwner;
  /** Of source tags in the traffic month of its start. */
  monthKey: Uint8Array;
}

/**
 * Rows of a window written as bundles show them, straight into bytes: what `RowOpener` opens and
 * `JSON.stringify` writes, which a test compares. A million subscribers' files have ten million
 * lines; an object of forty parts for each costs more than its proof.
 */
export class LineTexts {
  readonly #salts: HashTile;
  readonly #sources: HashTile;
  readonly #rows: readonly LineRow[];
  /** Of every row, by its index. */
  readonly #saltsOf: Uint8Array;
  readonly #tagsOf: Uint8Array;

  /** Hashes salts and source tags of all the rows (docs/PROTOCOL.md, section 3). */
  constructor(rows: readonly LineRow[]) {
    const arena = new HashArena(ARENA_BYTES);
    this.#salts = arena.tile(TILE, "shake");
    this.#sources = arena.tile(TILE, "keccak");
    this.#salts.placeEverywhere(0, Uint8Array.of(TAG.recordSalts));
    this.#sources.placeEverywhere(0, Uint8Array.of(TAG.sourceTag));
    this.#rows = rows;
    this.#saltsOf = new Uint8Array(SALTS_BYTES * rows.length);
    this.#tagsOf = new Uint8Array(DIGEST_BYTES * rows.length);
    for (let from = 0; from < rows.length; from += TILE) {
      this.#hash(from, Math.min(rows.length, from + TILE));
    }
  }

  #hash(from: number, to: number): void {
    const { blocks: salts } = this.#salts;
    const { blocks: sources } = this.#sources;
    for (let i = from; i < to; i++) {
      const { window, line, owner, monthKey } = this.#rows[i] as LineRow;
      const at = BLOCK_BYTES * (i - from);
      const idBytes = window.field(line, FIELD.idBytes);
      const heap = window.heapOf(line);
      const idAt = window.field(line, FIELD.heapAt) + FILE_BYTES;
      salts.set(owner.epochKey, at + 1);
      sources.set(monthKey, at + 1);
      sources[at + 33] = window.field(line, FIELD.role);
      for (let byte = 0; byte < idBytes; byte++) {
        const one = heap[idAt + byte] as number;
        salts[at + 37 + byte] = one;
        sources[at + 34 + byte] = one;
      }
      this.#salts.setLengthOf(i - from, 37 + idBytes);
      this.#sources.setLengthOf(i - from, 34 + idBytes);
    }
    this.#salts.hash(to - from);
    this.#sources.hash(to - from);
    const count = to - from;
    this.#saltsOf.set(this.#salts.output.subarray(0, SALTS_BYTES * count), SALTS_BYTES * from);
    this.#tagsOf.set(this.#sources.output.subarray(0, DIGEST_BYTES * count), DIGEST_BYTES * from);
  }

  /** Appends what a line says of its amount, in quotes. */
  writeAmount(out: TextBytes, index: number): void {
    const { window, line } = this.#rows[index] as LineRow;
    out.ascii('"');
    if (window.field(line, FIELD.state) === LINE.text) {
      const at = window.field(line, FIELD.heapAt);
      out.raw(window.heapOf(line), at, at + window.field(line, FIELD.textBytes));
    } else long(out, window, line, FIELD.amountNano);
    out.ascii('"');
  }

  /** Appends the field groups that a line has behind its path, and the line's end. */
  write(out: TextBytes, index: number): void {
    const row = this.#rows[index] as LineRow;
    const { window, line, owner } = row;
    const heap = window.heapOf(line);
    const field = (name: keyof typeof FIELD) => window.field(line, FIELD[name]);
    const deviceAt = field("heapAt") + FILE_BYTES + field("idBytes");
    const textAt = deviceAt + field("deviceBytes") + field("rootBytes");
    const endAt = textAt + field("textBytes");
    if (field("state") === LINE.text) {
      const from = field("heapAt") + field("textBytes");
      out.copy(heap.subarray(from, from + field("endBytes")));
      return;
    }
    const saltsAt = SALTS_BYTES * index;
    const tagAt = DIGEST_BYTES * index;
    const salts = this.#saltsOf;
    out.ascii('"account":{"salt":');
    out.hex(salts, saltsAt, saltsAt + 32);
    out.ascii(',"pseudonym":');
    out.hex(owner.pseudonym, 0, 32);
    out.ascii(',"chargeNumber":"');
    out.whole(field("chargeNumber"));
    out.ascii('","runningTotalNano":"');
    long(out, window, line, FIELD.runningTotalNano);
    out.ascii('","sourceTag":');
    out.hex(this.#tagsOf, tagAt, tagAt + SOURCE_TAG_BYTES);
    out.ascii(',"deviceTag":');
    const device = heap.subarray(deviceAt, deviceAt + field("deviceBytes"));
    out.hex(owner.deviceTag(device), 0, 16);
    this.#writeParty(out, window, line, saltsAt + 32, textAt);
    out.ascii(',"charge":{"salt":');
    out.hex(salts, saltsAt + 64, saltsAt + 96);
    out.ascii(',"kind":');
    out.whole(field("kind"));
    out.ascii(',"service":');
    out.whole(field("service"));
    out.ascii(',"flags":');
    out.whole(field("flags"));
    out.ascii(',"start":"');
    long(out, window, line, FIELD.start);
    out.ascii('","sessionMinutes":');
    out.whole(field("sessionMinutes"));
    out.ascii(',"quantity":"');
    long(out, window, line, FIELD.quantity);
    out.ascii('","secondQuantity":"');
    long(out, window, line, FIELD.secondQuantity);
    out.ascii('","decidingDigits":');
    digits(out, window, line, FIELD.decidingDigits);
    out.ascii(',"originDigits":');
    digits(out, window, line, FIELD.originDigits);
    out.ascii(',"visitedNetwork":');
    out.whole(field("visitedNetwork"));
    out.ascii(',"class":');
    out.whole(field("class"));
    out.ascii(',"tariffVersion":');
    out.whole(field("tariffVersion"));
    out.ascii(',"counters":');
    if (field("endBytes") === 0) out.ascii("[]}}");
    else out.copy(heap.subarray(endAt, endAt + field("endBytes")));
  }

  #writeParty(
    out: TextBytes,
    window: LineWindow,
    line: number,
    saltAt: number,
    textAt: number,
  ): void {
    const heap = window.heapOf(line);
    const fileAt = window.field(line, FIELD.heapAt);
    const text = heap.subarray(textAt, textAt + window.field(line, FIELD.textBytes));
    const type = window.field(line, FIELD.partyType);
    const rootBytes = window.field(line, FIELD.rootBytes);
    const salts = this.#saltsOf;
    out.ascii('},"party":{"salt":');
    out.hex(salts, saltAt, saltAt + 32);
    out.ascii(',"restDigits":');
    if (type === PARTY_TYPE.text && text.length > 0) {
      const said = JSON.parse(decoder.decode(text)) as string;
      out.hex(textIdentity(salts.slice(saltAt, saltAt + 32), said), 0, 8);
    } else digits(out, window, line, FIELD.restDigits);
    out.ascii(',"type":');
    out.whole(type);
    out.ascii(',"cell":"0","file":');
    out.hex(heap, fileAt, fileAt + FILE_BYTES);
    out.ascii(',"offset":"');
    long(out, window, line, FIELD.offset);
    out.ascii('","length":');
    out.whole(window.field(line, FIELD.length));
    out.ascii(',"eventsRoot":"');
    if (rootBytes === 0) out.ascii(NO_EVENTS);
    else out.copy(heap.subarray(textAt - rootBytes, textAt));
    out.ascii('"');
    if (text.length > 0) {
      out.ascii(',"text":');
      out.copy(text);
    }
    out.ascii("}");
  }
}

const NO_EVENTS = `0x${"0".repeat(64)}`;
const word = new Uint8Array(8);
const wordView = new DataView(word.buffer);

function long(out: TextBytes, window: LineWindow, line: number, field: number): void {
  out.unsigned(window.field(line, field), window.field(line, field + 1));
}

/** Sixteen hexadecimal digits of a word of 64 bits. */
function digits(out: TextBytes, window: LineWindow, line: number, field: number): void {
  wordView.setUint32(0, window.field(line, field + 1));
  wordView.setUint32(4, window.field(line, field));
  out.hex(word, 0, 8);
}
