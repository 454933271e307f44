import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskReserve } from "../../node/adapters/disk.ts";
import { Spool } from "../../node/http/spool.ts";
import { codeOf } from "../core/formats/chunks.ts";

const CHUNK = 65_536;
/** More than two pieces, and no whole number of chunks. */
const LENGTH = 3 * 1_048_576 + 12_345;

/** Bytes that differ wherever one looks. */
const BYTES = Buffer.from(
  Uint8Array.from({ length: LENGTH }, (_, at) => (at * 2_654_435_761) >>> 24),
);

async function* ownChunks(bytes: Uint8Array, ended: () => void = () => {}) {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.slice(at, at + CHUNK);
  ended();
}

describe("the spool", () => {
  let folder: string;
  let spool: Spool;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-spool-"));
    spool = new Spool(folder, new DiskReserve(folder, 0));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("puts a body of many pieces down as it came, with its digest and its last byte", async () => {
    const told: number[] = [];
    const found = await spool.receive(ownChunks(BYTES), (path, bytes) => {
      // What is told stands there already.
      assert.equal(statSync(path).size, bytes);
      told.push(bytes);
    });
    assert.deepEqual(told, [1_048_576, 2_097_152, 3_145_728, LENGTH]);
    assert.equal(readFileSync(found.path).equals(BYTES), true);
    assert.equal(found.sha256, createHash("sha256").update(BYTES).digest("hex"));
    assert.equal(found.endsLine, false);
    const line = await spool.receive(ownChunks(Buffer.concat([BYTES, Buffer.from("\n")])));
    assert.equal(line.endsLine, true);
    const none = await spool.receive(ownChunks(new Uint8Array()));
    assert.deepEqual([readFileSync(none.path).length, none.endsLine], [0, false]);
  });

  it("leaves memory alone that others use, too", async () => {
    const shared = Uint8Array.from(BYTES.subarray(0, 4 * CHUNK));
    async function* parts() {
      for (let at = 0; at < shared.length; at += CHUNK) yield shared.subarray(at, at + CHUNK);
    }
    const found = await spool.receive(parts());
    assert.equal(shared.length, 4 * CHUNK);
    assert.equal(readFileSync(found.path).equals(shared), true);
  });

  it("leaves nothing of a body whose sender went away, or for which there is no room", async () => {
    const gone = () => {
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    };
    await assert.rejects(spool.receive(ownChunks(BYTES, gone)), { code: "ECONNRESET" });
    assert.deepEqual(readdirSync(folder), []);
    let looks = 0;
    const reserve = {
      requireRoom: async () => {
        if (++looks > 1) await new DiskReserve(folder, Number.MAX_SAFE_INTEGER).requireRoom();
      },
    } as DiskReserve;
    const many = async function* () {
      for (let at = 0; at < 17; at++) yield new Uint8Array(1_048_576);
    };
    const full = new Spool(folder, reserve).receive(many());
    assert.equal(await codeOf(full), "disk.nearly-full");
    assert.deepEqual(readdirSync(folder), []);
  });
});
