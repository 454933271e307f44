import type { Hex } from "../bytes.ts";
import type { CurvePoint } from "./sealed-delivery.ts";

/** EIP-712 type of a subscriber's demand: DEMAND_TYPEHASH of contracts/Demands.sol. */
export const DEMAND_TYPES = {
  Demand: [
    { name: "pseudonym", type: "bytes32" },
    { name: "chargeNumber", type: "uint64" },
    { name: "keyX", type: "uint256" },
    { name: "keyY", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "validUntil", type: "uint64" },
  ],
};

/** EIP-712 type of what an operator signs when it is asked: RECEIPT_TYPEHASH of Standings.sol. */
export const RECEIPT_TYPES = {
  Receipt: [
    { name: "book", type: "bytes20" },
    { name: "pseudonym", type: "bytes32" },
    { name: "lastChargeNumber", type: "uint64" },
    { name: "issuedAt", type: "uint64" },
  ],
};

export interface DemandMessage {
  pseudonym: Hex;
  chargeNumber: bigint;
  keyX: bigint;
  keyY: bigint;
  nonce: bigint;
  /** Block time in seconds. */
  validUntil: bigint;
}

/** The signature is good for one chain and one contract. */
export const demandDomain = (chainId: bigint, demands: Hex) => ({
  name: "Tallystick Demands",
  version: "1",
  chainId,
  verifyingContract: demands,
});

export const receiptDomain = (chainId: bigint, standings: Hex) => ({
  name: "Tallystick Standings",
  version: "1",
  chainId,
  verifyingContract: standings,
});

export const demandMessage = (
  of: Pick<DemandMessage, "pseudonym" | "chargeNumber" | "nonce" | "validUntil">,
  key: CurvePoint,
): DemandMessage => ({ ...of, keyX: key.x, keyY: key.y });
