import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/tallystick", import.meta.url));
const TARIFF = fileURLToPath(new URL("../../samples/tariffs/alder-retail.json", import.meta.url));
const MEMORY_MAX_KB = 150 * 1024;

/** `tallystick edge` as a process of its own, killed and started again on the same folder. */
class EdgeProcess {
  readonly folder: string;
  #child: ChildProcess | undefined;
  url = "";
  token = "";

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    // The launcher gives way to Node (exec), so the process is the node's own.
    const child = spawn(LAUNCHER, ["edge", join(this.folder, "edge.json"), "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        TALLYSTICK_LOG_LEVEL: "silent",
      },
    });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      this.url = JSON.parse(line).serving.url;
      break;
    }
    this.token = (await readFile(join(this.folder, "operator.token"), "utf8")).trim();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async memoryKb(): Promise<number> {
    const status = await readFile(`/proc/${this.#child?.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  async ask(method: string, path: string, body?: object): Promise<any> {
    const response = await fetch(`${this.url}/v1/charging${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  /** @returns what was charged, or why nothing was granted */
  async call(session: string, durationSeconds: number): Promise<string> {
    const use = {
      service: "voice",
      direction: "outgoing",
      aParty: "+4917139200071",
      bParty: "+442071234567",
    };
    const place = `/sessions/${session}/requests`;
    const requested = { durationSeconds };
    const body = { kind: "reserve", account: "anna", use, requested };
    const reserved = await this.ask("PUT", `${place}/0`, body);
    if (reserved.result !== "granted") return reserved.result ?? reserved.error.code;
    const commit = { kind: "commit", used: reserved.granted };
    return (await this.ask("PUT", `${place}/1`, commit)).charged;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds().catch(() => false)) return;
    await sleep(100);
  }
  assert.fail(`${what} did not happen`);
}

describe("an edge node and its centre, as processes", function () {
  this.timeout(120_000);

  let base: string;
  let centre: EdgeProcess;
  let edge: EdgeProcess;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-edge-"));
    centre = new EdgeProcess(join(base, "centre"));
    edge = new EdgeProcess(join(base, "edge"));
    const port = await freePort();
    const tariffs = [{ version: 1, validFrom: "1735686000", file: TARIFF }];
    const common = { data: ".", tariffs };
    const configs: [EdgeProcess, object][] = [
      [centre, { ...common, name: "centre", http: { port } }],
      [
        edge,
        {
          ...common,
          name: "edge-1",
          http: { port: 0 },
          centre: {
            url: `http://127.0.0.1:${port}`,
            tokenFile: "../centre/operator.token",
            everySeconds: 1,
          },
          slices: [{ account: "anna", amount: "2.00" }],
        },
      ],
    ];
    for (const [{ folder }, config] of configs) {
      await mkdir(folder);
      await writeFile(join(folder, "edge.json"), JSON.stringify(config));
    }
    await centre.start();
    await centre.ask("PUT", "/accounts/anna/payments/p1", { amount: "5.00" });
    await edge.start();
  });
  after(async () => {
    await edge?.kill();
    await centre?.kill();
    await rm(base, { recursive: true, force: true });
  });

  it("charges from its slice while it is cut off, is killed, and settles exactly once", async () => {
    const balance = async (process: EdgeProcess) =>
      (await process.ask("GET", "/accounts/anna")).balance;
    await until("the slice", async () => (await balance(edge)) === "2.00");
    assert.equal(await balance(centre), "3.00");
    assert.equal(await edge.call("e1", 60), "0.15");
    await until(
      "settled",
      async () => (await centre.ask("GET", "/accounts/anna")).spent === "0.15",
    );
    await until("filled up", async () => (await balance(edge)) === "2.00");

    await centre.kill();
    assert.equal(await edge.call("e2", 600), "1.50");
    await edge.kill();
    await edge.start();
    assert.equal(await balance(edge), "0.50");
    assert.equal(await edge.call("e2", 600), "1.50");
    assert.equal(await edge.call("e3", 180), "0.45");
    assert.equal(await edge.call("e4", 60), "credit-limit-reached");

    await centre.start();
    await until(
      "settled",
      async () => (await centre.ask("GET", "/accounts/anna")).spent === "2.10",
    );
    await edge.kill();
    await edge.start();
    await until("filled up", async () => (await balance(edge)) === "2.00");
    await sleep(1_500);
    const account = await centre.ask("GET", "/accounts/anna");
    assert.deepEqual([account.balance, account.reserved, account.spent], ["0.90", "2.00", "2.10"]);
    const { records } = await centre.ask("GET", "/records");
    assert.deepEqual(
      records.map(({ usage, charged }: { usage: { id: string }; charged: string }) => [
        usage.id,
        charged,
      ]),
      [
        ["e1", "0.15"],
        ["e2", "1.50"],
        ["e3", "0.45"],
      ],
    );
  });

  it("takes a new version of the tariff from its centre, and keeps it while that is away", async () => {
    const file = join(base, "second.json");
    const text = await readFile(TARIFF, "utf8");
    await writeFile(file, text.replaceAll('"amount": "0.15"', '"amount": "0.01"'));
    const place = join(centre.folder, "edge.json");
    const config = JSON.parse(await readFile(place, "utf8"));
    const validFrom = String(Math.floor(Date.now() / 1000));
    config.tariffs.push({ version: 2, validFrom, file });
    await writeFile(place, JSON.stringify(config));
    await centre.kill();
    await centre.start();
    let tries = 0;
    await until("the version", async () => (await edge.call(`v${tries++}`, 1)) === "0.01");
    await centre.kill();
    await edge.kill();
    await edge.start();
    assert.equal(await edge.call("after", 60), "0.01");
    const status = await edge.ask("GET", "/edge");
    assert.deepEqual([status.centre, status.tariff.version], ["away", 2]);
    assert.equal(status.slices[0].wanted, "2.00");
    assert.ok(status.recordsWaiting >= 1);
  });

  it("leaves payments, policies and refunds to the centre", async () => {
    const paid = await edge.ask("PUT", "/accounts/anna/payments/p9", { amount: "9.00" });
    assert.equal(paid.error.code, "charging.centre-decides");
    const refund = await edge.ask("PUT", "/sessions/e1/requests/2", { kind: "refund" });
    assert.equal(refund.error.code, "charging.centre-decides");
  });

  it("needs less than 150 MB", async function () {
    if (platform() !== "linux") this.skip();
    const used = await edge.memoryKb();
    assert.ok(used > 0 && used < MEMORY_MAX_KB, `${used} kB`);
  });
});
