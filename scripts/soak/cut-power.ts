import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Seeded } from "./seeded.ts";

/** A disk writes so much as a whole or not at all. */
export const SECTOR_BYTES = 512;

/** Lengths by the path in the store of what only grows: LevelDB's log and the files of values. */
export async function lengthsOf(directory: string): Promise<Map<string, number>> {
  const values = await readdir(join(directory, "values")).catch(() => []);
  const names = [
    ...(await readdir(directory)).filter((name) => name.endsWith(".log")),
    ...values.map((name) => join("values", name)),
  ];
  const lengths = new Map<string, number>();
  for (const name of names) lengths.set(name, (await stat(join(directory, name))).size);
  return lengths;
}

/**
 * Makes of a store what a power cut would have left of it: behind what each file has synced, sectors are there
 * or not, whatever their order, and the file ends anywhere.
 * @returns how many bytes were lost
 */
export async function cutPower(
  directory: string,
  synced: ReadonlyMap<string, number>,
  random: Seeded,
): Promise<number> {
  let lost = 0;
  for (const [name, length] of await lengthsOf(directory)) {
    const from = Math.min(length, synced.get(name) ?? 0);
    if (from === length) continue;
    const path = join(directory, name);
    const torn = tornBehind(await readFile(path), from, random);
    await writeFile(path, torn);
    lost += length - from;
  }
  return lost;
}

export function tornBehind(bytes: Uint8Array, synced: number, random: Seeded): Uint8Array {
  const torn = Uint8Array.from(bytes);
  const lostShare = random.pick([0, 0.03, 0.4, 1]);
  for (let from = synced; from < torn.length; ) {
    const to = Math.min(torn.length, SECTOR_BYTES * (Math.floor(from / SECTOR_BYTES) + 1));
    if (random.chance(lostShare)) torn.fill(0, from, to);
    from = to;
  }
  if (random.chance(0.5)) return torn;
  return torn.subarray(0, synced + random.below(torn.length - synced + 1));
}
