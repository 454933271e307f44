import { ContractFactory, type ContractRunner, Interface, type Signer } from "ethers";
import { readArtifact } from "./artifacts.ts";

export interface Deployed {
  name: string;
  address: string;
}

/** Sends what puts contracts onto a ledger, one transaction after the other. */
export class Deployment {
  readonly #signer: Signer & ContractRunner;
  readonly #onStep: (what: string) => void;

  constructor(signer: Signer, onStep: (what: string) => void) {
    this.#signer = signer;
    this.#onStep = onStep;
  }

  async deploy(name: string, args: unknown[]): Promise<string> {
    this.#onStep(`deploying ${name}`);
    const { abi, bytecode } = await readArtifact(name);
    const contract = await new ContractFactory(abi, bytecode, this.#signer).deploy(...args);
    await contract.waitForDeployment();
    return contract.getAddress();
  }

  async call(target: Deployed, method: string, args: unknown[]): Promise<void> {
    this.#onStep(`${target.name}.${method}`);
    const { abi } = await readArtifact(target.name);
    const data = new Interface(abi).encodeFunctionData(method, args);
    const sent = await this.#signer.sendTransaction({ to: target.address, data });
    await sent.wait();
  }

  /** Only `holders` may call `method` of the target from now on. */
  async allow(
    manager: Deployed,
    role: bigint,
    name: string,
    target: string,
    method: string,
    holders: string[],
  ): Promise<void> {
    const { abi } = await readArtifact(name);
    const selector = new Interface(abi).getFunction(method)?.selector;
    await this.call(manager, "setTargetFunctionRole", [target, [selector], role]);
    for (const holder of holders) await this.call(manager, "grantRole", [role, holder, 0]);
  }
}
