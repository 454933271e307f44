import { strict as assert } from "node:assert";
import { keccak_256, shake256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import sha3 from "js-sha3";
import { toHex } from "../../../../node/core/bytes.ts";
import { HashArena } from "../../../../node/core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES, KERNEL_KINDS } from "../../../../node/core/commitment/kernel/kernel.ts";
import { bestKernelKind } from "../../../../node/core/commitment/kernel/open-kernel.ts";

const message = fc.uint8Array({ maxLength: BLOCK_BYTES - 1 });
const messages = fc.array(message, { minLength: 1, maxLength: 9 });

/** Every message's output, after the tile was full of something else. */
function outputs(kind: (typeof KERNEL_KINDS)[number], hash: "keccak" | "shake", all: Uint8Array[]) {
  const tile = new HashArena(1 << 16, kind).tile(all.length, hash);
  tile.blocks.fill(0xaa);
  for (const [i, one] of all.entries()) {
    tile.blocks.set(one, i * BLOCK_BYTES);
    tile.setLengthOf(i, one.length);
  }
  tile.hash(all.length);
  const width = tile.output.length / all.length;
  return all.map((_, i) => toHex(tile.output.slice(i * width, (i + 1) * width)));
}

describe("hashing in an arena", () => {
  it("uses SIMD here: without it the other kernels would be compared with themselves", () => {
    assert.equal(bestKernelKind(), "simd");
  });

  for (const kind of KERNEL_KINDS) {
    describe(`by the ${kind} kernel`, () => {
      it("runs on that kernel", () => {
        assert.equal(new HashArena(1024, kind).kind, kind);
      });

      it("hashes one long message after the other, of any number of blocks", () => {
        const long = new HashArena(1 << 16, kind).longMessage(5 * BLOCK_BYTES);
        for (let length = long.lengthMax; length >= 0; length--) {
          const one = Uint8Array.from({ length }, (_, i) => (7 * length + i) & 0xff);
          assert.equal(toHex(long.hash(one)), `0x${sha3.keccak256(one)}`, `${length} bytes`);
        }
        assert.throws(() => long.hash(new Uint8Array(long.lengthMax + 1)));
      });

      it("is keccak-256 as two other libraries compute it, for every length", () => {
        const all = Array.from({ length: BLOCK_BYTES }, (_, length) =>
          Uint8Array.from({ length }, (_, i) => (7 * length + i) & 0xff),
        );
        const hashed = outputs(kind, "keccak", all);
        assert.deepEqual(
          hashed,
          all.map((one) => `0x${sha3.keccak256(one)}`),
        );
        assert.deepEqual(
          hashed,
          all.map((one) => toHex(keccak_256(one))),
        );
      });

      it("is SHAKE256 as two other libraries compute it, for every length", () => {
        const all = Array.from({ length: BLOCK_BYTES }, (_, length) =>
          Uint8Array.from({ length }, (_, i) => (11 * length + i) & 0xff),
        );
        const expanded = outputs(kind, "shake", all);
        assert.deepEqual(
          expanded,
          all.map((one) => `0x${sha3.shake256(one, 8 * 96)}`),
        );
        assert.deepEqual(
          expanded,
          all.map((one) => toHex(shake256(one, { dkLen: 96 }))),
        );
      });

      it("hashes any messages beside each other, odd numbers of them too", () => {
        fc.assert(
          fc.property(messages, (all) => {
            assert.deepEqual(
              outputs(kind, "keccak", all),
              all.map((one) => toHex(keccak_256(one))),
            );
          }),
          { numRuns: 100 },
        );
      });

      it("leaves what lies beyond the given count alone", () => {
        const tile = new HashArena(4096, kind).tile(4, "keccak");
        tile.setLength(3);
        tile.hash(3);
        assert.deepEqual([...tile.output.slice(96)], new Array(32).fill(0));
      });

      it("puts messages together from columns", () => {
        const arena = new HashArena(1 << 16, kind);
        const tile = arena.tile(5, "keccak");
        const digests = arena.bytes(5 * 32);
        const odd = arena.bytes(5 * 3);
        const numbers = arena.numbers(5);
        for (let i = 0; i < digests.length; i++) digests[i] = i;
        for (let i = 0; i < odd.length; i++) odd[i] = 0xf0 + i;
        for (let i = 0; i < 5; i++) numbers[i] = 0x0102030405060708n + BigInt(i);
        tile.setLength(1 + 32 + 3 + 8 + 2);
        tile.placeEverywhere(0, Uint8Array.of(0x42));
        tile.placeBytes(1, 32, digests, 5);
        tile.placeBytes(33, 3, odd, 5);
        tile.placeNumbers(36, 8, numbers, 5);
        tile.placeNumbers(44, 2, numbers, 5);
        tile.hash(5);
        for (let i = 0; i < 5; i++) {
          const expected = keccak_256(
            Uint8Array.of(
              0x42,
              ...digests.subarray(32 * i, 32 * i + 32),
              ...odd.subarray(3 * i, 3 * i + 3),
              ...[1, 2, 3, 4, 5, 6, 7, 8 + i],
              ...[7, 8 + i],
            ),
          );
          assert.equal(toHex(tile.output.slice(32 * i, 32 * i + 32)), toHex(expected));
        }
      });

      it("puts messages together from a table's rows, and parts of a wider column", () => {
        const arena = new HashArena(1 << 16, kind);
        const tile = arena.tile(4, "keccak");
        const table = arena.bytes(3 * 20);
        const picks = arena.shorts(4);
        for (let i = 0; i < table.length; i++) table[i] = i;
        picks.set([2, 0, 2, 1]);
        tile.setLength(21);
        tile.placePicked(1, 17, { table: table.subarray(3), stride: 20, picks }, 4);
        tile.placeBytes(18, 3, table.subarray(4), 3, 20);
        for (const [i, row] of [2, 0, 2].entries()) {
          const message = tile.blocks.slice(i * BLOCK_BYTES, i * BLOCK_BYTES + 21);
          assert.deepEqual(
            [...message],
            [
              0,
              ...table.slice(20 * row + 3, 20 * row + 20),
              ...table.slice(20 * i + 4, 20 * i + 7),
            ],
          );
        }
        assert.deepEqual([...tile.blocks.slice(3 * BLOCK_BYTES + 18).slice(0, 3)], [0, 0, 0]);
      });

      it("ends messages with texts of any length, whatever stood there before", () => {
        const texts = fc.array(fc.uint8Array({ maxLength: BLOCK_BYTES - 1 - 34 }), {
          minLength: 1,
          maxLength: 9,
        });
        fc.assert(
          fc.property(texts, fc.constantFrom("keccak" as const, "shake" as const), (all, hash) => {
            const arena = new HashArena(1 << 16, kind);
            const tile = arena.tile(all.length, hash);
            const column = arena.bytes(1_000);
            const ends = arena.words(all.length);
            tile.blocks.fill(0xaa);
            tile.placeEverywhere(0, new Uint8Array(34).fill(7));
            let end = 0;
            for (const [i, text] of all.entries()) {
              column.set(text, end);
              end += text.length;
              ends[i] = end;
            }
            tile.placeTexts(34, column, ends, all.length);
            tile.hash(all.length);
            const whole = all.map((text) => Uint8Array.of(...new Uint8Array(34).fill(7), ...text));
            const width = tile.output.length / all.length;
            assert.deepEqual(
              all.map((_, i) => toHex(tile.output.slice(i * width, (i + 1) * width))),
              outputs(kind, hash, whole),
            );
          }),
          { numRuns: 50 },
        );
      });
    });
  }

  describe("refuses", () => {
    const arena = new HashArena(4096);
    const tile = arena.tile(2, "keccak");
    const invariant = /invariant broken/;

    it("more than was reserved", () => {
      assert.throws(() => arena.bytes(4096), invariant);
      assert.throws(() => tile.hash(3), invariant);
    });
    it("a message that does not leave a byte for the padding", () => {
      assert.throws(() => tile.setLength(BLOCK_BYTES), invariant);
      assert.throws(() => tile.setLengthOf(2, 1), invariant);
      assert.throws(() => tile.placeEverywhere(BLOCK_BYTES - 1, Uint8Array.of(1)), invariant);
    });
    it("a column of another memory, or one that is too short", () => {
      assert.throws(() => tile.placeBytes(0, 8, new Uint8Array(16), 2), invariant);
      assert.throws(() => tile.placeBytes(0, 8, arena.bytes(15), 2), invariant);
      assert.throws(() => tile.placeNumbers(0, 8, arena.numbers(1), 2), invariant);
      assert.throws(() => tile.placeNumbers(0, 9, arena.numbers(2), 2), invariant);
      assert.throws(() => tile.placeBytes(0, 8, arena.bytes(16), 2, 9), invariant);
    });
    it("a pick beyond its table, or picks of another memory", () => {
      const arena = new HashArena(4096);
      const tile = arena.tile(2, "keccak");
      const [table, picks] = [arena.bytes(32), arena.shorts(2)];
      const rows = { table, stride: 16, picks };
      picks[1] = 1;
      tile.placePicked(0, 16, rows, 2);
      assert.throws(() => tile.placePicked(0, 16, { ...rows, stride: 17 }, 2), invariant);
      const elsewhere = { ...rows, picks: new Uint16Array(2) };
      assert.throws(() => tile.placePicked(0, 16, elsewhere, 2), invariant);
      picks[1] = 2;
      assert.throws(() => tile.placePicked(0, 16, rows, 2), invariant);
    });
    it("a text that leaves its message, ends before it begins, or lies elsewhere", () => {
      const arena = new HashArena(4096);
      const tile = arena.tile(2, "keccak");
      const [texts, ends] = [arena.bytes(300), arena.words(2)];
      const room = BLOCK_BYTES - 1 - 34;
      ends.set([room, 2 * room]);
      tile.placeTexts(34, texts, ends, 2);
      assert.throws(() => tile.placeTexts(35, texts, ends, 2), invariant);
      assert.throws(() => tile.placeTexts(34, new Uint8Array(300), ends, 2), invariant);
      assert.throws(() => tile.placeTexts(34, texts.subarray(0, room), ends, 2), invariant);
      ends.set([5, 4]);
      assert.throws(() => tile.placeTexts(34, texts, ends, 2), invariant);
    });
  });
});
