import { setFlagsFromString } from "node:v8";

/** Any text in it leaves V8 as it is. */
const SWITCH = "TALLYSTICK_NARROW_REGISTERS";
/** Whose compiler was tried: what it makes of the kernel is tested by every version's own `npm test`. */
const KNOWN_V8 = "13.6.";

/**
 * Lets V8 hash four messages in registers of 256 bits where the processor has them, in place of two: three
 * quarters more a second (docs/PERFORMANCE.md, "Hashing"). V8 calls what it takes for it experimental, so it is asked
 * of versions that were tried alone, and what is sealed is checked by a kernel that it does not change
 * (row-sample.ts). Called before anything is hashed, since it holds for what is compiled from then on, in all threads.
 * @param running this process; another one in tests @returns whether V8 was asked
 */
export function hashInWideRegisters(running: NodeJS.Process = process): boolean {
  const { versions, config, env } = running;
  const { v8_enable_wasm_simd256_revec: canBe } = config.variables as Record<string, unknown>;
  if (canBe !== 1 || env[SWITCH] || !versions.v8.startsWith(KNOWN_V8)) return false;
  setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}
