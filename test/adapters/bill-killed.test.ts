import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { stepBill } from "../../node/engine/bill/run-bill.ts";
import { below, keys } from "../../node/engine/store/key-spaces.ts";
import { encodeJson } from "../../node/engine/store/stored-json.ts";
import { benchContext, benchOperator } from "../../scripts/bench/in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH, writeMonth } from "../../scripts/bench/month-books.ts";
import { writePlans } from "../../scripts/bench/month-plans.ts";

const CHILD = fileURLToPath(new URL("./bill-child.ts", import.meta.url));
const SUBSCRIBERS = 60;
const CHARGES_EACH = 20;
/** Three stretches of rows, twelve buckets, and a part of the leaves. */
const UNIT = 100;

/** All that a store holds, as text. */
async function contentsOf(directory: string): Promise<string[]> {
  const store = await LevelStore.open(directory);
  const contents: string[] = [];
  for await (const { key, value } of store.scan({ from: "", to: "~" })) {
    contents.push(`${key} ${Buffer.from(value).toString("base64")}`);
  }
  await store.close();
  return contents;
}

/** @returns the steps that were told before the end, or before the kill after step `killAfter` */
async function bill(
  directory: string,
  killAfter = Number.POSITIVE_INFINITY,
  args = [String(UNIT)],
): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, directory, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const steps: string[] = [];
  for await (const step of createInterface({ input: child.stdout })) {
    steps.push(step);
    // The next steps are being computed in the threads, and perhaps one is being written.
    if (steps.length === killAfter) child.kill("SIGKILL");
  }
  const [code] = await ended;
  if (killAfter === Number.POSITIVE_INFINITY) assert.equal(code, 0);
  return steps;
}

describe("a bill run whose process is killed", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-bill-"));
    const store = await LevelStore.open(join(folder, "month"));
    const { context } = await benchOperator(store, 0);
    await writeMonth(context, SUBSCRIBERS, CHARGES_EACH);
    await store.close();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const copy = async (name: string): Promise<string> => {
    const directory = join(folder, name);
    await cp(join(folder, "month"), directory, { recursive: true });
    return directory;
  };

  it("leaves the same store as one that nobody disturbed, wherever it is killed", async function () {
    this.timeout(240_000);
    const whole = await copy("whole");
    const steps = await bill(whole);
    const phases = new Set(steps.map((step) => step.split(" ")[0]));
    assert.deepEqual([...phases], ["gather", "compose", "append", "done"]);
    const wanted = await contentsOf(whole);
    assert.equal(wanted.filter((line) => line.startsWith("invoice/")).length, SUBSCRIBERS);
    // Each change of phase, and some steps between.
    const kills = [1, 3, 9, steps.length - 1];
    for (const killAfter of kills) {
      const directory = await copy(`killed-${killAfter}`);
      const before = await bill(directory, killAfter);
      assert.ok(before.length >= killAfter && before.length <= steps.length, `${before}`);
      await bill(directory);
      assert.deepEqual(await contentsOf(directory), wanted, `killed after ${killAfter} steps`);
      await rm(directory, { recursive: true });
    }
  });

  it("makes each account's due once, wherever its closing is killed", async function () {
    this.timeout(240_000);
    const plans = await copy("plans");
    const store = await LevelStore.open(plans);
    const { context } = await benchOperator(store, 0);
    await writePlans(context);
    // Drawn at random where it is missing, and then no two runs are the same.
    const month = keys.monthKey(context.profile.agreement.chargeBook, MONTH);
    const value = encodeJson(`0x${"5a".repeat(32)}`);
    await store.write([{ type: "put", key: month, value }]);
    await store.close();
    const close = async (name: string, killAfter?: number) => {
      const directory = join(folder, name);
      await cp(plans, directory, { recursive: true });
      const steps = await bill(directory, killAfter, ["7", "plans"]);
      if (killAfter !== undefined) await bill(directory, undefined, ["7", "plans"]);
      return { steps, contents: await contentsOf(directory) };
    };
    const whole = await close("closed");
    assert.equal(whole.steps.filter((step) => step.startsWith("charges")).length, 11);
    assert.equal(whole.contents.filter((line) => line.startsWith("closing/")).length, 1);
    const { steps, contents } = await close("closing-killed", 4);
    assert.ok(steps.length < whole.steps.length, `${steps}`);
    assert.deepEqual(contents, whole.contents);
  });

  it("leaves what one step after the other in a single thread leaves", async () => {
    const directory = await copy("plain");
    const store = await LevelStore.open(directory);
    const bench = benchContext(store);
    const profile = { ...bench.profile, billUnitCharges: UNIT };
    const context = { ...bench, profile, time: { seconds: async () => AFTER_MONTH_SECONDS } };
    while ((await stepBill(context, MONTH)) === undefined);
    const plain: string[] = [];
    for await (const { key } of store.scan({ ...below("bill-lines/"), keysOnly: true })) {
      plain.push(key);
    }
    await store.close();
    assert.deepEqual(plain, []);
    const inThreads = await copy("threads");
    await bill(inThreads);
    assert.deepEqual(await contentsOf(directory), await contentsOf(inThreads));
  });
});
