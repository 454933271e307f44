import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { startTallystick, tallystick } from "../cli/run-tallystick.ts";

const RECORDS = 120_000;

const MAIN = fileURLToPath(new URL("../../node/main.ts", import.meta.url));

describe("a real node on a real ledger", function () {
  this.timeout(180_000);
  let directory: string;
  let network: SampleNetwork;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-faults-"));
    network = await SampleNetwork.start({
      directory,
      ports: { ledger: 0, alder: 0, birch: 0 },
      say: () => {},
      progress: () => {},
    });
  });
  after(async () => {
    await network?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const command = (...args: string[]) =>
    tallystick([...args, "--data", directory, "--operator", "alder", "--json"]);
  const record = (id: string) => ({
    id,
    service: "voice",
    direction: "outgoing",
    start: "2026-10-05T12:00:00.000Z",
    durationSeconds: 1,
    aParty: `+49170${id}`,
    bParty: "+4930",
    billable: true,
  });
  const health = async () => {
    const response = await fetch(`${network.alder.url}/health`);
    // biome-ignore lint/suspicious/noExplicitAny: looked at field by field
    return { status: response.status, ...((await response.json()) as any) };
  };

  const untilHealth = async (disk: boolean) => {
    for (let look = 0; ; look++) {
      const found = await health().catch(() => undefined);
      if (found?.disk === disk) return found;
      assert.ok(look < 600, "the node is back");
      await pause(50);
    }
  };

  it("refuses a second process on its data: a node with 1, a command with 4, and goes on", async () => {
    const second = spawn(process.execPath, [MAIN, join(directory, "alder", "node.json")], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
    });
    let words = "";
    second.stderr.setEncoding("utf8").on("data", (text: string) => {
      words += text;
    });
    const [code] = await once(second, "close");
    assert.equal(code, 1);
    assert.match(words, /\[store\.locked\]/);

    // A command that does not find the running node works on its data, and is refused too.
    const serving = join(directory, "alder", "serving.json");
    await rename(serving, `${serving}.away`);
    const refused = await command("status");
    await rename(`${serving}.away`, serving);
    assert.deepEqual([refused.status, refused.lines[0].error.code], [4, "store.locked"]);
    assert.equal((await command("status")).status, 0);
  });

  it("says that its charging log was moved away, everywhere, until it is back", async () => {
    const log = join(directory, "alder", "charging");
    const token = (await readFile(join(directory, "alder", "operator.token"), "utf8")).trim();
    const figures = async () => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${network.alder.url}/metrics`, { headers })).text();
    };
    assert.equal((await health()).ready, true);
    await rename(log, `${log}.away`);
    try {
      // What was said before stands for a second.
      await pause(1_000);
      const { status, ready, store, charging, faults } = await health();
      assert.deepEqual([status, ready, store, charging], [503, false, true, false]);
      assert.deepEqual([faults.length, faults[0].code], [1, "store.removed"]);
      const told = await command("status");
      assert.deepEqual([told.status, told.lines[0].status.faults], [1, faults]);
      assert.match(await figures(), /tallystick_fault\{part="charging",code="store.removed"\} 1/);
    } finally {
      await rename(`${log}.away`, log);
    }
    await pause(1_000);
    assert.equal((await health()).ready, true);
    const told = await command("status");
    assert.deepEqual([told.status, told.lines[0].status.faults], [0, []]);
  });

  it("takes nothing in while its disk is nearly full, tells everybody, and goes on with room", async () => {
    const file = join(directory, "alder", "node.json");
    const config = JSON.parse(await readFile(file, "utf8"));
    const restart = async (diskReserveMegabytes: number) => {
      await writeFile(file, JSON.stringify({ ...config, diskReserveMegabytes }));
      process.kill(network.alder.pid, "SIGKILL");
    };
    const usage = join(directory, "usage.ndjson");
    await writeFile(usage, `${JSON.stringify(record("1"))}\n`);

    await restart(1_000_000);
    const { status, ready, ledger, store, faults } = await untilHealth(false);
    assert.deepEqual([status, ready, ledger, store], [503, false, true, true]);
    assert.deepEqual([faults.length, faults[0].code], [1, "disk.nearly-full"]);
    const refused = await command("ingest", usage);
    assert.deepEqual([refused.status, refused.lines[0].error.code], [4, "disk.nearly-full"]);
    const told = await command("status");
    assert.deepEqual([told.status, told.lines[0].status.disk.hasRoom], [1, false]);

    await restart(0);
    await untilHealth(true);
    assert.equal((await command("ingest", usage)).lines[0].file.in.records, 1);
    assert.equal((await command("fsck")).status, 0);
  });

  it("killed while it takes a file in, loses and doubles nothing of it when it is sent again", async () => {
    const before = (await command("totals")).lines[0].totals.in.records;
    const usage = join(directory, "many.ndjson");
    const lines = Array.from({ length: RECORDS }, (_, at) => JSON.stringify(record(`9${at}`)));
    await writeFile(usage, `${lines.join("\n")}\n`);
    const sending = startTallystick([
      ...["ingest", usage, "--data", directory, "--operator", "alder", "--json"],
    ]);
    const token = (await readFile(join(directory, "alder", "operator.token"), "utf8")).trim();
    const cameIn = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${network.alder.url}/v1/operator/totals`, { headers });
      const { totals } = (await answer.json()) as { totals: { in: { records: number } } };
      return totals.in.records;
    };
    // Some of it is durable, and the most of it is not.
    while ((await cameIn()) === before) await pause(2);
    process.kill(network.alder.pid, "SIGKILL");
    const { status, lines: told } = await sending.ended;
    assert.deepEqual([status, told.at(-1).error.code], [4, "node.unreachable"]);
    // The node is on its way back: a command waits for it, and does not take its data meanwhile.
    const again = await command("ingest", usage);
    assert.deepEqual([again.status, again.lines[0].file.in.records], [0, RECORDS]);
    const { totals } = (await command("totals")).lines[0];
    assert.equal(totals.in.records, before + RECORDS);
    assert.deepEqual([totals.balanced, totals.classes.duplicate.records], [true, 0]);
    // Nobody took its data from it while it started.
    assert.equal((await health()).ready, true);
  });
});
