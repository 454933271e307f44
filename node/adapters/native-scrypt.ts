import { scrypt as nodeScrypt } from "node:crypto";
import { promisify } from "node:util";
import { scrypt } from "./evm-library.ts";

/** What scrypt itself needs is 128 · N · r; the rest is what it says it needs beside. */
const MEMORY_MARGIN_BYTES = 1_048_576;
const derive = promisify(nodeScrypt) as (
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/*
 * Keystore files are opened with the system's scrypt, on a thread of its own, in place of ethers' in JavaScript:
 * two keys took a third of a node's start. RFC 7914 leaves no choice, so the keys are the same.
 */
scrypt.register(async (password, salt, N, r, p, length) => {
  const maxmem = 128 * N * r + 128 * r * p + MEMORY_MARGIN_BYTES;
  return derive(password, salt, length, { N, r, p, maxmem });
});
