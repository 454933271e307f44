import type { Secp256k1 } from "@bitauth/libauth";

let loading: Promise<Secp256k1> | undefined;

/**
 * libsecp256k1 in WebAssembly, one for the process; loaded at first need, since most commands need no curve. From
 * its own file: the library's index loads 150 others, 0.12 s of processor.
 */
export function loadCurve(): Promise<Secp256k1> {
  loading ??= import("@bitauth/libauth/build/lib/crypto/secp256k1.js").then(
    ({ instantiateSecp256k1 }) => instantiateSecp256k1(),
  );
  return loading;
}
