import assert from "node:assert/strict";
import { KnownPlaces } from "../../node/adapters/known-places.ts";

const place = (offset: number) => ({ file: 1, offset, length: 2_000 });

describe("places of values that are known", () => {
  it("are those that were learned, the newest ones", () => {
    const places = new KnownPlaces(2);
    for (const [at, key] of ["a", "b", "c"].entries()) {
      assert.equal(places.of(key), undefined);
      places.learn(key, places.ask(key), place(at));
    }
    assert.deepEqual(
      ["a", "b", "c"].map((key) => places.of(key)?.offset),
      [undefined, 1, 2],
    );
  });

  it("are not learned where the value is not in the log", () => {
    const places = new KnownPlaces();
    places.learn("a", places.ask("a"), undefined);
    assert.equal(places.of("a"), undefined);
  });

  it("are forgotten with what is written, also while somebody asks for them", () => {
    const places = new KnownPlaces();
    const [before, during] = [places.ask("a"), places.ask("b")];
    places.learn("a", before, place(1));
    places.forget([{ key: "a" }, { key: "b" }]);
    places.learn("b", during, place(2));
    assert.deepEqual(
      ["a", "b"].map((key) => places.of(key)),
      [undefined, undefined],
    );
    const [older, newer] = [places.ask("c"), places.ask("c")];
    places.learn("c", newer, place(4));
    places.learn("c", older, place(3));
    assert.deepEqual(places.of("c"), place(4));
    const moved = places.ask("d");
    places.forgetAll();
    places.learn("d", moved, place(5));
    assert.deepEqual(
      ["c", "d"].map((key) => places.of(key)),
      [undefined, undefined],
    );
  });
});
