/*
 * Writes test/vectors/protocol-v1.json from the implementation. Vectors are frozen: an entry that
 * exists and differs is an error, not an update (a change of any byte is a new protocol version).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Vector, vectors } from "../test/vectors/build-vectors.ts";

const FILE = new URL("../test/vectors/protocol-v1.json", import.meta.url);

const frozen: Vector[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")).vectors : [];
for (const old of frozen) {
  const now = vectors.find((vector) => vector.name === old.name);
  if (JSON.stringify(now) !== JSON.stringify(old)) {
    console.error(`The frozen vector "${old.name}" would change; that is a new protocol version.`);
    process.exit(1);
  }
}
writeFileSync(
  FILE,
  `${JSON.stringify({ protocol: 1, note: "Frozen. Checked from TypeScript, Solidity and a second implementation.", vectors }, null, 1)}\n`,
);
console.log(`${vectors.length} vectors, ${vectors.length - frozen.length} new`);
