import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";

/* Runs in a cage with a file system of its own (disk-cage.ts): DIRECTORY. Says one JSON line for each disk. */

const [directory = ""] = process.argv.slice(2);
const VALUES = 120;
const VALUE_BYTES = 40_000;
const FILE_BYTES = 1_000_000;
const path = join(directory, "store");

const key = (at: number): string => `value/${String(at).padStart(4, "0")}`;
const value = (at: number): Uint8Array => new Uint8Array(VALUE_BYTES).fill(at + 1);
const isKept = (at: number): boolean => at % 3 === 0;
const say = (found: object): void => void process.stdout.write(`${JSON.stringify(found)}\n`);

async function told(work: () => Promise<unknown>): Promise<{ code?: string; message?: string }> {
  try {
    await work();
    return {};
  } catch (error) {
    const code = error instanceof TallystickError ? error.code : String(error);
    return { code, message: (error as Error).message };
  }
}

/** Values that should be there and are not as they were written. */
async function missing(store: LevelStore): Promise<number[]> {
  const gone: number[] = [];
  for (let at = 0; at < VALUES; at++) {
    const found = await store.get(key(at));
    const isThere = found !== undefined && Buffer.compare(found, value(at)) === 0;
    if (isThere !== isKept(at)) gone.push(at);
  }
  return gone;
}

const contents = (): string =>
  ["", "values"]
    .flatMap((folder) =>
      readdirSync(join(path, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "LOCK" && !entry.name.startsWith("LOG"))
        .map(({ name }) => `${name} ${readFileSync(join(path, folder, name)).length}`),
    )
    .sort()
    .join("\n");

function remount(how: "ro" | "rw"): void {
  const { status, stderr } = spawnSync("mount", ["-o", `remount,${how}`, directory]);
  if (status !== 0) throw new Error(String(stderr));
}

/** Takes every byte that is left. @returns gives them back */
function fillUp(): () => void {
  const ballast = join(directory, "ballast");
  const file = openSync(ballast, "w");
  try {
    for (;;) writeSync(file, new Uint8Array(65_536));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
  return () => rmSync(ballast);
}

const first = await LevelStore.open(path, { fileBytes: FILE_BYTES });
for (let from = 0; from < VALUES; from += 10) {
  const some = Array.from({ length: 10 }, (_, at): StoreOperation => {
    return { type: "put", key: key(from + at), value: value(from + at), lasting: true };
  });
  await first.write(some);
}
const dropped = Array.from({ length: VALUES }, (_, at) => at).filter((at) => !isKept(at));
await first.write(dropped.map((at) => ({ type: "delete" as const, key: key(at) })));
await first.close();

remount("ro");
const before = contents();
const refused = await told(() => LevelStore.open(path, { fileBytes: FILE_BYTES }));
say({ refused, isUntouched: contents() === before });
remount("rw");

const store = await LevelStore.open(path, { fileBytes: FILE_BYTES });
const lost = await missing(store);
const free = fillUp();
const compacting = await told(() => store.compact());
const lostWhileFull = compacting.code === undefined ? [] : await missing(store).catch(() => []);
free();
await new Promise((resolve) => setTimeout(resolve, 1_100));
const again = await store.compact();
say({ lost, compacting, lostWhileFull, again, lostAfter: await missing(store) });
await store.close();
