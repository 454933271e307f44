import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { TallystickError } from "../../node/core/errors.ts";
import type { EvidenceShelf, NewFile } from "../../node/engine/evidence/evidence-shelf.ts";
import { GroupedPuts } from "../../node/engine/evidence/grouped-puts.ts";
import { hasCode } from "./engine-scene.ts";

const filesOf = (count: number, bytes = 2): NewFile[] =>
  Array.from({ length: count }, (_, at) => ({
    place: `${at}`,
    whole: new Uint8Array(bytes),
    chunks: () => assert.fail("it is whole"),
  }));

/** A shelf whose puts end when they are told to. */
function heldShelf() {
  const puts: { files: number; end: (failure?: Error) => void }[] = [];
  const put = (files: readonly NewFile[]) =>
    new Promise<number[]>((resolve, reject) => {
      const lengths = files.map(({ whole }) => whole?.length ?? 0);
      const end = (failure?: Error) => (failure === undefined ? resolve(lengths) : reject(failure));
      puts.push({ files: files.length, end });
    });
  return { puts, shelf: { put } as unknown as EvidenceShelf };
}

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let i = 0; i < 5; i++) await turn();
  return settled;
};

describe("putting evidence files in groups", () => {
  it("puts enough of them together, and who adds waits for none but the groups before", async () => {
    const { puts, shelf } = heldShelf();
    const grouped = new GroupedPuts(shelf);
    for (let i = 0; i < 3; i++) await grouped.add(filesOf(800));
    assert.deepEqual(
      puts.map(({ files }) => files),
      [2_400],
    );
    // Few, but large ones.
    const second = grouped.add(filesOf(2, 20_000_000));
    assert.equal(puts.length, 2);
    assert.equal(await isSettled(second), false);
    puts[0]?.end();
    await second;
    await grouped.add(filesOf(1));
    const ended = grouped.end();
    assert.equal(await isSettled(ended), false);
    assert.equal(puts.length, 3);
    for (const { end } of puts) end();
    await ended;
    await new GroupedPuts(shelf).end();
    assert.deepEqual(
      puts.map(({ files }) => files),
      [2_400, 2, 1],
    );
  });

  it("tells who adds and who ends that a group was not written, and puts no more of them", async () => {
    const { puts, shelf } = heldShelf();
    const grouped = new GroupedPuts(shelf);
    await grouped.add(filesOf(2_048));
    const waiting = grouped.add(filesOf(2_048));
    puts[0]?.end(new TallystickError("publish.not-written", "for the test"));
    await assert.rejects(waiting, hasCode("publish.not-written"));
    await assert.rejects(grouped.add(filesOf(1)), hasCode("publish.not-written"));
    const ended = grouped.end();
    assert.equal(await isSettled(ended), false);
    puts[1]?.end();
    await assert.rejects(ended, hasCode("publish.not-written"));
    assert.equal(puts.length, 2);
  });
});
