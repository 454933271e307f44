import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fromHex, toHex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";

/** A secret below the order of secp256k1: the first eight bytes of which are never all ones. */
const isUsable = (secret: Uint8Array): boolean =>
  secret.some((byte) => byte !== 0) && secret.subarray(0, 8).some((byte) => byte !== 0xff);

/**
 * The one-time key of a demand, in a file that its owner alone may read: without it nobody can read the
 * answer. It is written before anything is sent, so that no crash loses the key to what was demanded.
 */
export class DemandKey {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** @param fromBlock where the answer is looked for from; a file that is there already is used again */
  async make(fromBlock: bigint): Promise<{ secret: Uint8Array; fromBlock: bigint }> {
    let secret = new Uint8Array(randomBytes(32));
    while (!isUsable(secret)) secret = new Uint8Array(randomBytes(32));
    const text = JSON.stringify({ oneTimeKey: toHex(secret), fromBlock: fromBlock.toString() });
    try {
      await writeFile(this.#file, `${text}\n`, { mode: 0o600, flag: "wx" });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw this.#unusable(`can not be written (${code})`, cause);
    }
    return this.read();
  }

  /** @throws TallystickError `demand.key-unusable` */
  async read(): Promise<{ secret: Uint8Array; fromBlock: bigint }> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (cause) {
      throw this.#unusable(`can not be read (${(cause as NodeJS.ErrnoException).code})`, cause);
    }
    try {
      const { oneTimeKey, fromBlock } = JSON.parse(text) as Record<string, string>;
      return { secret: fromHex(oneTimeKey ?? "", 32), fromBlock: BigInt(fromBlock ?? "") };
    } catch (cause) {
      throw this.#unusable("holds no one-time key", cause);
    }
  }

  /** Once it was shown, or its demand came to nothing: no key serves two demands. */
  drop(): Promise<void> {
    return rm(this.#file, { force: true });
  }

  #unusable(why: string, cause: unknown): TallystickError {
    return new TallystickError(
      "demand.key-unusable",
      `The file with the one-time key ${why}. Name it with --key-file.`,
      { file: this.#file },
      cause,
    );
  }
}
