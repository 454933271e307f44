import type { Secp256k1 } from "@bitauth/libauth";
import {
  getBytes,
  keccak256,
  type TypedDataDomain,
  TypedDataEncoder,
  type TypedDataField,
  type Wallet,
} from "ethers";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import type { TypedDataSigner } from "./receipt-signer.ts";

/** Of a signature's last byte: 27 and 28 (Ethereum yellow paper, appendix F). */
const RECOVERY_FROM = 27;

/**
 * Signs typed data as a wallet of ethers does, bit for bit (both take their nonces from RFC 6979), by
 * libsecp256k1 in WebAssembly and with what does not change hashed once: each file of evidence that is
 * published has two signatures.
 */
export class QuickSigner implements TypedDataSigner {
  readonly address: string;
  readonly #curve: Secp256k1;
  readonly #key: Uint8Array;
  readonly #encoders = new Map<object, TypedDataEncoder>();
  readonly #domains = new Map<string, string>();

  private constructor(wallet: Wallet, curve: Secp256k1) {
    this.address = wallet.address;
    this.#curve = curve;
    this.#key = fromHex(wallet.privateKey as Hex, 32);
  }

  static async of(wallet: Wallet): Promise<QuickSigner> {
    const { instantiateSecp256k1 } = await import("@bitauth/libauth");
    return new QuickSigner(wallet, await instantiateSecp256k1());
  }

  async signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const encoder = this.#encoders.get(types) ?? TypedDataEncoder.from(types);
    this.#encoders.set(types, encoder);
    const separator = this.#separatorOf(domain);
    const digest = getBytes(keccak256(`0x1901${separator}${encoder.hash(value).slice(2)}`));
    const signed = this.#curve.signMessageHashRecoverableCompact(this.#key, digest);
    assert(typeof signed !== "string", "a key of the keystore is a private key of the curve");
    const recovery = RECOVERY_FROM + signed.recoveryId;
    return toHex(signed.signature) + recovery.toString(16);
  }

  #separatorOf(domain: TypedDataDomain): string {
    const name = `${domain.name}/${domain.version}/${domain.chainId}/${domain.verifyingContract}`;
    const separator = this.#domains.get(name) ?? TypedDataEncoder.hashDomain(domain).slice(2);
    this.#domains.set(name, separator);
    return separator;
  }
}
