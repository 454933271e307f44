import { TallystickError } from "../../core/errors.ts";
import { requireApproval } from "../../core/twin/approval.ts";
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
): void {
  const ordered = [...versions].sort((a, b) => a.version - b.version);
  for (const [index, { version, root }] of ordered.entries()) {
    const earlier = ordered[index - 1];
    if (earlier === undefined) continue;
    requireApprovedDifference(version, approvals.get(version), earlier.root, root);
  }
}

/**
 * @param approval as it was read; undefined where there is none
 * @throws TallystickError `tariff.not-approved`, whose cause says what is wrong with the approval
 */
export function requireApprovedDifference(
  version: number,
  approval: unknown,
  earlierRoot: string,
  root: string,
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
    requireApproval(approval, earlierRoot, root);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    throw refuse(cause.message, cause);
  }
}
