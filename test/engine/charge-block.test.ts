import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockOwners, packedOwner } from "../../node/engine/number/block-owners.ts";
import { ChargeBlock } from "../../node/engine/number/charge-block.ts";
import { ValueRoom } from "../../node/engine/number/value-room.ts";
import { encodeInto, readBytes } from "../../node/engine/store/stored-bytes.ts";

const text = fc.string({ unit: "binary", maxLength: 300 }).map((one) => one.toWellFormed());
const owner = fc.record({ account: text, epoch: text, device: text }, { noNullPrototype: true });

describe("a block of charges", () => {
  it("gives back its owners, whatever their texts and in whatever order they are asked for", () => {
    const property = fc.property(fc.array(owner, { maxLength: 20 }), (owners) => {
      const packed = BlockOwners.of(owners);
      const read = new BlockOwners(Uint8Array.from(packed.bytes), packed.count);
      for (let at = owners.length - 1; at >= 0; at--) assert.deepEqual(read.at(at), owners[at]);
      assert.deepEqual([...read], owners);
    });
    fc.assert(property);
  });

  it("is read from the middle of other bytes as it was written", () => {
    const source = { file: new Uint8Array(16).fill(7), role: 1 as const };
    const block = ChargeBlock.empty(3, source);
    block.ids = new TextEncoder().encode("abbccc");
    block.middle.idEnd.set([1, 3, 6]);
    block.wide.amountNano.set([1n, 2n ** 64n - 1n, 3n]);
    block.narrow.owner.set([0, 1, 0]);
    for (const account of ["anna", "bert"]) {
      block.owners.push(packedOwner({ account, epoch: "2026-10", device: "+49" }));
    }
    block.table.texts[2] = "alphanumeric";
    const room = new ValueRoom();
    room.take(13);
    const parts = block.encode();
    const length = parts.reduce((sum, part) => sum + part.length, 8);
    const value = encodeInto(room.take(length), parts);
    const read = ChargeBlock.decode(value.subarray(8));
    for (const one of [read, ChargeBlock.decode(readBytes("k", value))]) {
      assert.deepEqual([one.id(0), one.id(1), one.id(2)], ["a", "bb", "ccc"]);
      assert.deepEqual([...one.wide.amountNano], [1n, 2n ** 64n - 1n, 3n]);
      assert.equal(one.owner(1).account, "bert");
      assert.equal(one.owner(2).account, "anna");
      assert.deepEqual(one.table, { texts: { 2: "alphanumeric" } });
      assert.deepEqual(one.source, source);
    }
  });

  it("takes other memory where there is no more of the kind that values are written from", () => {
    const room = new ValueRoom();
    room.take(100);
    // More than is set aside; nobody touches it.
    const values = [600_000_000, 8, 600_000_000].map((bytes) => room.take(bytes));
    assert.deepEqual(
      values.map(({ length, byteOffset }) => [length, byteOffset % 8]),
      [600_000_000, 8, 600_000_000].map((bytes) => [bytes, 0]),
    );
    assert.ok(values.every(({ buffer }) => buffer instanceof SharedArrayBuffer));
    room.startAnew();
    assert.deepEqual(
      [room.take(8), room.take(8)].map(({ byteOffset }) => byteOffset),
      [0, 8],
    );
  });

  it("takes the same memory for every unit of work", () => {
    const room = new ValueRoom();
    const unit = () => [800_000, 700_000, 3_000_000, 5].map((bytes) => room.take(bytes));
    const first = unit();
    const ends = first.map(({ byteOffset, length }) => byteOffset + length);
    for (const [at, one] of first.entries()) {
      for (const other of first.slice(at + 1)) {
        const isApart = other.buffer !== one.buffer || other.byteOffset >= (ends[at] as number);
        assert.ok(isApart, "pieces do not overlap");
      }
    }
    room.startAnew();
    const second = unit();
    for (const value of first) value.fill(1);
    for (const value of second) assert.ok(value.every((byte) => byte === 1));
    // Behind each other from the memory's beginning on, as they are written.
    assert.deepEqual(
      second.map(({ byteOffset, buffer }) => [byteOffset, buffer]),
      [0, 800_000, 1_500_000, 4_500_000].map((at) => [at, second[0]?.buffer]),
    );
    assert.ok(second.every(({ buffer }) => buffer instanceof SharedArrayBuffer));
  });
});
