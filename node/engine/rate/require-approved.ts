import { TallystickError } from "../../core/errors.ts";
import { requireApproval } from "../../core/twin/approval.ts";
import { type ApprovalPolicy, requireSigned } from "../../core/twin/approval-signatures.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

/**
 * That somebody approved what each further version of a tariff changes, against recorded usage. The
 * first version replaces nothing.
 * @param approvals by version, as they were read
 * @throws TallystickError `tariff.not-approved`, whose cause says what is wrong with an approval
 */
export function requireApproved(
  { versions }: TariffShelf,
  approvals: ReadonlyMap<number, unknown>,
  policy: ApprovalPolicy,
): void {
  const ordered = [...versions].sort((a, b) => a.version - b.version);
  for (const [index, { version, root }] of ordered.entries()) {
    const earlier = ordered[index - 1];
    if (earlier === undefined) continue;
    requireApprovedDifference(version, approvals.get(version), {
      earlier: earlier.root,
      root,
      policy,
    });
  }
}

/** Roots of two versions, and who may say that one replaces the other. */
export interface ApprovedChange {
  earlier: string;
  root: string;
  policy: ApprovalPolicy;
}

/**
 * @param approval as it was read; undefined where there is none
 * @throws TallystickError `tariff.not-approved`, whose cause says what is wrong with the approval
 */
export function requireApprovedDifference(
  version: number,
  approval: unknown,
  { earlier, root, policy }: ApprovedChange,
): void {
  const refuse = (because: string, cause?: unknown): TallystickError =>
    new TallystickError(
      "tariff.not-approved",
      `Version ${version} of the tariff is not approved: ${because} Replay recorded usage by ` +
        '"tallystick twin --approve", and name the file in the configuration.',
      { field: `tariffs.${version}.approval` },
      cause,
    );
  if (approval === undefined) throw refuse("there is no approval of its difference.");
  try {
    requireSigned(requireApproval(approval, earlier, root), policy);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    throw refuse(cause.message, cause);
  }
}
