import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DiskReserve } from "../../node/adapters/disk.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { NodeMetrics } from "../../node/http/metrics.ts";
import { createServer } from "../../node/http/server.ts";
import { Spool } from "../../node/http/spool.ts";
import { MemoryOperator, octoberUsage } from "./memory-operator.ts";
import { OPERATOR_TOKEN, serve, serverParts } from "./memory-server.ts";

const LEDGER_URL = "http://127.0.0.1:9";

describe("a node whose disk fails", () => {
  let operator: MemoryOperator;
  let spool: string;

  before(async () => {
    operator = await MemoryOperator.start();
    spool = mkdtempSync(join(tmpdir(), "tallystick-spool-"));
  });
  after(async () => {
    await operator.stop();
    rmSync(spool, { recursive: true });
  });

  it("takes nothing in while the disk is nearly full, says so, and goes on once there is room", async () => {
    let reserveBytes = Number.MAX_SAFE_INTEGER;
    const reserve = {
      look: () => new DiskReserve(spool, reserveBytes).look(),
      requireRoom: () => new DiskReserve(spool, reserveBytes).requireRoom(),
    } as DiskReserve;
    const parts = serverParts(operator, spool, LEDGER_URL);
    const status = async () => ({ ...(await parts.operator.status()), disk: await reserve.look() });
    const full = await serve(
      createServer({
        ...parts,
        operator: { ...parts.operator, spool: new Spool(spool, reserve), status },
      }) as never,
    );
    const take = async () => {
      const response = await fetch(`${full.url}/v1/operator/usage?name=small.ndjson`, {
        method: "POST",
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
        body: `${JSON.stringify(octoberUsage()[0])}\n`,
      });
      // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
      return { status: response.status, answer: (await response.json()) as any };
    };
    try {
      const refused = await take();
      assert.deepEqual([refused.status, refused.answer.error.code], [507, "disk.nearly-full"]);
      const { disk } = (await status()) as { disk: { hasRoom: boolean } };
      assert.equal(disk.hasRoom, false);
      reserveBytes = 0;
      assert.equal((await take()).status, 200);
    } finally {
      await full.close();
    }
  });

  it("ends a file that is under way when the disk runs full, and goes on behind what is durable", async () => {
    let hasRoom = true;
    const requireRoom = async () => {
      if (!hasRoom) throw new TallystickError("disk.nearly-full", "");
    };
    const guarded = new Spool(spool, { requireRoom } as DiskReserve);
    const blocks = async function* () {
      for (let at = 0; at < 3; at++) {
        yield { rejected: { code: "x.bad-row", message: "", position: at } };
        hasRoom = false;
        await new Promise((resolve) => setTimeout(resolve, 1_010));
      }
    };
    let seen = 0;
    await assert.rejects(
      async () => {
        for await (const _ of guarded.whileThereIsRoom(blocks())) seen++;
      },
      { code: "disk.nearly-full" },
    );
    assert.equal(seen, 1);
  });

  it("says what is wrong with the spool, and forgets at a start what a crash left there", async () => {
    const file = join(spool, "file");
    writeFileSync(file, "");
    const reserve = new DiskReserve(spool, 0);
    const blocked = new Spool(join(file, "spool"), reserve);
    await assert.rejects(blocked.receive(Readable.from([Buffer.from("x")])), {
      code: "spool.write-failed",
    });
    rmSync(file);
    await assert.rejects(new DiskReserve(join(spool, "gone"), 0).look(), {
      code: "disk.unavailable",
    });
    const left = new Spool(join(spool, "left"), reserve);
    await left.receive(Readable.from([Buffer.from("x")]));
    assert.equal(readdirSync(join(spool, "left")).length, 1);
    await left.empty();
    assert.deepEqual(readdirSync(spool), []);
  });

  it("tells figures of what is well while the store does not answer", async () => {
    const parts = serverParts(operator, spool, LEDGER_URL);
    const down = async () => {
      throw new TallystickError("store.unavailable", "");
    };
    const metrics = new NodeMetrics({
      status: down,
      totals: down,
      disk: () => new DiskReserve(spool, 0).look(),
      ledger: async () => ({ reachable: true, block: "7" }),
      faults: async () => [{ part: "store", code: "store.unavailable", message: "" }],
    });
    const ill = await serve(createServer({ ...parts, metrics }) as never);
    const response = await fetch(`${ill.url}/metrics`, {
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    });
    const text = await response.text();
    await ill.close();
    assert.equal(response.status, 200);
    assert.match(text, /tallystick_store_reachable 0/);
    assert.match(text, /tallystick_fault{part="store",code="store.unavailable"} 1/);
    assert.match(text, /tallystick_disk_has_room 1/);
    assert.match(text, /tallystick_ledger_reachable 1/);
    assert.match(text, /tallystick_ledger_height 7/);
  });
});
