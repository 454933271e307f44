import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/attack.ts", import.meta.url));

describe("npm run attack", () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-attack-test-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function attack(...words: string[]): Promise<{ code: number | null; lines: string[] }> {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", SCRIPT, ...words],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, lines: output.split("\n").filter((line) => line !== "") };
  }

  it("proves a breach from outside, and says who was paid", async () => {
    const file = join(directory, "evidence.json");
    const { code, lines } = await attack("--json", "--kind", "sourceReused", "--keep", file);
    const [breach, last] = lines.map((line) => JSON.parse(line));
    assert.equal(code, 0);
    assert.deepEqual(
      [breach.kind, breach.state, breach.finderPaid, breach.fundPaid, breach.ownerOwed, breach.ok],
      ["sourceReused", "proven", "2.00", "1.00", "0.20", true],
    );
    assert.deepEqual(last, { summary: { proven: 1, failed: 0 } });
    assert.equal(JSON.parse(await readFile(file, "utf8")).breaches.length, 1);
  }).timeout(120_000);

  it("refuses a kind that is none, and a ledger without evidence", async () => {
    assert.equal((await attack("--kind", "bad-temper")).code, 2);
    assert.equal((await attack("--rpc", "http://127.0.0.1:1")).code, 2);
  });
});
