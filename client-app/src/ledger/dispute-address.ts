import { computeAddress } from "ethers";
import type { Hex } from "../../../node/core/bytes.ts";
import { disputeKey } from "../../../node/core/evidence/access-link.ts";

/** The address that the link's secret yields for one billing epoch: whose bill it is, and who disputes. */
export const disputeAddress = (secret: Uint8Array, epoch: string): Hex =>
  computeAddress(disputeKey(secret, epoch)).toLowerCase() as Hex;
