import assert from "node:assert/strict";
import { ClosingThreads } from "../../node/adapters/closing-threads.ts";
import { fromHex } from "../../node/core/bytes.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import {
  type ClosingFacts,
  type OpenClosingKernel,
  openPlainClosingKernel,
} from "../../node/engine/bill/closing-kernel.ts";
import { joinBytes } from "../../node/engine/bill/joined-bytes.ts";
import { leafOfStoredCharge } from "../../node/engine/number/number-charge.ts";
import { NEWEST_PLACES_MAX } from "../../node/engine/number/stored-epoch.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { readLeafDigests } from "../../node/engine/store/read-charges.ts";
import type { StoreEntry } from "../../node/engine/store/store.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { CHARGES, call, EngineScene, hasCode, seconds } from "../engine/engine-scene.ts";
import { type DueCharge, dueOf, plainClose } from "../engine/plain-close.ts";
import { CLOSING } from "../engine/plan-scene.ts";

const OCTOBER = "2026-10";
const END = Date.parse("2026-11-01T00:00:00Z");
const COUNT = 60;
/** More than 64 bits of nano-units hold. */
const WHALE = { name: "Whale", commitment: "30000000000" };
const TARIFFS = new TariffShelf([
  {
    version: 1,
    validFromSeconds: seconds("2026-01-01T00:00:00Z"),
    document: { ...CLOSING, plans: [...(CLOSING.plans ?? []), WHALE] } as TariffDocument,
  },
]);

const deviceOf = (at: number) => `+4915200000${100 + at}`;

/** With and without plan, use, pool, tax and years of waiting for a first charge. */
function accountsOf(random: Seeded) {
  return Array.from({ length: COUNT }, (_, at) => ({
    id: `a-${at}`,
    label: "One",
    devices: [{ id: deviceOf(at) }],
    ...random.pick([
      { plan: "Family" },
      { plan: "Family", pool: "a-0" },
      { plan: "Work", taxExempt: true },
      { plans: [{ plan: "Work", from: "2026-10-03T00:00:00Z", to: "2026-10-20T00:00:00Z" }] },
      {},
    ]),
    ...(at === 31 ? { plan: "Whale", plans: undefined, pool: undefined } : {}),
  }));
}

type Accounts = ReturnType<typeof accountsOf>;

async function closedMonth(
  seed: number,
  openClosingKernel: OpenClosingKernel,
  billUnitAccounts: number,
): Promise<{ scene: EngineScene; accounts: Accounts }> {
  const random = new Seeded(seed);
  const accounts = accountsOf(random);
  const scene = await EngineScene.open({ tariffs: TARIFFS, openClosingKernel, billUnitAccounts });
  await scene.pipeline.putAccounts(accounts);
  const use = Array.from({ length: 150 }, (_, at) =>
    call(`r${at}`, {
      aParty: deviceOf(random.below(COUNT - 10)),
      start: new Date(
        Date.parse("2026-10-01T00:00:00Z") + random.below(4 * 86_400_000),
      ).toISOString(),
      durationSeconds: random.below(900),
    }),
  );
  // As many places as stand with a state: the closing's own make them a value apart.
  const last = Array.from({ length: NEWEST_PLACES_MAX }, (_, at) =>
    call(`last-${at}`, { aParty: deviceOf(COUNT - 1), start: `2026-10-04T10:00:${10 + at}.000Z` }),
  );
  await scene.ingest("october", [...use, ...last]);
  scene.at("2026-11-01T06:00:00Z");
  await scene.commit();
  return { scene, accounts };
}

const threads =
  (count: number): OpenClosingKernel =>
  (facts: ClosingFacts) =>
    new ClosingThreads(facts, count);

/** The accounts are closed, and the bill waits until that is committed. */
const close = (scene: EngineScene) =>
  assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.charges-pending"));

/** Every stored digest is the one that is computed from the opened charge alone. */
async function assertLeaves(scene: EngineScene): Promise<void> {
  const charges = await scene.charges();
  const digests = await readLeafDigests(scene.store, CHARGES, 1n, charges.length);
  for (const [at, charge] of charges.entries()) {
    const leaf = leafOfStoredCharge(fromHex(CHARGES, 20), charge);
    assert.deepEqual(digests.subarray(32 * at, 32 * at + 32), leaf, charge.recordId);
  }
}

async function contentsOf({ store }: EngineScene): Promise<string[]> {
  const contents: string[] = [];
  for await (const { key, value } of store.scan({ from: "", to: "~" }) as AsyncIterable<StoreEntry>)
    contents.push(`${key} ${Buffer.from(value).toString("base64")}`);
  return contents;
}

const byNumber = (a: DueCharge, b: DueCharge): number =>
  a.account === b.account ? Number(a.number) - Number(b.number) : a.account < b.account ? -1 : 1;

describe("closing accounts in threads", () => {
  it("makes due what one account after the other gives, however many there are", async () => {
    let wanted: string[] | undefined;
    for (const [open, unit] of [
      [openPlainClosingKernel, COUNT],
      [openPlainClosingKernel, 7],
      [threads(1), 7],
      [threads(2), 7],
    ] as const) {
      const { scene, accounts } = await closedMonth(1, open, unit);
      const before = (await scene.charges()).length;
      const plain = await plainClose(scene, accounts, OCTOBER, END);
      await close(scene);
      const due = (await scene.charges()).slice(before).map(dueOf);
      // An account beyond 64 bits is closed behind the others of its unit.
      assert.deepEqual(due.sort(byNumber), plain.charges.sort(byNumber));
      assert.ok(new Set(due.map(({ kind }) => kind)).size >= 3 && due.length > COUNT);
      assert.ok(due.some(({ amountNano }) => BigInt(amountNano) >> 64n > 0n));
      const credits = await scene.values<{ account: string; lines: never[] }>("closing-credits/");
      const told = credits.flatMap(({ value: { account, lines } }) =>
        lines.map(({ name, amountNano }) => ({ account, name, nano: amountNano })),
      );
      assert.deepEqual(told, plain.credits);
      assert.ok(told.length > 0);
      if (unit === 7) {
        const contents = await contentsOf(scene);
        wanted ??= contents;
        assert.deepEqual(contents, wanted);
      }
      await assertLeaves(scene);
      await scene.commit();
      await scene.assertConsistent();
    }
  });

  it("keeps every counter that late use moves between reading an account and writing it", async () => {
    let scene: EngineScene | undefined;
    let late = 0;
    const between: OpenClosingKernel = (facts) => {
      const plain = openPlainClosingKernel(facts);
      return {
        ...plain,
        async closeAccounts(task) {
          const closed = await plain.closeAccounts(task);
          const lines = task.ids
            .filter((_, at) => at % 2 === 0)
            .map((id) =>
              call(`late-${late++}`, {
                aParty: deviceOf(Number(id.slice(2))),
                start: new Date(END - 3_600_000 - 1000 * late).toISOString(),
              }),
            );
          await scene?.ingest(`late-${late}`, lines);
          return closed;
        },
      };
    };
    const month = await closedMonth(3, between, 7);
    scene = month.scene;
    const charged = (await scene.charges()).length;
    await close(scene);
    assert.ok(late >= COUNT / 2 && late < COUNT);
    const all = (await scene.charges()).map(dueOf);
    const isLate = ({ recordId }: { recordId: string }) => recordId.startsWith("late-");
    assert.equal(all.filter(isLate).length, late);
    assert.ok(all.filter(isLate).every(({ epoch }) => epoch === "2026-11"));
    assert.ok(all.length > charged + late + COUNT);
    // The same use after the closing leaves the same counters, each account marked as there.
    const other = await closedMonth(3, openPlainClosingKernel, 7);
    await close(other.scene);
    const lines = all
      .filter(isLate)
      .map(({ recordId, device, start }) =>
        call(recordId, { aParty: device, start: new Date(Number(start)).toISOString() }),
      );
    await other.scene.ingest("late", lines);
    const counters = await scene.values<Record<string, string>>("rating/");
    assert.deepEqual(counters, await other.scene.values("rating/"));
    const october = Date.parse("2026-10-01T00:00:00Z");
    for (const account of month.accounts) {
      if (!("plan" in account || "plans" in account)) continue;
      const own = counters.find(({ key }) => key === `rating/${account.id}/${october}`);
      assert.equal(own?.value[JSON.stringify(["active", account.id])], "1", account.id);
    }
    await scene.commit();
    await scene.assertConsistent();
  });

  it("says that a thread ended, whatever it ended of", async () => {
    const kernel = new ClosingThreads(
      { domain: CHARGES, role: 1, tariffs: [{ version: 1, document: CLOSING }], accounts: 1 },
      1,
    );
    const none = () => joinBytes([]);
    const task = {
      epoch: OCTOBER,
      period: { from: 0, to: END },
      version: 1,
      monthKey: new Uint8Array(32),
      ids: ["a"],
      accounts: none(),
      quantities: none(),
      states: none(),
      fresh: new Uint8Array(),
    };
    try {
      await assert.rejects(kernel.closeAccounts(task), hasCode("bill.thread-failed"));
    } finally {
      await kernel.end();
    }
  });
});
