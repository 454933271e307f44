import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import jsSha3 from "js-sha3";
import { toHex } from "../../../node/core/bytes.ts";
import { rootFromPath } from "../../../node/core/commitment/inclusion-tree.ts";
import { type CompiledTariff, compileTariff } from "../../../node/core/tariff/compile.ts";
import { tariffJsonSchema } from "../../../node/core/tariff/document.ts";
import {
  calendarRowDigest,
  encodeCalendarRow,
  encodeIntervalRow,
  encodePriceRow,
  intervalRowDigest,
  isLedgerProvable,
  priceRowDigest,
} from "../../../node/core/tariff/rows.ts";
import { buildTariffTree } from "../../../node/core/tariff/tariff-tree.ts";
import { PEAK_CALENDAR, PER_STARTED_MINUTE, tariffDocument } from "./tariff-fixture.ts";

const SAMPLES = ["alder-retail", "interconnect"].map((name) => ({
  name,
  document: JSON.parse(
    readFileSync(new URL(`../../../samples/tariffs/${name}.json`, import.meta.url), "utf8"),
  ),
}));

const keccak = (hex: string): string => `0x${jsSha3.keccak256(Buffer.from(hex, "hex"))}`;
const field = (value: bigint | number, bytes: number): string =>
  BigInt(value)
    .toString(16)
    .padStart(2 * bytes, "0");

describe("the rows of a tariff", () => {
  it("are the bytes of docs/PROTOCOL.md, section 8", () => {
    assert.equal(
      toHex(
        encodeIntervalRow({
          service: 1,
          direction: 1,
          low: 0x4900_0000_0000_0000n,
          high: 0x49ff_ffff_ffff_ffffn,
          zone: 7,
        }),
      ),
      "0x3001010149000000000000004" + "9ffffffffffffff00000007",
    );
    assert.equal(
      toHex(encodeCalendarRow({ from: 1_000, to: 61_000, band: 2 })),
      "0x340100000000000003e8000000000000ee480002",
    );
    const [row] = compileTariff(tariffDocument()).priceRows;
    const bytes = encodePriceRow(row!);
    assert.equal(bytes.length, 117);
    assert.equal(
      toHex(bytes),
      `0x3101${[
        [1, 4], // zone
        [0, 2], // area
        [0, 2], // origin
        [1, 2], // band
        [0, 1], // class
        [1, 1], // kind
        [1, 1], // provable
        [100_000_000, 16], // price
        [60_000, 8], // per
        [0, 16], // set-up
        [60_000, 4], // first
        [60_000, 4], // step
        [0, 16], // minimum
        [2n ** 128n - 1n, 16], // maximum
        [0, 8], // tier from
        [2n ** 64n - 1n, 8], // tier to
        [0, 1], // mode
        [9, 1], // scale
        [1, 4], // split
      ]
        .map(([value, width]) => field(value!, Number(width)))
        .join("")}`,
    );
  });

  it("say that the ledger can price them again only when it can", () => {
    const [row] = compileTariff(tariffDocument()).priceRows;
    assert.equal(row!.provable, true);
    for (const kind of [3, 4, 5]) assert.equal(isLedgerProvable({ ...row!, kind }), true);
    for (const change of [
      { kind: 2 },
      { kind: 6 },
      { kind: 7 },
      { kind: 0x11 },
      { area: 1 },
      { origin: 1 },
    ]) {
      assert.equal(isLedgerProvable({ ...row!, ...change }), false);
    }
  });

  it("have one price for each zone and band", () => {
    const tariff = compileTariff(
      tariffDocument({
        calendar: PEAK_CALENDAR,
        zones: [
          { name: "World", prefixes: [""] },
          { name: "Germany", prefixes: ["49"] },
        ],
        services: [
          {
            service: "voice",
            direction: "outgoing",
            zones: ["World", "Germany"],
            prices: [
              { ...PER_STARTED_MINUTE, zones: ["Germany"], bands: ["off-peak"] },
              { ...PER_STARTED_MINUTE, zones: ["Germany"], bands: ["peak"], split: 2 },
              { ...PER_STARTED_MINUTE, zones: ["World"] },
            ],
          },
        ],
      }),
    );
    assert.deepEqual(
      tariff.priceRows.map(({ zone, band, split }) => [zone, band, split]),
      [
        [1, 1, 1],
        [1, 2, 1],
        [2, 1, 2],
        [2, 2, 1],
      ],
    );
    assert.deepEqual(
      tariff.intervalRows.map(({ zone }) => zone),
      [1, 2, 1],
    );
  });
});

function isSorted<T>(items: T[], key: (item: T) => (number | bigint)[]): boolean {
  return items.every((item, i) => {
    if (i === 0) return true;
    const before = key(items[i - 1]!);
    const [a, b] = key(item)
      .map((part, k) => [before[k]!, part] as const)
      .find(([a, b]) => a !== b) ?? [0, 0];
    return a < b;
  });
}

for (const { name, document } of SAMPLES) {
  describe(`the sample tariff ${name}`, () => {
    let tariff: CompiledTariff;
    before(() => {
      tariff = compileTariff(document);
    });

    it("has its rows in the order of the protocol", () => {
      assert.ok(isSorted(tariff.intervalRows, (r) => [r.service, r.direction, r.low]));
      assert.ok(isSorted(tariff.calendarRows, (r) => [r.from]));
      assert.ok(isSorted(tariff.priceRows, (r) => [r.zone, r.area, r.origin, r.band]));
    });

    it("has a root that follows from its header, computed on another library", () => {
      const { header, root } = buildTariffTree(tariff);
      const hex = (bytes: Uint8Array): string => toHex(bytes).slice(2);
      const preimage =
        `3201${Buffer.from(document.currency).toString("hex")}` +
        field(header.depth, 1) +
        field(header.count, 4) +
        hex(header.rowsRoot) +
        hex(header.documentHash);
      assert.equal(toHex(root), keccak(preimage));
      assert.equal(
        2 ** header.depth >= header.count && 2 ** (header.depth - 1) < header.count,
        true,
      );
    });

    it("proves every kind of row by its place", () => {
      const tree = buildTariffTree(tariff);
      const { intervalRows, calendarRows, priceRows } = tariff;
      const places: [Uint8Array, number][] = [
        [intervalRowDigest(intervalRows[3]!), 3],
        [calendarRowDigest(calendarRows.at(-1)!), intervalRows.length + calendarRows.length - 1],
        [priceRowDigest(priceRows[0]!), intervalRows.length + calendarRows.length],
        [priceRowDigest(priceRows.at(-1)!), tree.header.count - 1],
      ];
      for (const [digest, place] of places) {
        assert.deepEqual(rootFromPath(digest, place, tree.path(place)), tree.header.rowsRoot);
      }
    });

    it("has another root when any of its words changes", () => {
      const changed = compileTariff({ ...document, name: "Other" });
      assert.notDeepEqual(buildTariffTree(changed).root, buildTariffTree(tariff).root);
    });
  });
}

describe("the JSON Schema of a tariff", () => {
  it("refuses unknown keys and names the required ones", () => {
    const schema = tariffJsonSchema() as { additionalProperties: boolean; required: string[] };
    assert.equal(schema.additionalProperties, false);
    for (const key of ["format", "currency", "timeZone", "validFrom", "rounding", "services"]) {
      assert.ok(schema.required.includes(key));
    }
  });
});
