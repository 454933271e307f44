import { Wallet } from "ethers";
import type { Hex } from "../../../node/core/bytes.ts";
import {
  APPROVAL_FORMAT,
  type ApprovalSignature,
  type ApprovedFacts,
  makeApproval,
  type TwinApproval,
} from "../../../node/core/twin/approval.ts";
import { type ApprovalPolicy, approvalText } from "../../../node/core/twin/approval-signatures.ts";

/** Keys of people who approve; the wallet that signs is not the code that checks. */
export const APPROVERS: Record<string, Wallet> = {
  ada: new Wallet(`0x${"a1".repeat(32)}`),
  grace: new Wallet(`0x${"b2".repeat(32)}`),
  mallory: new Wallet(`0x${"c3".repeat(32)}`),
};

export const addressOf = (name: string): Hex =>
  (APPROVERS[name] as Wallet).address.toLowerCase() as Hex;

export const policyOf = (names: string[], required = 1): ApprovalPolicy => ({
  required,
  by: names.map((name) => ({ name, address: addressOf(name) })),
});

export const factsOf = (tariff: string, draft: string): ApprovedFacts => ({
  format: APPROVAL_FORMAT,
  tariff,
  draft,
  usage: { sha256: "a".repeat(64), records: 3 },
  sums: {
    changed: 1,
    suspendedBefore: 0,
    suspendedAfter: 0,
    before: { EUR: "1.00" },
    after: { EUR: "0.90" },
  },
  report: "d".repeat(64),
});

/** @param key whose key signs, when it is not the one of that name */
export async function signedBy(
  approval: TwinApproval,
  by: string,
  { key = by, at = "2026-03-01T12:00:00.000Z" } = {},
): Promise<TwinApproval> {
  const signature = await (APPROVERS[key] as Wallet).signMessage(
    approvalText(approval, { by, at }),
  );
  const added: ApprovalSignature = { by, at, signer: addressOf(key), signature };
  return { ...approval, signatures: [...approval.signatures, added] };
}

export const approvalOf = (tariff: string, draft: string): Promise<TwinApproval> =>
  signedBy(makeApproval(factsOf(tariff, draft)), "ada");
