import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import {
  decryptKeystoreJson,
  encryptKeystoreJson,
  getAddress,
  isKeystoreJson,
  Wallet,
} from "./evm-library.ts";
import "./native-scrypt.ts";

/**
 * The accounts of the mnemonic "test test … junk", which every development tool knows, and with
 * them everyone. The embedded ledger may use them; on any other one they are refused.
 */
export const DEVELOPMENT_ADDRESSES: ReadonlySet<string> = new Set([
  "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
  "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
  "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
  "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
  "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
  "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
  "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
  "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
  "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
]);

/**
 * Work factor of scrypt. A passphrase that a person chose gets Web3's customary 2^17 (about a second
 * for each key, 128 MB). A generated one has 256 random bits: no stretching makes it harder to
 * guess, so 2^14 keeps a start with a dozen keys short.
 */
const SCRYPT_N = { chosen: 2 ** 17, generated: 2 ** 14 } as const;

export interface Passphrase {
  text: string;
  origin: keyof typeof SCRYPT_N;
}

export interface PassphraseSource {
  /** From the environment, read by the caller. */
  given: string | undefined;
  dataDirectory: string;
  ledgerIsEmbedded: boolean;
}

/**
 * The passphrase of a node's keys: as given, or for the embedded ledger only, whose keys are worth
 * nothing elsewhere, one generated into a file beside the data that its owner alone may read.
 * @throws TallystickError `keystore.passphrase-missing`
 */
export async function passphraseOf(source: PassphraseSource): Promise<Passphrase> {
  if (source.given !== undefined && source.given !== "") {
    return { text: source.given, origin: "chosen" };
  }
  if (!source.ledgerIsEmbedded) {
    throw new TallystickError(
      "keystore.passphrase-missing",
      "The keys need a passphrase: set TALLYSTICK_PASSPHRASE.",
    );
  }
  const file = join(source.dataDirectory, "passphrase");
  await mkdir(source.dataDirectory, { recursive: true, mode: 0o700 });
  await createOnce(file, randomBytes(32).toString("base64url"));
  return { text: (await readFile(file, "utf8")).trim(), origin: "generated" };
}

export interface KeystoreOptions {
  /** Each key is a file `NAME.json` here. */
  directory: string;
  passphrase: Passphrase;
  ledgerIsEmbedded: boolean;
}

/**
 * A node's signing keys, each in an encrypted file of the Web3 Secret Storage format (version 3),
 * which other Ethereum tools read as well. A key once written is never overwritten.
 */
export class Keystore {
  readonly #options: KeystoreOptions;
  readonly #unlocked = new Map<string, Promise<Wallet>>();

  constructor(options: KeystoreOptions) {
    this.#options = options;
  }

  async names(): Promise<string[]> {
    const files = await readdir(this.#options.directory).catch(() => []);
    return files
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length))
      .sort();
  }

  /**
   * The key of this name, made now if there is none. Unlocked once, then kept in memory.
   * @throws TallystickError `keystore.wrong-passphrase`, `keystore.damaged`,
   *   `keystore.development-key`, `keystore.bad-name`
   */
  async signer(name: string): Promise<Wallet> {
    return await this.#once(name, async () => {
      const made = (await this.#exists(name)) ? undefined : Wallet.createRandom();
      // A new key needs no unlocking, unless another process was faster and its key counts.
      if (made !== undefined && (await this.#write(name, made.privateKey))) {
        return new Wallet(made.privateKey);
      }
      return await this.#unlock(name);
    });
  }

  /**
   * Stores a key that was made elsewhere.
   * @throws TallystickError `keystore.exists`, `keystore.development-key`, `keystore.bad-name`
   */
  async importKey(name: string, privateKey: string): Promise<void> {
    const wallet = new Wallet(privateKey);
    this.#refuseDevelopmentKey(name, wallet.address);
    if (!(await this.#write(name, privateKey))) {
      throw new TallystickError("keystore.exists", `There is a key "${name}" already.`, {
        file: this.#file(name),
      });
    }
  }

  #once(name: string, unlock: () => Promise<Wallet>): Promise<Wallet> {
    const known = this.#unlocked.get(name);
    if (known !== undefined) return known;
    const unlocking = unlock();
    this.#unlocked.set(name, unlocking);
    unlocking.catch(() => this.#unlocked.delete(name)); // a later try may go better
    return unlocking;
  }

  async #exists(name: string): Promise<boolean> {
    this.#file(name);
    return (await this.names()).includes(name);
  }

  async #write(name: string, privateKey: string): Promise<boolean> {
    const file = this.#file(name);
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    const { text, origin } = this.#options.passphrase;
    const account = { address: new Wallet(privateKey).address, privateKey };
    const json = await encryptKeystoreJson(account, text, { scrypt: { N: SCRYPT_N[origin] } });
    return await createOnce(file, json);
  }

  async #unlock(name: string): Promise<Wallet> {
    const file = this.#file(name);
    const json = await readFile(file, "utf8");
    if (!isKeystoreJson(json)) throw damaged(file);
    this.#refuseDevelopmentKey(name, addressIn(json));
    try {
      const { privateKey } = await decryptKeystoreJson(json, this.#options.passphrase.text);
      return new Wallet(privateKey);
    } catch (error) {
      if (error instanceof Error && /password/i.test(error.message)) {
        throw new TallystickError(
          "keystore.wrong-passphrase",
          "The passphrase does not open this key. Set TALLYSTICK_PASSPHRASE to the one it was made with.",
          { file },
        );
      }
      throw damaged(file);
    }
  }

  #refuseDevelopmentKey(name: string, address: string): void {
    if (this.#options.ledgerIsEmbedded || !DEVELOPMENT_ADDRESSES.has(address)) return;
    throw new TallystickError(
      "keystore.development-key",
      `The key "${name}" is a development key that everyone knows. Only the embedded ledger may use it.`,
      { file: this.#file(name) },
    );
  }

  #file(name: string): string {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) {
      throw new TallystickError(
        "keystore.bad-name",
        `A key's name has small letters, digits and hyphens, not ${JSON.stringify(name)}.`,
      );
    }
    return join(this.#options.directory, `${name}.json`);
  }
}

function addressIn(json: string): string {
  const { address } = JSON.parse(json) as { address?: unknown };
  try {
    return typeof address === "string" ? getAddress(`0x${address.replace(/^0x/i, "")}`) : "";
  } catch {
    return "";
  }
}

/** The cause is left out: it may quote the file. */
function damaged(file: string): TallystickError {
  return new TallystickError(
    "keystore.damaged",
    "This is not a key in the Web3 Secret Storage format. Restore it from a backup.",
    { file },
  );
}

/**
 * Whole and durable, or not at all; false when the file is there already. Readable by its owner
 * alone from its first byte.
 */
async function createOnce(file: string, text: string): Promise<boolean> {
  // At nearly each start: who is killed meanwhile would leave a part behind each time.
  if (existsSync(file)) return false;
  const own = `${file}.${process.pid}.${randomBytes(4).toString("hex")}.partial`;
  const handle = await open(own, "wx", 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
    await handle.close();
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await handle.close().catch(() => {});
    await rm(own, { force: true });
  }
}
