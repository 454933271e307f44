import type { TypedDataDomain, TypedDataField } from "ethers";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import { hash } from "../core/hash.ts";
import { loadCurve } from "../engine/number/load-curve.ts";
import { TypedDataEncoder, type Wallet } from "./evm-library.ts";
import type { TypedDataSigner } from "./receipt-signer.ts";
import { TypedWords } from "./typed-words.ts";

/** What typed data begins with before it is hashed (EIP-712; EIP-191, version 1). */
const PREFIX = Uint8Array.of(0x19, 0x01);
const DIGEST_BYTES = 32;

interface StructHasher {
  hash(value: Record<string, unknown>): Uint8Array;
}

/** Of a signature's last byte: 27 and 28 (Ethereum yellow paper, appendix F). */
const RECOVERY_FROM = 27;

/**
 * Signs typed data as a wallet of ethers does, bit for bit (both take their nonces from RFC 6979), by
 * libsecp256k1 in WebAssembly and with what does not change hashed once: each file of evidence that is
 * published has two signatures.
 */
export class QuickSigner implements TypedDataSigner {
  readonly address: string;
  readonly #key: Uint8Array;
  readonly #structs = new Map<object, StructHasher>();
  readonly #separators = new Map<string, Uint8Array>();

  constructor(wallet: Wallet) {
    this.address = wallet.address;
    this.#key = fromHex(wallet.privateKey as Hex, 32);
  }

  async signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const struct = this.#structs.get(types) ?? hasherOf(types);
    this.#structs.set(types, struct);
    const message = new Uint8Array(PREFIX.length + 2 * DIGEST_BYTES);
    message.set(PREFIX);
    message.set(this.#separatorOf(domain), PREFIX.length);
    message.set(struct.hash(value), PREFIX.length + DIGEST_BYTES);
    const digest = hash(message);
    const curve = await loadCurve();
    const signed = curve.signMessageHashRecoverableCompact(this.#key, digest);
    assert(typeof signed !== "string", "a key of the keystore is a private key of the curve");
    const recovery = RECOVERY_FROM + signed.recoveryId;
    return toHex(signed.signature) + recovery.toString(16);
  }

  #separatorOf(domain: TypedDataDomain): Uint8Array {
    const name = `${domain.name}/${domain.version}/${domain.chainId}/${domain.verifyingContract}`;
    const known = this.#separators.get(name);
    if (known !== undefined) return known;
    const separator = fromHex(TypedDataEncoder.hashDomain(domain) as Hex, DIGEST_BYTES);
    this.#separators.set(name, separator);
    return separator;
  }
}

function hasherOf(types: Record<string, TypedDataField[]>): StructHasher {
  const words = TypedWords.of(types);
  if (words !== undefined) return words;
  const encoder = TypedDataEncoder.from(types);
  const { primaryType } = encoder;
  return { hash: (value) => fromHex(encoder.hashStruct(primaryType, value) as Hex, DIGEST_BYTES) };
}
