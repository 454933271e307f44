import { z } from "zod";
import { toHex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { hashDocument } from "../hash.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import { requireGenuine } from "./approval-signatures.ts";

/*
 * Who approved the difference that a draft makes to recorded usage. It binds both tariffs by their
 * roots, the usage and the report by their digests, and the sums; so it says nothing for another draft,
 * and whoever replays the same usage can see that the sums are the ones that were approved. Those who
 * approve sign it, each with a key of their own.
 */

export const APPROVAL_FORMAT = "tallystick-twin-approval-2";

const SIGNATURES_MAX = 16;

const root = z.string().regex(/^0x[0-9a-f]{64}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const amounts = z.record(z.string().regex(/^[A-Z]{3}$/), z.string().regex(/^-?\d+(\.\d+)?$/));

const approvalFields = z.strictObject({
  format: z.literal(APPROVAL_FORMAT),
  tariff: root.describe("Root of the tariff in force"),
  draft: root.describe("Root of the draft, as it is to be published"),
  usage: z.strictObject({ sha256, records: z.int().nonnegative() }),
  /** Of the accounts file; absent where each served number was an account. */
  accounts: sha256.optional(),
  period: z.string().max(80).optional(),
  sums: z.strictObject({
    changed: z.int().nonnegative(),
    suspendedBefore: z.int().nonnegative(),
    suspendedAfter: z.int().nonnegative(),
    before: amounts,
    after: amounts,
  }),
  report: sha256.describe("Of the page that `twin --report` writes of this replay"),
});
const approvalSignature = z.strictObject({
  by: z.string().min(1).max(64),
  signer: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/)
    .describe("Address of the key"),
  at: z.iso.datetime(),
  signature: z
    .string()
    .regex(/^0x[0-9a-f]{130}$/)
    .describe("ERC-191, of `approvalText`"),
});
const approvalFile = approvalFields.extend({
  digest: root,
  signatures: z.array(approvalSignature).max(SIGNATURES_MAX),
});

export type ApprovedFacts = z.infer<typeof approvalFields>;
export type ApprovalSignature = z.infer<typeof approvalSignature>;
export type TwinApproval = z.infer<typeof approvalFile>;

/** Without a signature yet. @throws TallystickError `approval.nothing-replayed` */
export function makeApproval(facts: ApprovedFacts): TwinApproval {
  requireReplay(facts);
  return { ...facts, digest: digestOf(facts), signatures: [] };
}

/** Of no use, or of use that neither tariff has a price for, any two tariffs are the same. */
function requireReplay({ usage, sums }: ApprovedFacts): void {
  if (Math.min(sums.suspendedBefore, sums.suspendedAfter) < usage.records) return;
  throw new TallystickError(
    "approval.nothing-replayed",
    "No record of the usage has a price, so nothing was compared; replay recorded usage.",
    { field: "usage" },
  );
}

function digestOf(facts: ApprovedFacts): string {
  return toHex(hashDocument(new TextEncoder().encode(canonicalJson(facts))));
}

/**
 * Reads an approval and requires that it is one of this draft in the place of this tariff, whose
 * signatures are genuine.
 * @throws TallystickError `approval.shape`, `approval.digest`, `approval.other-tariff`,
 *   `approval.other-draft`, `approval.nothing-replayed`, `approval.signature`
 */
export function requireApproval(
  input: unknown,
  tariffRoot: string,
  draftRoot: string,
): TwinApproval {
  const parsed = approvalFile.safeParse(input);
  if (!parsed.success) {
    const { field, says } = firstShapeProblem(parsed.error, input);
    throw new TallystickError(
      "approval.shape",
      `This is no approval of a tariff's difference: ${says}.`,
      { field },
    );
  }
  const { digest, signatures: _, ...facts } = parsed.data;
  if (digestOf(facts) !== digest) {
    throw new TallystickError(
      "approval.digest",
      "The approval was changed after it was made: its digest is another. Run twin again.",
    );
  }
  if (facts.tariff !== tariffRoot) {
    throw new TallystickError(
      "approval.other-tariff",
      "The approval compares with another tariff than the one before this version. Run twin again.",
      { field: "tariff" },
    );
  }
  if (facts.draft !== draftRoot) {
    throw new TallystickError(
      "approval.other-draft",
      "The approval is of another draft than this tariff; a changed draft needs one of its own.",
      { field: "draft" },
    );
  }
  requireReplay(facts);
  requireGenuine(parsed.data);
  return parsed.data;
}

/**
 * That a replay gives what was approved.
 * @throws TallystickError `approval.other-usage`, `approval.other-sums`, `approval.other-report`
 */
export function requireSameReplay(approval: TwinApproval, replayed: ApprovedFacts): void {
  const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
  const isSameUse =
    same(approval.usage, replayed.usage) &&
    approval.accounts === replayed.accounts &&
    approval.period === replayed.period;
  if (!isSameUse) {
    throw new TallystickError(
      "approval.other-usage",
      "The approval is of other usage, accounts or another period than were replayed.",
      { field: "usage" },
    );
  }
  if (!same(approval.sums, replayed.sums)) {
    throw new TallystickError(
      "approval.other-sums",
      "The same usage comes to other sums than were approved.",
      { field: "sums" },
    );
  }
  requireSameReport(approval, replayed.report);
}

/** @param report SHA-256 of a page. @throws TallystickError `approval.other-report` */
export function requireSameReport(approval: Pick<TwinApproval, "report">, report: string): void {
  if (approval.report === report) return;
  throw new TallystickError(
    "approval.other-report",
    "The report is not the one that was approved: it was changed, or another program wrote it.",
    { field: "report" },
  );
}
