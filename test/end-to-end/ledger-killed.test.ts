import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedLedger } from "../../scripts/embedded-ledger.ts";

const TIME = 1_900_000_000;

describe("the embedded ledger whose process was killed this very moment", function () {
  this.timeout(240_000);
  let directory: string;
  let ledger: EmbeddedLedger;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-killed-"));
    ledger = new EmbeddedLedger({ directory, port: 0, genesisTimeSeconds: TIME });
    await ledger.start();
    await ledger.setTime(TIME);
    await ledger.mine();
  });
  after(async () => {
    await ledger.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const killIt = (): void => {
    process.kill(ledger.anvilPid as number, "SIGKILL");
  };

  async function headTime(): Promise<number> {
    const request = {
      jsonrpc: "2.0",
      id: 1,
      method: "eth_getBlockByNumber",
      params: ["latest", false],
    };
    const response = await fetch(ledger.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    const { result } = (await response.json()) as { result: { timestamp: string } };
    return Number(result.timestamp);
  }

  it("answers a question", async () => {
    for (let kill = 0; kill < 3; kill++) {
      killIt();
      assert.equal(await headTime(), TIME);
    }
  });

  it("moves its clock", async () => {
    for (let kill = 1; kill <= 3; kill++) {
      killIt();
      await ledger.setTime(TIME + 100 * kill);
      await ledger.mine();
      assert.equal(await headTime(), TIME + 100 * kill);
    }
  });

  it("makes a block", async () => {
    await ledger.setTime(TIME + 1_000);
    killIt();
    await ledger.mine();
    assert.equal(await headTime(), TIME + 1_000);
  });
});
