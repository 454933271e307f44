import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { saveTrust } from "../../node/cli/trust-file.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { writeLinkSecret } from "../../node/core/evidence/subscriber-link.ts";
import { runCommand } from "../cli/run-command.ts";
import { ANNA, BERT, MemoryOperator } from "../http/memory-operator.ts";
import { OPERATOR_TOKEN, serveOperator } from "../http/memory-server.ts";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
const HOUR = 3_600_000;
const OCTOBER = Date.parse("2026-10-05T10:00:00Z");
const POLICY = {
  name: "meter",
  service: "data",
  groupBy: ["device"],
  window: "hour",
  quantity: "sum",
};
const seconds = (text: string): bigint => BigInt(Date.parse(text) / 1000);

/** A node that is reached by a line that breaks after a file was taken, before the answer is through. */
async function breakingLine(target: string, onTaken: () => void) {
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const call = httpRequest(
      `${target}${incoming.url}`,
      { method, headers } as object,
      (answer) => {
        answer.resume();
        answer.once("end", () => {
          onTaken();
          outgoing.destroy();
        });
      },
    );
    incoming.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe("aggregated charges, stored and forwarded to a node", function () {
  this.timeout(180_000);
  let folder: string;
  let operator: MemoryOperator;
  let node: { url: string; close: () => Promise<void> };
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-forward-"));
    writeFileSync(at("policy.json"), JSON.stringify(POLICY));
    operator = await MemoryOperator.start();
    await operator.pipeline.putAccounts([
      { id: "anna", label: "Anna", devices: [{ id: ANNA }] },
      { id: "bert", label: "Bert", devices: [{ id: BERT }] },
    ]);
    node = await serveOperator(operator, at("events"), "http://127.0.0.1:9");
  });
  after(async () => {
    await node?.close();
    await operator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let isKilled: ChildProcess | undefined;
  function aggregate(...args: string[]): Promise<{ exitCode: number | null; errors: string }> {
    const own = ["aggregate", "--into", at("events"), "--policy", at("policy.json"), "--json"];
    const child = spawn(process.execPath, [MAIN, ...own, ...args], {
      env: { ...process.env, TALLYSTICK_TOKEN: OPERATOR_TOKEN },
    });
    isKilled = child;
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += data;
    });
    child.stdout.resume();
    return new Promise((resolve) =>
      child.once("close", (exitCode) => resolve({ exitCode, errors })),
    );
  }

  const writeEvents = (name: string, hours: number[], perHour: number, sequence = 0): string => {
    const lines = ["device,time,sequence,quantity"];
    for (const hour of hours) {
      for (const device of [ANNA, BERT]) {
        for (let i = 0; i < perHour; i++) {
          lines.push(`${device},${OCTOBER + hour * HOUR + i * 1000},${sequence + i},1000`);
        }
      }
    }
    writeFileSync(at(name), `${lines.join("\n")}\n`);
    return at(name);
  };
  const filesIn = (name: string) => readdirSync(at(`events/${name}`)).sort();
  const recordsIn = (name: string) =>
    filesIn(name).flatMap((file) =>
      readFileSync(join(at(`events/${name}`), file), "utf8")
        .trim()
        .split("\n"),
    );
  const linesOf = async (period: string) => {
    const charges: Bundle["charges"] = [];
    for (const account of ["anna", "bert"]) {
      charges.push(...(await operator.pipeline.evidence(account, period)).charges);
    }
    return charges;
  };
  const octets = (charges: Bundle["charges"]) =>
    charges.reduce(
      (sum, { charge }) => sum + ("quantity" in charge ? Number(charge.quantity) : 0),
      0,
    );

  it("wait while the node is away, and nothing is lost", async () => {
    const file = writeEvents("a.csv", [0, 1, 2], 60);
    const { exitCode, errors } = await aggregate(
      file,
      "--close",
      "--forward",
      "--node",
      "http://127.0.0.1:9",
    );
    assert.equal(exitCode, 0);
    assert.match(errors, /3 files wait; nothing is lost/);
    assert.deepEqual([filesIn("out").length, filesIn("done").length], [3, 0]);
    assert.equal((await operator.pipeline.control.overall()).in.records, 0);
  });

  it("are taken once by the node, though the sender is killed before it hears that they were", async () => {
    const line = await breakingLine(node.url, () => isKilled?.kill("SIGKILL"));
    const killed = await aggregate("--forward", "--node", line.url);
    line.close();
    assert.equal(killed.exitCode, null, "the real process was killed");
    assert.deepEqual([filesIn("out").length, filesIn("done").length], [3, 0]);
    const again = await aggregate("--forward", "--node", node.url);
    assert.equal(again.exitCode, 0, again.errors);
    assert.deepEqual([filesIn("out").length, filesIn("done").length], [0, 3]);
    await operator.commit();
    const charges = await linesOf("2026-10");
    assert.equal(recordsIn("done").length, 6);
    assert.equal(charges.length, 6);
    assert.equal(octets(charges), 6 * 60 * 1000);
    // What was handed over is what is charged: every root once.
    const roots = (all: unknown[]) => all.map(String).sort();
    assert.deepEqual(
      roots(charges.map(({ party }) => (party as { eventsRoot?: string }).eventsRoot)),
      roots(recordsIn("done").map((text) => JSON.parse(text).eventsRoot)),
    );
  });

  it("come as supplements for late events, and leave the charges as they are", async () => {
    const before = await linesOf("2026-10");
    // One of each is late; all others were charged.
    const file = writeEvents("late.csv", [1], 61);
    assert.equal((await aggregate(file, "--close", "--forward", "--node", node.url)).exitCode, 0);
    await operator.commit();
    const after = await linesOf("2026-10");
    assert.equal(after.length, 8);
    assert.equal(octets(after), 6 * 60 * 1000 + 2 * 1000);
    for (const { leafIndex, amountNano } of before) {
      assert.ok(after.some((one) => one.leafIndex === leafIndex && one.amountNano === amountNano));
    }
  });

  describe("and a subscriber with the device's own log", () => {
    const link = async () => {
      const account = (await operator.pipeline.accounts()).find(({ id }) => id === "anna");
      const secret = Buffer.from((account?.accessSecret ?? "").slice(2), "hex");
      return `${node.url}/#s=${writeLinkSecret(secret)}`;
    };
    const LINE = { hour: 1, line: "" };
    before(async () => {
      const bundle = await operator.pipeline.evidence("anna", "2026-10");
      writeFileSync(at("bundle.json"), JSON.stringify(bundle));
      await saveTrust(at("trust.json"), bundle, operator.facts(bundle));
      const start = String(OCTOBER + LINE.hour * HOUR);
      const found = bundle.charges.find(
        ({ charge }) => "start" in charge && charge.start === start,
      );
      LINE.line = found?.line ?? "";
    });
    async function explain(log: string[], ...args: string[]) {
      writeFileSync(at("log.csv"), `device,time,sequence,quantity\n${log.join("\n")}\n`);
      const own = ["explain", at("bundle.json"), "--line", LINE.line, "--json"];
      const facts = ["--trust", at("trust.json"), "--events", at("log.csv")];
      const result = await runCommand([...own, ...facts, ...args]);
      const lines = result.lines as unknown as {
        events?: Record<string, number>;
        event?: { time: string; outcome: string; chargedQuantity?: string };
        error?: { code: string };
      }[];
      return {
        ...result,
        sums: lines.find(({ events }) => events !== undefined)?.events,
        told: lines.flatMap(({ event }) => (event === undefined ? [] : [event])),
        error: lines.at(-1)?.error?.code,
      };
    }
    const ownLog = (device: string) =>
      Array.from(
        { length: 60 },
        (_, i) => `${device},${OCTOBER + LINE.hour * HOUR + i * 1000},${i},1000`,
      );

    it("sees that a line stands for the events of the log and no others", async () => {
      const { exitCode, sums, errors } = await explain(
        [...ownLog(ANNA), ...ownLog(BERT)],
        "--link",
        await link(),
      );
      assert.equal(exitCode, 0, errors);
      assert.deepEqual(sums, {
        line: LINE.line,
        inLog: 60,
        inCharge: 60,
        otherQuantity: 0,
        notInCharge: 0,
        notShown: 0,
        charged: 60,
        chargedOnly: 0,
      });
    });

    it("finds the event that differs, the one that is missing, and the one that is too many", async () => {
      const log = ownLog(ANNA);
      const [seventh = ""] = log.splice(7, 1);
      log[3] = (log[3] as string).replace(/1000$/, "900");
      log.push(seventh.replace(/,7,1000$/, ",70,1000"));
      const { exitCode, sums, told } = await explain(log, "--link", await link());
      assert.equal(exitCode, 1);
      assert.deepEqual(
        [sums?.inCharge, sums?.otherQuantity, sums?.notInCharge, sums?.chargedOnly],
        [59, 1, 1, 1],
      );
      assert.deepEqual(
        told.filter(({ outcome }) => outcome !== "in-charge").map(({ outcome }) => outcome),
        ["other-quantity", "not-in-charge"],
      );
    });

    it("is refused without the link, and with a stranger's", async () => {
      assert.equal((await explain(ownLog(ANNA))).exitCode, 2);
      const stranger = `${node.url}/#s=${writeLinkSecret(new Uint8Array(32).fill(7))}`;
      assert.equal((await explain(ownLog(ANNA), "--link", stranger)).error, "access.unknown");
    });

    it("is told when the node keeps the events no longer", async () => {
      renameSync(at("events/closed"), at("events/closed-away"));
      try {
        assert.equal(
          (await explain(ownLog(ANNA), "--link", await link())).error,
          "events.not-kept",
        );
      } finally {
        renameSync(at("events/closed-away"), at("events/closed"));
      }
    });

    it("does not believe a node that shows the events of another line", async () => {
      const { charges } = await operator.pipeline.evidence("anna", "2026-10");
      const other = charges.find(({ line }) => line !== LINE.line)?.line;
      const server = createServer(async (incoming, outgoing) => {
        let body = "";
        for await (const part of incoming) body += part;
        const lie = JSON.stringify({ ...JSON.parse(body), line: other });
        const { authorization = "" } = incoming.headers;
        const headers = { "content-type": "application/json", authorization };
        const answer = await fetch(`${node.url}${incoming.url}`, {
          method: "POST",
          headers,
          body: lie,
        });
        outgoing.writeHead(answer.status).end(await answer.text());
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const { error } = await explain(
        ownLog(ANNA),
        ...["--link", await link(), "--node", `http://127.0.0.1:${port}`],
      );
      server.close();
      assert.equal(error, "events.bad-proof");
    });
  });

  it("are billed with the next month when their own is billed already", async () => {
    operator.network.setTime(seconds("2026-11-01T08:00:00Z"));
    await operator.pipeline.bill("2026-10");
    await operator.commit();
    const october = await operator.pipeline.invoice("anna", "2026-10");
    const file = writeEvents("later.csv", [2], 3, 1000);
    assert.equal((await aggregate(file, "--close", "--forward", "--node", node.url)).exitCode, 0);
    await operator.commit();
    assert.deepEqual(await operator.pipeline.invoice("anna", "2026-10"), october);
    assert.equal((await linesOf("2026-10")).length, 8);
    const november = await linesOf("2026-11");
    assert.equal(november.length, 2);
    assert.equal(octets(november), 2 * 3 * 1000);
    operator.network.setTime(seconds("2026-12-01T08:00:00Z"));
    await operator.send("commit", { contract: "clock", method: "tick", args: [] });
    await operator.pipeline.bill("2026-11");
    await operator.commit();
    const invoice = await operator.pipeline.invoice("anna", "2026-11");
    assert.equal(JSON.parse(invoice?.documentText ?? "{}").lines.length, 1);
  });
});
