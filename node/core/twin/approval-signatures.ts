import type { Hex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { signerOfText } from "../personal-signature.ts";
import type { ApprovalSignature, TwinApproval } from "./approval.ts";

/** Who may approve what a tariff's new version changes, and how many of them it takes. */
export interface ApprovalPolicy {
  required: number;
  by: readonly Approver[];
}

export interface Approver {
  name: string;
  /** Of the key that signs. */
  address: Hex;
  /** Signatures of later than this do not count; the earlier ones stay good. */
  until?: string | undefined;
}

/** What a person signs, and a wallet shows: both tariffs, what was replayed, and the digest of all. */
export function approvalText(
  { tariff, draft, usage, report, digest }: Omit<TwinApproval, "signatures">,
  { by, at }: Pick<ApprovalSignature, "by" | "at">,
): string {
  return [
    "I approve what a new version changes of a tariff.",
    `Tariff: ${tariff}`,
    `Draft: ${draft}`,
    `Usage: ${usage.sha256}`,
    `Report: ${report}`,
    `Approval: ${digest}`,
    `By: ${by}`,
    `At: ${at}`,
  ].join("\n");
}

/**
 * That each signature is one of this approval, by the key that it names.
 * @throws TallystickError `approval.signature`
 */
export function requireGenuine({ signatures, ...approval }: TwinApproval): void {
  for (const [index, { signer, signature, ...said }] of signatures.entries()) {
    if (signerOfText(approvalText(approval, said), signature as Hex) === signer) continue;
    throw new TallystickError(
      "approval.signature",
      `The signature of "${said.by}" is not one of this approval by the key ${signer}: either was changed afterwards. Approve again.`,
      { field: `signatures.${index}` },
    );
  }
}

/**
 * That enough of those who may have approved; their signatures are genuine.
 * @throws TallystickError `approval.signer-unknown`, `approval.other-signer`, `approval.signer-ended`,
 *   `approval.too-few`
 */
export function requireSigned(
  { signatures }: TwinApproval,
  { required, by }: ApprovalPolicy,
): void {
  const good = new Set<string>();
  let trouble: TallystickError | undefined;
  for (const [index, { by: name, signer, at }] of signatures.entries()) {
    const field = `signatures.${index}`;
    const refuse = (code: string, message: string): void => {
      trouble ??= new TallystickError(code, message, { field });
    };
    const approver = by.find((one) => one.name === name);
    if (approver === undefined) {
      refuse(
        "approval.signer-unknown",
        `The configuration does not name "${name}" among those who approve; "tallystick tariff approver" does.`,
      );
    } else if (approver.address !== signer) {
      refuse("approval.other-signer", `"${name}" signs with another key than ${signer}.`);
    } else if (approver.until !== undefined && Date.parse(at) > Date.parse(approver.until)) {
      refuse("approval.signer-ended", `"${name}" approves nothing after ${approver.until}.`);
    } else good.add(signer);
  }
  if (good.size >= required) return;
  throw (
    trouble ??
    new TallystickError(
      "approval.too-few",
      `${required} have to approve it, and ${good.size} did. The next one replays the same usage by "twin --approval FILE --by NAME".`,
      { field: "signatures" },
    )
  );
}
