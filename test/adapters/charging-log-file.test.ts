import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  cp,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  truncate,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ChargingLogFile } from "../../node/adapters/charging-log-file.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { ChargingNode, recoverState } from "../../node/engine/charging/charging-node.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";

const PRICERS = pricersOf(PREPAID_TARIFF);
const refusedWith = (code: string) => (error: unknown) =>
  error instanceof TallystickError && error.code === code;

describe("charging log on disk", function () {
  this.timeout(240_000);

  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-charging-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const opened = async (options = {}) => {
    const log = await ChargingLogFile.open(directory, options);
    const node = await ChargingNode.open({ log, pricers: PRICERS, now: () => START });
    return { log, node };
  };
  const pay = (node: ChargingNode, reference: string, amountNano = 1_000_000_000n) =>
    node.pay({ account: "anna", reference, amountNano });
  /** Leaves the files as a killed process does: nothing is cut, the room laid out ahead stays. */
  const abandoned = async (work: (node: ChargingNode) => Promise<void>): Promise<void> => {
    const { log, node } = await opened();
    await work(node);
    const names = await readdir(directory);
    const kept = await Promise.all(
      names
        .filter((name) => name.endsWith(".wal"))
        .map(async (name) => {
          const file = await open(join(directory, name));
          const bytes = await file.readFile();
          await file.close();
          return { name, bytes };
        }),
    );
    await log.close();
    for (const { name, bytes } of kept) {
      const file = await open(join(directory, name), "w");
      await file.writeFile(bytes);
      await file.close();
    }
  };
  const newest = async (): Promise<string> => {
    const logs = (await readdir(directory)).filter((name) => name.endsWith(".wal")).sort();
    return join(directory, logs.at(-1) ?? "");
  };
  /** Where the newest log's last group ends. */
  const endOf = async (file: string): Promise<number> => {
    const handle = await open(file);
    const bytes = await handle.readFile();
    await handle.close();
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return end;
  };

  it("keeps sessions and payments from opening to opening", async () => {
    const first = await opened();
    await pay(first.node, "a");
    const granted = await first.node.answer({
      kind: "reserve",
      session: "s",
      request: 0,
      account: "anna",
      use: CALL,
      requested: { durationSeconds: 60 },
    });
    await first.node.close();
    const second = await opened();
    assert.equal(second.node.account("anna").reservedNano, 300_000_000n);
    const repeated = await second.node.answer({
      kind: "reserve",
      session: "s",
      request: 0,
      account: "anna",
      use: CALL,
      requested: { durationSeconds: 60 },
    });
    assert.deepEqual(repeated, granted);
    await second.node.close();
  });

  it("refuses a second process, and a second opening, while one has it", async () => {
    const { node } = await opened();
    await assert.rejects(ChargingLogFile.open(directory), refusedWith("store.locked"));
    await node.close();
    await (await opened()).node.close();
  });

  it("drops a torn end, whole, and goes on", async () => {
    for (const torn of ["cut", "garbled", "more"]) {
      await rm(directory, { recursive: true, force: true });
      await abandoned(async (node) => {
        await pay(node, "a");
        await pay(node, "b");
        await pay(node, "c");
      });
      const file = await newest();
      const end = await endOf(file);
      if (torn === "cut") await truncate(file, end - 3);
      if (torn === "more") {
        await truncate(file, end);
        await appendFile(file, Buffer.from("TSCL and then some more that is no group"));
      }
      if (torn === "garbled") {
        const handle = await open(file, "r+");
        await handle.write(Buffer.from([0xff]), 0, 1, end - 5);
        await handle.close();
      }
      const { node } = await opened();
      const expected = torn === "more" ? 3n : 2n;
      assert.equal(node.account("anna").toppedUpNano, expected * 1_000_000_000n, torn);
      await pay(node, "c");
      await node.close();
      const again = await opened();
      assert.equal(again.node.account("anna").toppedUpNano, 3_000_000_000n, torn);
      await again.node.close();
    }
  });

  it("refuses a log that is damaged before its end, or lacks a file", async () => {
    await abandoned(async (node) => {
      await pay(node, "a");
      await pay(node, "b");
    });
    const file = await newest();
    const handle = await open(file, "r+");
    await handle.write(Buffer.from([0xff]), 0, 1, 40);
    await handle.close();
    await assert.rejects(opened(), refusedWith("charging.log-damaged"));
    const { size } = await stat(file);
    assert.ok(size > 40, "nothing was cut off");
    await rm(directory, { recursive: true, force: true });
    for (const reference of ["a", "b", "c"]) {
      const { node } = await opened();
      await pay(node, reference);
      await node.close();
    }
    await rm(join(directory, "log-00000002.wal"));
    await assert.rejects(opened(), refusedWith("charging.log-damaged"));
  });

  it("compacts while requests go on, to the same state, and deletes what it replaced", async () => {
    const { log, node } = await opened();
    for (let i = 0; i < 200; i++) await pay(node, `a${i}`);
    let isDone = false;
    const compacting = node.compact().then(() => {
      isDone = true;
    });
    let count = 200;
    while (!isDone) await pay(node, `a${count++}`);
    await compacting;
    for (let i = 0; i < 5; i++) await pay(node, `b${i}`);
    const before = structuredClone(node.account("anna"));
    await node.close();
    const names = (await readdir(directory)).filter((name) => name !== "lock").sort();
    assert.deepEqual(names, ["log-00000002.wal", "snapshot-00000002.jsonl"]);
    const again = await opened();
    assert.deepEqual(again.node.account("anna"), before);
    await again.node.compact();
    await again.node.close();
    const third = await opened();
    assert.deepEqual(third.node.account("anna"), before);
    assert.ok(!log.wantsSnapshot);
    await third.node.close();
  });

  it("refuses a snapshot that is cut", async () => {
    const { node } = await opened();
    await pay(node, "a");
    await node.compact();
    await node.close();
    const snapshot = join(directory, "snapshot-00000002.jsonl");
    await truncate(snapshot, (await stat(snapshot)).size - 20);
    await assert.rejects(opened(), refusedWith("charging.snapshot-unusable"));
  });

  describe("where what it writes to was taken away meanwhile", () => {
    const away = () => `${directory}-away`;
    afterEach(() => rm(away(), { recursive: true, force: true }));

    const takenAway: [how: string, take: () => Promise<void>][] = [
      ["its folder removed", () => rm(directory, { recursive: true })],
      ["its folder moved", () => rename(directory, away())],
      [
        "a copy put in the place of its folder",
        async () => {
          await rename(directory, away());
          await cp(away(), directory, { recursive: true });
        },
      ],
      ["its file removed", async () => rm(await newest())],
    ];
    for (const [how, take] of takenAway) {
      it(`answers nothing any more: ${how}`, async () => {
        const { log, node } = await opened();
        await pay(node, "a");
        await log.requireWritable();
        await take();
        await assert.rejects(log.requireWritable(), refusedWith("store.removed"));
        await assert.rejects(pay(node, "b"), refusedWith("store.removed"));
        await assert.rejects(pay(node, "c"), refusedWith("store.removed"));
        await assert.rejects(log.requireWritable(), refusedWith("store.removed"));
        await log.close();
      });
    }

    it("has what was answered, once it was put back", async () => {
      const { log, node } = await opened();
      await pay(node, "a");
      await rename(directory, away());
      await assert.rejects(pay(node, "b"), refusedWith("store.removed"));
      await log.close();
      await rename(away(), directory);
      const again = await opened();
      // Refused and perhaps written all the same: asked again, it counts once.
      await pay(again.node, "b");
      assert.equal(again.node.account("anna").balanceNano, 2_000_000_000n);
      await again.log.close();
    });

    it("leaves the log alone that was put in its place, and makes no snapshot of it", async () => {
      const { log, node } = await opened();
      await pay(node, "a");
      await takenAway[2]?.[1]();
      const before = await readdir(directory);
      await assert.rejects(log.compact(), refusedWith("store.removed"));
      assert.deepEqual(await readdir(directory), before);
      await log.close();
    });
  });

  it("loses nothing that was answered when its process is killed, again and again", async () => {
    const child = fileURLToPath(new URL("./charging-child.ts", import.meta.url));
    const answered = new Map<string, string>();
    for (let life = 0; life < 4; life++) {
      const running = spawn(process.execPath, [child, directory, String(life)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const killAfter = 20 + life * 35;
      let lines = 0;
      for await (const line of createInterface({ input: running.stdout })) {
        const [kind = "", key = "", answer = ""] = line.split("\t");
        if (kind === "again") assert.equal(answer, answered.get(key), `${key} in life ${life}`);
        else answered.set(key, answer);
        if (++lines === killAfter) running.kill("SIGKILL");
      }
      if (running.exitCode === null && running.signalCode === null) await once(running, "exit");
      assert.equal(running.signalCode, "SIGKILL");
    }
    const log = await ChargingLogFile.open(directory);
    const state = await recoverState(log.read());
    for (const [key, text] of answered) {
      const { session, request } = JSON.parse(text);
      const found = state.sessions.get(session)?.answers.find((one) => one.request === request);
      assert.equal(JSON.stringify(found?.answer), text, key);
    }
    assert.ok(answered.size > 100);
    await log.close();
  });
});
