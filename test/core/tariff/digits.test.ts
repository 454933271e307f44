import assert from "node:assert/strict";
import fc from "fast-check";
import {
  packDigits,
  rangeOfDecidingDigits,
  rangeOfPrefix,
  splitDecidingDigits,
  unpackDigits,
} from "../../../node/core/tariff/digits.ts";
import { intervalsOfPrefixes } from "../../../node/core/tariff/intervals.ts";

/** Few digits, so that prefixes and numbers meet often. */
const digit = fc.constantFrom("0", "1", "4", "9", "*", "#");
const digits = (maxLength: number) => fc.array(digit, { maxLength }).map((list) => list.join(""));
const prefixes = fc
  .uniqueArray(digits(5), { minLength: 1, maxLength: 12 })
  .chain((list) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: list.length, maxLength: list.length })
      .map((zones) => list.map((prefix, i) => ({ prefix, zone: zones[i]! }))),
  );

/** The obvious way: try every prefix and keep the longest. */
function longestPrefixZone(entries: { prefix: string; zone: number }[], number: string) {
  const matching = entries.filter(({ prefix }) => number.startsWith(prefix));
  return matching.sort((a, b) => b.prefix.length - a.prefix.length)[0]?.zone;
}

describe("packed digits", () => {
  it("are left-aligned binary coded decimal with filler F", () => {
    assert.equal(packDigits("4917"), 0x4917_ffff_ffff_ffffn);
    assert.equal(packDigits("*100#"), 0xa100_bfff_ffff_ffffn);
    assert.equal(packDigits(""), 0xffff_ffff_ffff_ffffn);
    assert.deepEqual(rangeOfPrefix("49"), {
      low: 0x4900_0000_0000_0000n,
      high: 0x49ff_ffff_ffff_ffffn,
    });
  });

  it("come back as they went in", () => {
    fc.assert(
      fc.property(digits(16), (number) => {
        assert.equal(unpackDigits(packDigits(number)), number);
      }),
    );
  });

  it("refuse letters, seventeen digits, holes and nibbles that are no digit", () => {
    assert.throws(() => packDigits("49a"), { code: "digits.not-digits" });
    assert.throws(() => packDigits("+49"), { code: "digits.not-digits" });
    assert.throws(() => packDigits("1".repeat(17)), { code: "digits.too-long" });
    assert.throws(() => unpackDigits(0x49f1_ffff_ffff_ffffn), { code: "digits.malformed" });
    assert.throws(() => unpackDigits(0x49cf_ffff_ffff_ffffn), { code: "digits.malformed" });
  });
});

describe("intervals of prefixes", () => {
  it("give a number to its longest prefix, also when the number ends early", () => {
    const intervals = intervalsOfPrefixes([
      { prefix: "49", zone: 1 },
      { prefix: "4917", zone: 2 },
    ]);
    assert.deepEqual(intervals, [
      { low: 0x4900_0000_0000_0000n, high: 0x4916_ffff_ffff_ffffn, zone: 1 },
      { low: 0x4917_0000_0000_0000n, high: 0x4917_ffff_ffff_ffffn, zone: 2 },
      { low: 0x4918_0000_0000_0000n, high: 0x49ff_ffff_ffff_ffffn, zone: 1 },
    ]);
  });

  it("join neighbours of one zone", () => {
    const intervals = intervalsOfPrefixes([
      { prefix: "4916", zone: 2 },
      { prefix: "4915", zone: 2 },
      { prefix: "4915123", zone: 2 },
    ]);
    assert.deepEqual(intervals, [
      { low: 0x4915_0000_0000_0000n, high: 0x4916_ffff_ffff_ffffn, zone: 2 },
    ]);
  });

  it("say the same as a scan for the longest prefix", () => {
    fc.assert(
      fc.property(prefixes, digits(8), (entries, number) => {
        const packed = packDigits(number);
        const found = intervalsOfPrefixes(entries).filter(
          ({ low, high }) => low <= packed && packed <= high,
        );
        assert.ok(found.length <= 1);
        assert.equal(found[0]?.zone, longestPrefixZone(entries, number));
      }),
      { numRuns: 1000 },
    );
  });

  it("are ascending and never overlap", () => {
    fc.assert(
      fc.property(prefixes, (entries) => {
        let end = -1n;
        for (const { low, high } of intervalsOfPrefixes(entries)) {
          assert.ok(end < low && low <= high);
          end = high;
        }
      }),
    );
  });
});

describe("deciding digits", () => {
  const germany = intervalsOfPrefixes([
    { prefix: "49", zone: 1 },
    { prefix: "4917", zone: 2 },
  ]);

  it("are the shortest leading part that decides", () => {
    assert.deepEqual(splitDecidingDigits("493023125", germany[2]!), {
      deciding: packDigits("493"),
      rest: packDigits("023125"),
      wholeNumber: false,
    });
    assert.equal(splitDecidingDigits("491712345", germany[1]!).deciding, packDigits("4917"));
  });

  it("are the whole number when longer numbers go elsewhere", () => {
    assert.deepEqual(splitDecidingDigits("491", germany[2]!), {
      deciding: packDigits("491"),
      rest: packDigits(""),
      wholeNumber: true,
    });
  });

  it("are none where the number does not matter", () => {
    const anywhere = { low: 0n, high: 2n ** 64n - 1n };
    assert.deepEqual(splitDecidingDigits("4917", anywhere), {
      deciding: packDigits(""),
      rest: packDigits("4917"),
      wholeNumber: false,
    });
  });

  it("and the rest are the number, no digit twice", () => {
    fc.assert(
      fc.property(prefixes, digits(16), (entries, number) => {
        const packed = packDigits(number.slice(0, 16));
        const row = intervalsOfPrefixes(entries).find(
          ({ low, high }) => low <= packed && packed <= high,
        );
        if (row === undefined) return;
        const { deciding, rest } = splitDecidingDigits(number, row);
        assert.equal(unpackDigits(deciding) + unpackDigits(rest), number);
      }),
      { numRuns: 500 },
    );
  });

  it("decide the row for every number that begins so, and nothing shorter does", () => {
    fc.assert(
      fc.property(prefixes, digits(8), digits(8), (entries, number, tail) => {
        const rows = intervalsOfPrefixes(entries);
        const rowOf = (text: string) =>
          rows.find((row) => row.low <= packDigits(text) && packDigits(text) <= row.high);
        const row = rowOf(number);
        if (row === undefined) return;
        const { deciding, wholeNumber } = splitDecidingDigits(number, row);
        const range = rangeOfDecidingDigits(deciding, wholeNumber);
        assert.ok(row.low <= range.low && range.high <= row.high);
        if (wholeNumber) return;
        const leading = unpackDigits(deciding);
        assert.equal(rowOf(leading + tail), row);
        if (leading === "") return;
        const shorter = rangeOfPrefix(leading.slice(0, -1));
        assert.ok(shorter.low < row.low || shorter.high > row.high);
      }),
      { numRuns: 1000 },
    );
  });
});
