import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { fromHex, type Hex, PackedBytes, toHex } from "../bytes.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { TallystickError } from "../errors.ts";
import { hash } from "../hash.ts";

/*
 * Encryption of evidence to a one-time key (docs/PROTOCOL.md, section 12). The ledger can undo it once
 * the asker shows that key, so that rubbish is provable by the ledger alone. It carries no tag of its own:
 * what is delivered proves itself by the seals that it leads to.
 */

/** Coordinates of a public key, as `CurvePoint` of the contracts. */
export interface CurvePoint {
  x: bigint;
  y: bigint;
}

export interface SealedDelivery {
  /** The operator's one-time public key. */
  ephemeral: CurvePoint;
  /** Words of 32 bytes. */
  ciphertext: Hex[];
}

const WORD = 32;

/** @param secret 32 bytes, made once and for one demand only */
export function oneTimePublicKey(secret: Uint8Array): CurvePoint {
  const { x, y } = secp256k1.Point.fromBytes(secp256k1.getPublicKey(secret)).toAffine();
  return { x, y };
}

/** @param secret 32 random bytes of the operator, for this answer only */
export function sealDelivery(
  demand: Hex,
  asker: CurvePoint,
  secret: Uint8Array,
  plain: Uint8Array,
): SealedDelivery {
  const padded = new Uint8Array(Math.ceil(plain.length / WORD) * WORD);
  padded.set(plain);
  const mixed = mix(demand, sharedAddress(secret, asker), padded);
  const ciphertext: Hex[] = [];
  for (let at = 0; at < mixed.length; at += WORD) {
    ciphertext.push(toHex(mixed.subarray(at, at + WORD)));
  }
  return { ephemeral: oneTimePublicKey(secret), ciphertext };
}

/** What was delivered, filled with zeros to whole words; of a rubbish delivery rubbish. */
export function openDelivery(
  demand: Hex,
  secret: Uint8Array,
  { ephemeral, ciphertext }: SealedDelivery,
): Uint8Array {
  const words = new Uint8Array(ciphertext.length * WORD);
  for (const [i, word] of ciphertext.entries()) words.set(fromHex(word, WORD), i * WORD);
  return mix(demand, sharedAddress(secret, ephemeral), words);
}

/** The address of secret · point: all that the ledger can compute of a product. */
function sharedAddress(secret: Uint8Array, { x, y }: CurvePoint): Uint8Array {
  let point: InstanceType<typeof secp256k1.Point>;
  try {
    point = secp256k1.Point.fromAffine({ x, y });
    point.assertValidity();
  } catch (cause) {
    throw new TallystickError(
      "delivery.key-not-on-curve",
      "The one-time key is no point of secp256k1.",
      {},
      cause,
    );
  }
  const factor = BigInt(toHex(secret));
  return keccak_256(point.multiply(factor).toBytes(false).subarray(1)).slice(12);
}

function mix(demand: Hex, shared: Uint8Array, words: Uint8Array): Uint8Array {
  const key = hash(
    new PackedBytes()
      .unsigned(TAG.deliveryKey, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(fromHex(demand, 32), 32)
      .raw(shared, 20)
      .done(),
  );
  const mixed = words.slice();
  for (let at = 0; at < mixed.length; at += WORD) {
    const block = hash(
      new PackedBytes()
        .unsigned(TAG.deliveryStream, 1)
        .raw(key, 32)
        .unsigned(at / WORD, 4)
        .done(),
    );
    for (let i = 0; i < WORD; i++) mixed[at + i] = (mixed[at + i] as number) ^ (block[i] as number);
  }
  return mixed;
}
