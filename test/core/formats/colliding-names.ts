const MASK = (1n << 64n) - 1n;
const FACTOR_FIRST = 0x9e37_79b9_7f4a_7c15n;
const FACTOR_SECOND = 0xd6e8_feb8_6659_fd93n;
const FIRST_LETTER = 0x30;

/** Names that share one of 1,024 slots by FNV-1a, which has no key. */
export function namesOfOneFnvSlot(count: number): string[] {
  const names: string[] = [];
  for (let n = 0; names.length < count; n++) {
    const name = `${n}`;
    let hash = 0x811c9dc5;
    for (let at = 0; at < name.length; at++) {
      hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
    }
    if (((hash ^ (hash >>> 15)) & 0x3ff) === 0) names.push(name);
  }
  return names;
}

/** Names of 16 bytes that share one of 1,024 slots by a hash that multiplies both halves by factors that are known. */
export function namesOfOneProductSlot(count: number): string[] {
  const names: string[] = [];
  const bytes = Buffer.alloc(16);
  for (let n = 0; names.length < count; n++) {
    const name = `${n}`.padStart(16, "+");
    bytes.write(name, "latin1");
    const first = ((16n ^ bytes.readBigUInt64LE(0)) * FACTOR_FIRST) & MASK;
    const sum = (first ^ (first >> 32n)) + bytes.readBigUInt64LE(8);
    const hash = (sum * FACTOR_SECOND) & MASK;
    if (((hash ^ (hash >> 32n)) & 0x3ffn) === 0n) names.push(name);
  }
  return names;
}

/**
 * Names of 64 bytes whose words of four bytes have the same products in pairs: they share the kernel's hash under a
 * key of zeros.
 */
export function namesOfKeyZero(count: number): string[] {
  const names: string[] = [];
  for (let n = 0; n < count; n++) {
    const pairs = Array.from({ length: 8 }, (_, pair) =>
      String.fromCharCode(FIRST_LETTER + pair).repeat(8),
    );
    let rest = n;
    let name = "";
    for (let left = 8; left > 0; left--) {
      name += pairs.splice(rest % left, 1)[0];
      rest = Math.floor(rest / left);
    }
    names.push(name);
  }
  return names;
}
