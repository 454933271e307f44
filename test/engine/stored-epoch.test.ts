import assert from "node:assert/strict";
import fc from "fast-check";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import {
  encodeEpoch,
  layOwned,
  ownedWords,
  packEpoch,
  settlePlaces,
  unpackEpoch,
} from "../../node/engine/number/stored-epoch.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { readOwnedRows } from "../../node/engine/store/read-charges.ts";
import { sealWords } from "../../node/engine/store/stored-bytes.ts";
import { encodeJson, getJson, readJson } from "../../node/engine/store/stored-json.ts";
import type { EpochState } from "../../node/engine/store/stored-types.ts";
import { ANNA, CHARGES, calls, EngineScene, hasCode } from "./engine-scene.ts";

const KEY = `epoch/anna/2026-10/${CHARGES}`;
const hex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes): Hex => toHex(bytes));
const wide = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
const state: fc.Arbitrary<EpochState> = fc
  .record({
    epochKey: hex(32),
    disputeAddress: hex(20),
    blind: hex(32),
    pseudonym: hex(32),
    lastChargeNumber: fc.maxSafeNat().map(String),
    runningTotalNano: wide.map(String),
    taxNano: wide.map(String),
    places: fc.array(fc.tuple(fc.nat(2 ** 48 - 1), fc.nat(511)), { maxLength: 20 }),
  })
  .map(({ taxNano, places, ...rest }) => ({
    ...rest,
    ...(taxNano === "0" ? {} : { taxNano }),
    ...(places.length === 0 ? {} : { places: places.flat() }),
  }));

describe("a subscriber's packed state", () => {
  it("is read as the same state in JSON", () => {
    const property = fc.property(state, (given) => {
      assert.deepEqual(readJson(KEY, encodeEpoch(packEpoch(given))), given);
      assert.deepEqual(readJson(KEY, encodeJson(given)), given);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it("gets positions for its newest places, and keeps the others", () => {
    const firsts = [2 ** 40 + 7, 513];
    const newest = fc.array(fc.tuple(fc.nat(1), fc.nat(511)), { maxLength: 5 });
    const property = fc.property(state, newest, (given, added) => {
      const before = given.places ?? [];
      const value = encodeEpoch(packEpoch({ ...given, places: [...before, ...added.flat()] }));
      assert.equal(settlePlaces(value, added.length, firsts), before.length / 2 + added.length);
      const placed = added.flatMap(([block, row]) => [firsts[block] as number, row]);
      assert.deepEqual(unpackEpoch(KEY, value).places, [...before, ...placed]);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("is refused with any byte changed", () => {
    const [given] = fc.sample(state, 1) as [EpochState];
    const value = encodeEpoch(packEpoch(given));
    for (const at of [0, 3, 4, 8, 100, value.length - 1]) {
      const damaged = Uint8Array.from(value);
      damaged[at] = (damaged[at] as number) ^ 4;
      assert.throws(() => unpackEpoch(KEY, damaged), hasCode("store.value-damaged"));
    }
  });

  it("has its many places packed in a value of their own, which is read as the same in JSON", () => {
    const key = `owned/anna/2026-10/${CHARGES}/0000000000000001`;
    const many = fc.array(fc.tuple(fc.nat(2 ** 48 - 1), fc.nat(511)), {
      minLength: 1,
      maxLength: 40,
    });
    const property = fc.property(many, (pairs) => {
      const places = pairs.flat();
      const words = new Uint32Array(ownedWords(places.length));
      layOwned(words, 0, places, places.length);
      const value = sealWords(words, new Uint8Array(words.buffer), 0, words.byteLength);
      assert.deepEqual(readJson(key, value), places);
      assert.deepEqual(readJson(key, encodeJson(places)), places);
      value[value.length - 1] = (value[value.length - 1] as number) ^ 1;
      assert.throws(() => readJson(key, value), hasCode("store.value-damaged"));
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("hands its places on when they are many, and every charge is found by its number", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 5 });
    const numbers = async () => {
      const found: string[] = [];
      for await (const { charge } of readOwnedRows(scene.store, "anna", "2026-10", CHARGES)) {
        found.push(charge.opened.account.chargeNumber);
      }
      return found;
    };
    let expected = 0;
    for (const [file, count] of [3, 40, 1, 12, 5, 7].entries()) {
      const records = calls(`f${file}-`, count, { aParty: ANNA, bParty: `+4930${file}` });
      await scene.ingest(`f${file}`, records);
      expected += count;
      assert.deepEqual(
        await numbers(),
        Array.from({ length: expected }, (_, at) => String(at + 1)),
      );
    }
    const held = await getJson<EpochState>(scene.store, keys.epoch("anna", "2026-10", CHARGES));
    assert.ok((held?.places?.length ?? 0) <= 32, "few places stand with the state");
    assert.ok((await scene.values(`owned/anna/2026-10/${CHARGES}/`)).length > 0);
    await scene.assertConsistent();
  });
});
