import { join } from "node:path";
import { Keystore, passphraseOf } from "../adapters/keystore.ts";
import { readConfig } from "../config.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { ApprovalSignature, TwinApproval } from "../core/twin/approval.ts";
import { approvalText } from "../core/twin/approval-signatures.ts";
import { readEnvironment } from "../environment.ts";
import { dataFolder, type OperatorFolder, operatorFolder } from "./data-folder.ts";
import { UsageError } from "./output.ts";

/** Whose node it is about; or a folder of keys alone, of somebody who has no node. */
export interface OperatorOptions {
  config?: string;
  data?: string;
  operator?: string;
  keys?: string;
}

/** What is signed or published can not be taken back: nobody is meant by default among several. */
export function namedOperator({ data, operator }: OperatorOptions): Promise<OperatorFolder> {
  return operatorFolder(dataFolder(data), operator, () => {
    throw new UsageError("There are several operators; say which one with --operator.");
  });
}

/** @throws TallystickError `config.…`, `keystore.passphrase-missing` */
async function keystoreOf(
  options: OperatorOptions,
): Promise<{ keys: Keystore; directory: string }> {
  const given = readEnvironment().passphrase;
  let directory = options.keys;
  let dataDirectory = options.keys ?? "";
  let ledgerIsEmbedded = false;
  if (directory === undefined) {
    const config = await readConfig(options.config ?? (await namedOperator(options)).configFile);
    dataDirectory = config.data;
    directory = join(config.data, "keys");
    ledgerIsEmbedded = config.ledger.kind === "embedded";
  }
  const passphrase = await passphraseOf({ given, dataDirectory, ledgerIsEmbedded });
  return { keys: new Keystore({ directory, passphrase, ledgerIsEmbedded }), directory };
}

/** Makes the key when there is none. @returns its address */
export async function makeApproverKey(name: string, options: OperatorOptions): Promise<Hex> {
  const { keys } = await keystoreOf(options);
  return (await keys.signer(`approver-${name}`)).address.toLowerCase() as Hex;
}

/** Signs an approval as its next one; who signed it before is refused. */
export class ApproverKey {
  readonly #name: string;
  readonly #key: { address: string; signMessage(text: string): Promise<string> };

  private constructor(
    name: string,
    key: { address: string; signMessage(text: string): Promise<string> },
  ) {
    this.#name = name;
    this.#key = key;
  }

  /** @throws TallystickError `approval.key-missing` and those of the keystore */
  static async open(name: string, options: OperatorOptions): Promise<ApproverKey> {
    const { keys, directory } = await keystoreOf(options);
    const keyName = `approver-${name}`;
    if (!(await keys.names()).includes(keyName)) {
      throw new TallystickError(
        "approval.key-missing",
        `There is no key "${keyName}" in ${directory}; "tallystick tariff approver ${name}" makes one and names it in the configuration.`,
      );
    }
    return new ApproverKey(name, await keys.signer(keyName));
  }

  /** @throws TallystickError `approval.signed-before` */
  async sign(approval: TwinApproval): Promise<TwinApproval> {
    const by = this.#name;
    const signer = this.#key.address.toLowerCase();
    if (approval.signatures.some((one) => one.signer === signer || one.by === by)) {
      throw new TallystickError(
        "approval.signed-before",
        `"${by}" signed this approval before; the next signature is another person's.`,
      );
    }
    const said = { by, at: new Date().toISOString() };
    const signature = await this.#key.signMessage(approvalText(approval, said));
    const added: ApprovalSignature = { ...said, signer, signature: signature.toLowerCase() };
    return { ...approval, signatures: [...approval.signatures, added] };
  }
}
