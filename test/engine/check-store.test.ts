import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { checkStore } from "../../node/engine/check/check-store.ts";
import { BlockOwners } from "../../node/engine/number/block-owners.ts";
import { ChargeBlock } from "../../node/engine/number/charge-block.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { encodeBytes, readBytes } from "../../node/engine/store/stored-bytes.ts";
import { encodeJson, readJson } from "../../node/engine/store/stored-json.ts";
import type { StoredBatch } from "../../node/engine/store/stored-types.ts";
import { BERT, CHARGES, calls, EngineScene, hasCode, INVOICES } from "./engine-scene.ts";

/** A billed month of two accounts, one late charge still pending, and the ledger that has it. */
async function billed(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts({ batchChargesMax: 4 });
  await scene.ingest("anna", calls("a", 5));
  await scene.ingest("bert", calls("b", 2, { aParty: BERT }));
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  await scene.pipeline.bill("2026-10");
  await scene.commit();
  await scene.ingest("late", calls("late", 1, { bParty: "+4930777" }));
  return scene;
}

async function contentsOf(store: Store): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for await (const { key, value } of store.scan({ from: "", to: "\u{10ffff}" })) {
    contents.set(key, Uint8Array.from(value));
  }
  return contents;
}

describe("the check of the store", () => {
  let scene: EngineScene;
  let contents: Map<string, Uint8Array>;
  before(async () => {
    scene = await billed();
    contents = await contentsOf(scene.store);
  });

  const codesWith = async (changed: Map<string, Uint8Array>) => {
    const check = await checkStore(new MemoryStore(changed), scene.ledger);
    return [...new Set(check.problems.map(({ code }) => code))];
  };

  /** What is found when a field was changed by somebody who writes valid values. */
  const codesAfter = async (key: string, change: (value: Record<string, never>) => object) => {
    const value = readJson<Record<string, never>>(key, contents.get(key) as Uint8Array);
    return codesWith(new Map(contents).set(key, encodeJson(change(value))));
  };

  /** The same of a block of charges. */
  const codesAfterBlock = async (key: string, change: (block: ChargeBlock) => unknown) => {
    const block = ChargeBlock.decode(readBytes(key, contents.get(key) as Uint8Array));
    change(block);
    return codesWith(new Map(contents).set(key, encodeBytes(...block.encode())));
  };

  const codesAfterDamage = (key: string) => {
    const value = Uint8Array.from(contents.get(key) as Uint8Array);
    value[0] = (value[0] as number) ^ 1;
    return codesWith(new Map(contents).set(key, value));
  };

  const first = (prefix: string): string => {
    const key = [...contents.keys()].find((one) => one.startsWith(prefix));
    return key ?? assert.fail(`nothing under ${prefix}`);
  };

  it("finds nothing wrong with what the engine wrote, and counts it", async () => {
    const check = await checkStore(scene.store, scene.ledger);
    assert.deepEqual(check.problems, []);
    assert.deepEqual([check.batches, check.charges, check.onLedger, check.waiting], [7, 7, 7, 0]);
  });

  it("finds any flipped bit of any value that the engine stored", async () => {
    const keys = [...contents.keys()].filter((key) => !key.startsWith("outbox/"));
    const flip = fc.record({
      key: fc.constantFrom(...keys),
      at: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
    });
    const property = fc.asyncProperty(flip, async ({ key, at, bit }) => {
      const value = Uint8Array.from(contents.get(key) as Uint8Array);
      const place = at % value.length;
      value[place] = (value[place] as number) ^ (1 << bit);
      const check = await checkStore(
        new MemoryStore(new Map(contents).set(key, value)),
        scene.ledger,
      );
      const found = check.problems.find(({ code }) => code === "fsck.value-damaged");
      assert.ok(found?.message.includes(key));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("makes a damaged value an error where it is read, never a wrong amount", async () => {
    const key = first(`rows/${CHARGES}/`);
    const value = Uint8Array.from(contents.get(key) as Uint8Array);
    value[20] = (value[20] as number) ^ 1;
    await scene.store.write([{ type: "put", key, value }]);
    await assert.rejects(
      scene.pipeline.evidence("anna", "2026-10"),
      hasCode("store.value-damaged"),
    );
    const whole = contents.get(key) as Uint8Array;
    await scene.store.write([{ type: "put", key, value: whole }]);
  });

  it("finds a charge whose amount was changed", async () => {
    const codes = await codesAfterBlock(first(`rows/${CHARGES}/`), ({ wide }) => {
      wide.amountNano[0] = 1n;
    });
    assert.ok(codes.includes("fsck.charge-changed"));
    assert.ok(codes.includes("fsck.sum-root"));
    assert.ok(codes.includes("fsck.charge-numbers"));
  });

  it("finds a charge that was given to another record, device or account", async () => {
    const at = first(`rows/${CHARGES}/`);
    for (const change of [
      (block: ChargeBlock) => {
        block.ids = new TextEncoder().encode(block.id(0).replace("a", "b") + block.id(1));
      },
      (block: ChargeBlock) => {
        const owners = [...block.owners].map((owner) => ({ ...owner, device: BERT }));
        block.owners = BlockOwners.of(owners);
      },
      (block: ChargeBlock) => {
        const owners = [...block.owners].map((owner) => ({ ...owner, account: "bert" }));
        block.owners = BlockOwners.of(owners);
      },
    ]) {
      const codes = await codesAfterBlock(at, change);
      assert.ok(codes.includes("fsck.charge-changed"), String(change));
    }
  });

  it("finds a charge, a batch or an invoice that is gone", async () => {
    for (const [prefix, code] of [
      [`rows/${CHARGES}/`, "fsck.charge-missing"],
      [`leaves/${CHARGES}/`, "fsck.leaves-missing"],
      [`levels/${CHARGES}/`, "fsck.levels"],
      [`batch/${CHARGES}/`, "fsck.batch-missing"],
      ["invoice/anna/", "fsck.invoice-missing"],
    ] as const) {
      const changed = new Map(contents);
      changed.delete(first(prefix));
      assert.ok((await codesWith(changed)).includes(code), code);
    }
  });

  it("finds a batch whose parts do not belong together", async () => {
    const at = first(`batch/${CHARGES}/`);
    const other = `0x${"11".repeat(32)}`;
    for (const [change, code] of [
      [{ root: other }, "fsck.root"],
      [{ totals: other }, "fsck.totals"],
      [{ commitment: other }, "fsck.commitment"],
      [{ commitment: other }, "fsck.other-on-ledger"],
      [{ blockTime: "7" }, "fsck.other-on-ledger"],
      [{ sequence: "2" }, "fsck.batch-number"],
    ] as const) {
      const codes = await codesAfter(at, (batch) => ({ ...batch, ...change }));
      assert.ok(codes.includes(code), `${code} in ${codes}`);
    }
  });

  it("finds a batch whose running totals do not follow from those before", async () => {
    const at = first(`batch/${CHARGES}/`);
    for (const field of ["sumNano", "count"]) {
      const codes = await codesAfter(at, (batch) => {
        const { opened } = batch as unknown as StoredBatch;
        const runningTotals = { ...opened.runningTotals, [field]: "1" };
        return { ...batch, opened: { ...opened, runningTotals } };
      });
      assert.deepEqual(codes, ["fsck.totals", "fsck.running-totals"], field);
    }
  });

  it("finds an invoice whose document was changed", async () => {
    const key = "invoice/anna/2026-10";
    const payload = readBytes(key, contents.get(key) as Uint8Array);
    const changed = encodeBytes(payload, new TextEncoder().encode(" "));
    const codes = await codesWith(new Map(contents).set(key, changed));
    assert.deepEqual(codes, ["fsck.invoice-changed"]);
  });

  it("finds a book and a subscriber whose totals do not follow", async () => {
    const sum = await codesAfter(`book/${CHARGES}`, (book) => ({ ...book, runningSumNano: "1" }));
    assert.deepEqual(sum, ["fsck.book-totals"]);
    const numbers = await codesAfter(`epoch/anna/2026-10/${CHARGES}`, (epoch) => ({
      ...epoch,
      lastChargeNumber: "9",
    }));
    assert.deepEqual(numbers, ["fsck.charge-numbers"]);
    const places = await codesAfter(`epoch/anna/2026-10/${CHARGES}`, (epoch) => ({
      ...epoch,
      places: (epoch.places as unknown as number[]).slice(2),
    }));
    assert.deepEqual(places, ["fsck.charge-numbers"]);
    // A charge that waits for its batch is in no root yet; its digest tells.
    const pending = [...contents.keys()].filter((key) => key.startsWith(`rows/${CHARGES}/`)).at(-1);
    for (const change of [
      ({ middle }: ChargeBlock) => middle.chargeNumber.fill(7),
      ({ wide }: ChargeBlock) => wide.runningTotalNano.fill(7n),
    ]) {
      const codes = await codesAfterBlock(pending as string, change);
      assert.deepEqual(codes, ["fsck.leaf-changed", "fsck.charge-numbers"]);
    }
  });

  /** Problems after one byte of a value without JSON was changed by somebody who keeps its checksum. */
  const problemsAfterByte = async (key: string, at: (length: number) => number) => {
    const payload = readBytes(key, contents.get(key) as Uint8Array);
    const place = at(payload.length);
    payload[place] = (payload[place] as number) ^ 1;
    const changed = new Map(contents).set(key, encodeBytes(payload));
    return (await checkStore(new MemoryStore(changed), scene.ledger)).problems;
  };

  it("says of a leaf tile which digest, amount or start is not its row's", async () => {
    const key = first(`leaves/${CHARGES}/`);
    const [digest, root] = await problemsAfterByte(key, () => 33);
    assert.equal(digest?.code, "fsck.leaf-changed");
    assert.match(digest?.message ?? "", /charge 1 .*the charge is right/);
    assert.deepEqual([digest?.sequence, digest?.book], ["1", CHARGES]);
    assert.equal(root?.code, "fsck.root");
    // Digests of 32 bytes, amounts of 16, starts of 8: the last of each.
    for (const at of [(length: number) => length - 1, (length: number) => (48 * length) / 56 - 9]) {
      const [found, ...more] = await problemsAfterByte(key, at);
      assert.equal(found?.code, "fsck.leaf-tile");
      assert.match(found?.message ?? "", /position \d+ /);
      assert.deepEqual(more, []);
    }
  });

  it("finds a node of a tree, and a record that the index does not know", async () => {
    const big = await EngineScene.withAccounts();
    await big.ingest("many", calls("m", 100));
    await big.commit();
    const stored = await contentsOf(big.store);
    for (const [prefix, code, words] of [
      [`levels/${CHARGES}/`, "fsck.levels", /levels/],
      ["seen/", "fsck.seen", /position \d+ /],
    ] as const) {
      const key = [...stored.keys()].find((one) => one.startsWith(prefix)) ?? assert.fail(prefix);
      const payload = readBytes(key, stored.get(key) as Uint8Array);
      payload[2] = (payload[2] as number) ^ 1;
      const changed = new Map(stored).set(key, encodeBytes(payload));
      const { problems } = await checkStore(new MemoryStore(changed), big.ledger);
      assert.deepEqual(
        [problems.map((one) => one.code), words.test(problems[0]?.message ?? "")],
        [[code], true],
      );
    }
    assert.deepEqual((await checkStore(big.store, big.ledger)).problems, []);
  });

  it("finds a head that does not stand where rows and batches end", async () => {
    const key = `book/${CHARGES}`;
    for (const change of [
      (book: Record<string, string>) => ({ ...book, pendingFirst: "7" }),
      (book: Record<string, string>) => ({ ...book, pendingNext: "8" }),
      (book: Record<string, string>) => ({ ...book, pendingNext: "10" }),
      (book: Record<string, string>) => ({
        ...book,
        lastSequence: String(Number(book.lastSequence) - 1),
      }),
    ]) {
      const codes = await codesAfter(key, change as never);
      assert.ok(codes.includes("fsck.book-head"), String(change));
    }
    const place = first(`batch-end/${CHARGES}/`);
    for (const change of [{ sequence: "2" }, { first: "2" }]) {
      const codes = await codesAfter(place, (value) => ({ ...value, ...change }));
      assert.deepEqual(codes, ["fsck.batch-place"]);
    }
    const gone = new Map(contents);
    gone.delete(place);
    assert.ok((await codesWith(gone)).includes("fsck.batch-place"));
  });

  it("says which rows of which batch a damaged value holds, and how far it is", async () => {
    for (const [space, words] of [
      ["rows", /: the rows 1 to 5\.$/],
      ["leaves", /: leaf digests of rows 1 to 5\.$/],
    ] as const) {
      const key = first(`${space}/${CHARGES}/`);
      const value = Uint8Array.from(contents.get(key) as Uint8Array);
      value[20] = (value[20] as number) ^ 1;
      const changed = new MemoryStore(new Map(contents).set(key, value));
      const { problems } = await checkStore(changed, scene.ledger);
      const told = problems.find(({ code }) => code === "fsck.value-damaged");
      assert.deepEqual([told?.book, told?.sequence], [CHARGES, "1"]);
      assert.match(told?.message ?? "", words);
    }
    const stages = new Map<string, number>();
    await checkStore(scene.store, scene.ledger, ({ stage, done, of }) => {
      assert.ok(of === undefined || done <= of);
      stages.set(stage, done);
    });
    assert.deepEqual([...stages.keys()], ["rows", "numbers", "totals", "records seen"]);
  });

  it("says nothing of a store that another version of the program wrote", async () => {
    const changed = new Map(contents).set("node/store-format", encodeJson(5));
    const other = checkStore(new MemoryStore(changed), scene.ledger);
    await assert.rejects(other, hasCode("store.other-format"));
    assert.deepEqual(await codesAfterDamage("node/store-format"), ["fsck.value-damaged"]);
  });

  it("finds that the store lost its end, which only the ledger knows", async () => {
    const whole = await billed();
    const before = new MemoryStore(await contentsOf(whole.store));
    assert.deepEqual((await checkStore(before, whole.ledger)).problems, []);
    await whole.commit();
    const alone = await checkStore(before);
    assert.deepEqual(alone.problems, []);
    const { problems } = await checkStore(before, whole.ledger);
    assert.ok(problems.some(({ book }) => book === CHARGES));
    assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["fsck.store-behind"]);
  });

  it("finds a ledger that does not have a batch", async () => {
    const emptier = await EngineScene.open();
    const check = await checkStore(scene.store, emptier.ledger);
    assert.ok(check.problems.every(({ code }) => code === "fsck.not-on-ledger"));
    assert.equal(check.problems.length, 7);
    assert.ok(check.problems.some(({ book }) => book === INVOICES));
  });
});
