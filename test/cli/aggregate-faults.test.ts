import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCheckpoint, writeCheckpoint } from "../../node/adapters/checkpoint-file.ts";
import { AggregateFolder, type AggregateLine, START } from "./aggregate-folder.ts";
import { runCommand } from "./run-command.ts";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
describe("tallystick aggregate, when files and folders fail", function () {
  this.timeout(120_000);
  let folder: AggregateFolder;
  const at = (name: string) => folder.at(name);
  const aggregate = (...args: string[]) => folder.run("--policy", at("policy.json"), ...args);
  const records = (from?: string) => folder.records(from);

  beforeEach(() => {
    folder = new AggregateFolder("sum");
  });
  afterEach(() => folder.remove());

  const lines = (minutes: number, lamps = 3): string[] =>
    Array.from(
      { length: minutes * lamps },
      (_, i) =>
        `lamp-${i % lamps},${START + Math.floor(i / lamps) * 60_000},${Math.floor(i / lamps)},${100 + i}`,
    );
  const HEADER = "device,time,sequence,quantity\n";
  const total = (all: string[]) => all.reduce((sum, line) => sum + Number(line.split(",")[3]), 0);

  const units = () => records().reduce((sum, { units }) => sum + units, 0);

  it("leaves the line that a growing file ends in the middle of, and takes it when it is whole", async () => {
    const all = lines(60);
    const text = HEADER + all.join("\n");
    const file = at("grows.csv");
    // The last number is 279; its first digits are a number too.
    writeFileSync(file, text.slice(0, -2));
    const first = await aggregate(file);
    assert.deepEqual([first.lines[0]?.file?.events, first.lines[0]?.file?.unfinished], [179, true]);
    appendFileSync(file, `${text.slice(-2)}\n`);
    const second = await aggregate(file, "--close");
    assert.deepEqual(
      [second.lines[0]?.file?.events, second.lines[0]?.file?.unfinished],
      [1, false],
    );
    assert.equal(units(), total(all));
  });

  it("takes a last line without an end when every window is closed", async () => {
    const all = lines(2);
    writeFileSync(at("a.csv"), HEADER + all.join("\n"));
    assert.equal((await aggregate(at("a.csv"), "--close")).exitCode, 0);
    assert.equal(units(), total(all));
  });

  it("refuses a file that became shorter, and keeps what it had taken", async () => {
    const all = lines(60);
    const file = at("cut.csv");
    writeFileSync(file, `${HEADER}${all.join("\n")}\n`);
    assert.equal((await aggregate(file)).exitCode, 0);
    truncateSync(file, 1000);
    const cut = await aggregate(file, "--close");
    assert.equal(cut.exitCode, 3);
    assert.equal(cut.last?.error?.code, "events.file-shorter");
    assert.equal(cut.last?.error?.file, file);
    assert.equal((await aggregate("--close")).exitCode, 0);
    assert.equal(units(), total(all));
  });

  it("names a file or folder that can not be read or written", async () => {
    mkdirSync(at("folder.csv"));
    writeFileSync(at("a.csv"), `${HEADER}${lines(1).join("\n")}\n`);
    for (const file of [at("folder.csv"), at("none.csv"), join(at("a.csv"), "inside.csv")]) {
      const { exitCode, last } = await aggregate(file);
      assert.deepEqual(
        [exitCode, last?.error?.code, last?.error?.file],
        [3, "file.not-readable", file],
      );
    }
    const into = join(at("a.csv"), "events");
    const wrong = await runCommand([
      ...["aggregate", at("a.csv"), "--policy", at("policy.json")],
      ...["--into", into, "--json"],
    ]);
    const { error } = wrong.lines.at(-1) as unknown as AggregateLine;
    assert.deepEqual(
      [wrong.exitCode, error?.code, error?.file],
      [3, "events.folder-unusable", into],
    );
  });

  it("says that the disk is full, and goes on without a loss when there is room again", async () => {
    // Numbers that do not compress: the file of every window becomes longer than may be.
    const all = lines(600, 100).map((line, i) => `${line}${(i * 2_654_435_761) % 1_000_003}`);
    const file = at("big.csv");
    writeFileSync(file, `${HEADER}${all.join("\n")}\n`);
    // No file may become longer than 8 KiB: writing beyond ends as it does on a full disk.
    const limited = async (...args: string[]) => {
      const own = ["aggregate", "--into", at("events"), "--policy", at("policy.json"), "--json"];
      const shell = `ulimit -f 8; exec "$0" "$@"`;
      const child = spawn("bash", ["-c", shell, process.execPath, MAIN, ...own, ...args]);
      let out = "";
      child.stdout.on("data", (data) => {
        out += data;
      });
      const exitCode = await new Promise((resolve) => child.once("close", resolve));
      const { error } = JSON.parse(out.trim().split("\n").at(-1) ?? "{}");
      assert.deepEqual([exitCode, error?.code, error?.file], [3, "events.disk-full", at("events")]);
    };
    await limited(file);
    await limited(file, "--threads", "2");
    assert.equal((await aggregate(file)).lines[0]?.file?.events, all.length);
    // Full while the windows are closed.
    await limited("--close");
    await limited("--close", "--threads", "2");
    assert.equal((await aggregate("--close")).exitCode, 0);
    assert.equal(units(), total(all));
    assert.equal(records().length, 10 * 100);
  });

  it("does not refuse events because the clock was set back", async () => {
    const now = Date.now();
    const file = (name: string, time: number) => {
      writeFileSync(at(name), `${HEADER}lamp-1,${time},${time},5\n`);
      return at(name);
    };
    assert.equal((await aggregate(file("a.csv", now))).exitCode, 0);
    const checkpoint = readCheckpoint(at("events"));
    assert.ok(checkpoint !== undefined);
    // As if the clock had stood three days further when the folder was last used.
    checkpoint.clock = now + 3 * 86_400_000;
    writeCheckpoint(at("events"), checkpoint);
    const set = await aggregate(file("b.csv", now + 2.5 * 86_400_000));
    assert.equal(set.exitCode, 0);
    assert.match(set.errors, /clock is 259\d\d\d s behind/);
    const ahead = await aggregate(file("c.csv", now + 5 * 86_400_000));
    assert.equal(ahead.exitCode, 1);
  });

  it("makes the same charges of files that came twice, in pieces and out of order", async () => {
    const all = lines(180, 7);
    const whole = `${HEADER}${all.join("\n")}\n`;
    writeFileSync(at("clean.csv"), whole);
    assert.equal((await aggregate(at("clean.csv"), "--close")).exitCode, 0);
    const clean = records();
    rmSync(at("events"), { recursive: true });
    const names = Array.from({ length: 12 }, (_, i) => at(`part-${i}.csv`));
    for (const [i, name] of names.entries()) {
      const own = all.slice(i * 105, (i + 1) * 105);
      writeFileSync(name, `${HEADER}${own.join("\n")}\n`);
    }
    const [third = "", fourth = ""] = [names[3], names[4]];
    // Two come a second time under other names, and one in two pieces, with an overlap.
    writeFileSync(at("again-3.csv"), readFileSync(third));
    writeFileSync(at("again-4.csv"), readFileSync(fourth).toString().replace(/\n$/, ""));
    const fifth = readFileSync(names[5] as string, "utf8")
      .trim()
      .split("\n");
    writeFileSync(names[5] as string, `${fifth.slice(0, 60).join("\n")}\n`);
    writeFileSync(at("piece-5.csv"), `${[fifth[0], ...fifth.slice(40)].join("\n")}\n`);
    const turned = [...names].reverse();
    const more = ["again-3.csv", "again-4.csv", "piece-5.csv", "again-3.csv"].map(at);
    const result = await aggregate(...turned, ...more, "--close", "--threads", "2");
    assert.equal(result.exitCode, 0);
    assert.deepEqual(records(), clean);
    assert.equal(result.last?.summary?.duplicates, 105 + 105 + 20);
  });
});
