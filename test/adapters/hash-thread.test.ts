import assert from "node:assert/strict";
import { HashThread } from "../../node/adapters/hash-thread.ts";
import { packedOwner } from "../../node/engine/number/block-owners.ts";
import { ChargeBlock } from "../../node/engine/number/charge-block.ts";
import { type BlockSecrets, ChargeHasher } from "../../node/engine/number/hash-charges.ts";
import { CHARGES, calls, EngineScene } from "../engine/engine-scene.ts";

const DOMAIN = new Uint8Array(20).fill(5);
const filled = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7) & 0xff);

/** A block of made-up rows in every column, with texts and roots of events where a number says so. */
function made(count: number, seed: number): { block: ChargeBlock; secrets: BlockSecrets } {
  const block = ChargeBlock.empty(count, { file: filled(16, seed), role: 1 });
  const ids: string[] = [];
  let idEnd = 0;
  const monthOf = new Uint16Array(count);
  for (let row = 0; row < count; row++) {
    const number = row * 7 + seed;
    const id = `${seed}:${"x".repeat(number % 60)}${row}`;
    ids.push(id);
    idEnd += id.length;
    block.middle.idEnd[row] = idEnd;
    for (const column of Object.values(block.wide)) column[row] = BigInt(number) ** 5n;
    for (const name of ["chargeNumber", "length", "tariffVersion"] as const) {
      block.middle[name][row] = number * 1_001;
    }
    block.middle.visitedNetwork[row] = number * 17;
    block.narrow.owner[row] = row % 3;
    block.narrow.sessionMinutes[row] = number;
    for (const column of Object.values(block.small)) column[row] = number & 3;
    if (number % 11 === 0) {
      block.small.partyType[row] = 3;
      block.table.texts[row] = `party ${number}`;
    }
    monthOf[row] = number % 2;
  }
  if (seed % 2 === 1) block.table.eventsRoots = { [count - 1]: `0x${"4d".repeat(32)}` };
  block.ids = new TextEncoder().encode(ids.join(""));
  for (const account of ["anna", "bert", "cleo"]) {
    block.owners.push(packedOwner({ account, epoch: "2026-10", device: account }));
  }
  return {
    block,
    secrets: { owners: filled(240, seed), monthKeys: filled(64, seed + 1), monthOf },
  };
}

describe("hashing in a thread", () => {
  it("gives the digests that this thread gives, for many blocks at once", async () => {
    const thread = new HashThread(DOMAIN);
    const here = new ChargeHasher(DOMAIN);
    const counts = [512, 1, 64, 63, 300, 512, 512, 511, 65, 512, 400, 512];
    const asked = counts.map((count, seed) => {
      const { block, secrets } = made(count, seed);
      const leaves = thread.leavesOf(block, secrets);
      // Given memory may change once the call has returned.
      const expected = here.leavesOf(block, secrets);
      secrets.owners.fill(0);
      block.wide.amountNano.fill(0n);
      return { leaves, expected };
    });
    for (const { leaves, expected } of asked) assert.deepEqual(await leaves, expected);
    await thread.close();
  });

  it("refuses what it had when the thread ended, and hashes again afterwards", async () => {
    const thread = new HashThread(DOMAIN);
    const { block, secrets } = made(512, 1);
    const lost = Promise.resolve(thread.leavesOf(block, secrets));
    const refused = assert.rejects(lost);
    await thread.close();
    await refused;
    const expected = new ChargeHasher(DOMAIN).leavesOf(block, secrets);
    assert.deepEqual(await thread.leavesOf(block, secrets), expected);
    await thread.close();
  });

  it("gives nobody another block's digests when it died and began again", async () => {
    const program = new URL("./dying-hash-thread.ts", import.meta.url);
    const thread = new HashThread(DOMAIN, program);
    const here = new ChargeHasher(DOMAIN);
    const [deadly, next, last] = [made(511, 1), made(512, 2), made(512, 3)];
    await assert.rejects(async () => thread.leavesOf(deadly.block, deadly.secrets), /dies of it/);
    // The thread's error is told before its end: what is asked for in between is the next thread's.
    for (const { block, secrets } of [next, last]) {
      const expected = here.leavesOf(block, secrets);
      assert.deepEqual(await thread.leavesOf(block, secrets), expected);
    }
    await thread.close();
  });

  it("makes no row durable whose digest it does not have", async () => {
    let isBroken = true;
    const here: { hasher?: ChargeHasher } = {};
    const scene = await EngineScene.withAccounts({
      leafHasher: (domain) => ({
        leavesOf: (block, secrets) => {
          here.hasher ??= new ChargeHasher(domain);
          const leaves = here.hasher.leavesOf(block, secrets);
          return isBroken ? Promise.reject(new Error("ended")) : Promise.resolve(leaves);
        },
      }),
    });
    await assert.rejects(scene.ingest("file", calls("f", 5)), /ended/);
    assert.equal((await scene.charges()).length, 0);
    assert.equal((await scene.values(`leaves/${CHARGES}/`)).length, 0);
    isBroken = false;
    await scene.ingest("file", calls("f", 5));
    assert.equal((await scene.charges()).length, 5);
    await scene.settle();
    await scene.assertConsistent();
  });
});
