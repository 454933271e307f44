import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AggregateFolder, START } from "./aggregate-folder.ts";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
describe("tallystick aggregate", function () {
  this.timeout(120_000);
  let folder: AggregateFolder;
  const at = (name: string) => folder.at(name);
  const aggregate = (...args: string[]) => folder.run(...args);
  const records = () => folder.records();

  beforeEach(() => {
    folder = new AggregateFolder("count");
  });
  afterEach(() => folder.remove());

  function writeEvents(name: string, minutes: number, lamps: number): string {
    const lines = ["device,time,sequence"];
    for (let minute = 0; minute < minutes; minute++) {
      for (let lamp = 0; lamp < lamps; lamp++) {
        lines.push(`lamp-${lamp},${START + minute * 60_000 + lamp},${minute}`);
      }
    }
    writeFileSync(at(name), `${lines.join("\n")}\n`);
    return at(name);
  }

  it("makes few charges of many events, and takes a file in once", async () => {
    const file = writeEvents("a.csv", 120, 5);
    const first = await aggregate(file, "--policy", at("policy.json"), "--close");
    assert.equal(first.exitCode, 0);
    const { charges, eventsCharged, windowsClosed } = first.last?.summary ?? {};
    assert.deepEqual([charges, eventsCharged, windowsClosed], [10, 600, 2]);
    assert.deepEqual(
      records().map(({ units }) => units),
      new Array(10).fill(60),
    );
    const again = await aggregate(file, "--close");
    assert.equal(again.lines[0]?.file?.events, 0);
    assert.equal(records().length, 10);
  });

  it("shows of one event that it is in a charge, and of another that it is not", async () => {
    await aggregate(writeEvents("a.csv", 60, 2), "--policy", at("policy.json"), "--close");
    const [record] = records();
    const prove = (sequence: string) =>
      aggregate(
        ...["--prove", record.id, "--device", "lamp-0", "--time", "2026-10-01T00:07:00Z"],
        ...["--sequence", sequence, "--out", at("proof.json")],
      );
    const present = await prove("7");
    assert.equal(present.exitCode, 0);
    assert.ok(present.last?.proof?.present);
    const absent = await prove("8");
    assert.equal(absent.exitCode, 1);
    assert.ok(absent.last?.proof?.absent);
    const unknown = await aggregate("--prove", "x", "--device", "d", "--time", "1");
    assert.equal(unknown.last?.error?.code, "events.unknown-record");
  });

  it("loses nothing and takes nothing twice when it is killed again and again", async () => {
    const file = writeEvents("big.csv", 600, 300);
    await aggregate(file, "--policy", at("policy.json"), "--close");
    const expected = records();
    rmSync(at("events"), { recursive: true });
    const own = ["aggregate", file, "--into", at("events"), "--policy", at("policy.json")];
    const args = [MAIN, ...own, "--threads", "2"];
    const filesIn = (name: string) => {
      const path = join(at("events"), name);
      return existsSync(path) ? readdirSync(path).length : 0;
    };
    for (const [moment, hasCome] of Object.entries({
      "events are appended": () => filesIn("open") > 0,
      "the first checkpoint": () => existsSync(join(at("events"), "checkpoint.json")),
      "a closing begins": () => filesIn("staged") > 0,
      "one is written": () => filesIn("closed") > 1,
      "some are handed out": () => filesIn("out") > 4,
    })) {
      const child = spawn(process.execPath, args, { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("close", resolve));
      while (!hasCome() && child.exitCode === null) await pause(1);
      child.kill("SIGKILL");
      await ended;
      assert.equal(child.signalCode, "SIGKILL", moment);
    }
    const last = await aggregate(file, "--policy", at("policy.json"), "--close");
    assert.equal(last.exitCode, 0);
    assert.deepEqual(records(), expected);
    assert.equal(
      records().reduce((sum, { units }) => sum + units, 0),
      600 * 300,
    );
  });

  it("refuses a wrong call, and a policy that is none, with its place", async () => {
    const file = writeEvents("a.csv", 1, 1);
    assert.equal((await aggregate(file)).exitCode, 2);
    writeFileSync(at("policy.json"), JSON.stringify({ ...folder.policy, window: "year" }));
    const wrong = await aggregate(file, "--policy", at("policy.json"));
    assert.equal(wrong.exitCode, 3);
    assert.equal(wrong.last?.error?.code, "policy.wrong");
    assert.equal((await aggregate("--prove", "x")).exitCode, 2);
  });

  it("keeps finished charges while the node is away", async () => {
    const file = writeEvents("a.csv", 60, 2);
    const away = ["--forward", "--node", "http://127.0.0.1:9"];
    process.env.TALLYSTICK_TOKEN = "nobody";
    try {
      const result = await aggregate(file, "--policy", at("policy.json"), "--close", ...away);
      assert.match(result.errors, /1 files wait; nothing is lost/);
    } finally {
      delete process.env.TALLYSTICK_TOKEN;
    }
    assert.equal(records().length, 2);
  });
});
