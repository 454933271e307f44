import type { AbstractSigner } from "ethers";
import type { Hex } from "../core/bytes.ts";
import { Interface } from "./evm-library.ts";
import { LEDGER_ABI } from "./ledger-abi.ts";

/*
 * A call that one signs and anybody carries (ERC-2771): the signer needs neither an account on the
 * ledger nor a fee. Good once, on one chain, for one contract, until its deadline.
 */

const TYPES = {
  ForwardRequest: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "gas", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint48" },
    { name: "data", type: "bytes" },
  ],
};
/** The name under which scripts/deploy.ts puts the forwarder onto a ledger. */
export const FORWARDER_NAME = "Tallystick Forwarder";

export interface ForwardedCall {
  /** Contract that trusts the forwarder: claims, settlement, netting or disputes. */
  contract: "claims" | "settlement" | "netting" | "disputes";
  to: Hex;
  method: string;
  args: readonly unknown[];
  /** What the call may use at most. */
  gas: bigint;
  /** Of the signer, as the forwarder's `nonces` says it. */
  nonce: bigint;
  /** Block time in seconds. */
  deadlineSeconds: number;
}

/** As `execute` of the forwarder takes it; travels as JSON with decimal strings. */
export interface ForwardRequest {
  from: string;
  to: string;
  value: bigint;
  gas: bigint;
  deadline: number;
  data: string;
  signature: string;
}

export async function signForwardRequest(
  signer: AbstractSigner,
  forwarder: { chainId: bigint; address: Hex },
  call: ForwardedCall,
): Promise<ForwardRequest> {
  const request = {
    from: await signer.getAddress(),
    to: call.to,
    value: 0n,
    gas: call.gas,
    deadline: call.deadlineSeconds,
    data: new Interface(LEDGER_ABI[call.contract]).encodeFunctionData(call.method, [...call.args]),
  };
  const domain = {
    name: FORWARDER_NAME,
    version: "1",
    chainId: forwarder.chainId,
    verifyingContract: forwarder.address,
  };
  const signature = await signer.signTypedData(domain, TYPES, { ...request, nonce: call.nonce });
  return { ...request, signature };
}
