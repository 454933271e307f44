import { createCipheriv, createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TallystickError } from "../../node/core/errors.ts";

/* Runs in a cage (disk-cage.ts): DIRECTORY, and which cage it is. Says a JSON line for each step. */

const [directory = "", , cage] = process.argv.slice(2);
const VALUE_BYTES = 1_000_000;
const VALUES_MAX = 200;

const ballast = join(directory, "ballast");
// Freed, it leaves room for what is in the log, once more as a table.
if (cage === "small file system") writeFileSync(ballast, Buffer.alloc(48_000_000, 1));

const store = await LevelStore.open(join(directory, "store"));
const acknowledged: number[] = [];
const value = (n: number): Uint8Array => randomBytesOf(n);
/** Nothing that LevelDB could press together. */
function randomBytesOf(n: number): Uint8Array {
  const seed = createHash("sha256").update(String(n)).digest();
  return createCipheriv("aes-256-ctr", seed, Buffer.alloc(16)).update(Buffer.alloc(VALUE_BYTES));
}
const key = (n: number): string => `value/${String(n).padStart(4, "0")}`;
const codeOf = (error: unknown): string =>
  error instanceof TallystickError ? error.code : String(error);
const say = (found: object): void => void process.stdout.write(`${JSON.stringify(found)}\n`);

async function attempt(n: number): Promise<{ code?: string; message?: string }> {
  try {
    // Every other one goes into the log of values, the rest into LevelDB itself.
    const lasting = n % 2 === 1;
    await store.write([{ type: "put", key: key(n), value: value(n), lasting }]);
    acknowledged.push(n);
    return {};
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message };
  }
}

/** Of what was acknowledged, what is not there as it was written. */
async function missing(): Promise<number[] | string> {
  const gone: number[] = [];
  for (const n of acknowledged) {
    try {
      const found = await store.get(key(n));
      if (found === undefined || Buffer.compare(found, value(n)) !== 0) gone.push(n);
    } catch (error) {
      return codeOf(error);
    }
  }
  return gone;
}

let n = 0;
let failed: { code?: string; message?: string } = {};
for (; n < VALUES_MAX && failed.code === undefined; n++) failed = await attempt(n);
// A small write that would fit behind the torn one must not be acknowledged and then be lost.
const after = await attempt(n++);
say({ failed, after, acknowledged: acknowledged.length });

for await (const word of createInterface({ input: process.stdin })) {
  if (word === "free") {
    rmSync(ballast, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    say({ missing: await missing(), again: await attempt(n++) });
  }
  if (word === "reopen") {
    await store.close();
    const second = await LevelStore.open(join(directory, "store"));
    const gone: number[] = [];
    for (const n of acknowledged) {
      const found = await second.get(key(n));
      if (found === undefined || Buffer.compare(found, value(n)) !== 0) gone.push(n);
    }
    await second.close();
    say({ missing: gone, acknowledged: acknowledged.length });
  }
}
