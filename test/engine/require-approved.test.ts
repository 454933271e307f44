import assert from "node:assert/strict";
import type { TallystickError } from "../../node/core/errors.ts";
import { APPROVAL_FORMAT, makeApproval } from "../../node/core/twin/approval.ts";
import { requireApproved } from "../../node/engine/rate/require-approved.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";

const versionOf = (version: number, amount: string) => ({
  version,
  validFromSeconds: BigInt(version),
  document: tariffDocument({
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [{ ...PER_STARTED_MINUTE, price: { amount, per: 1, unit: "min" } }],
      },
    ],
  }),
});

describe("further versions of a tariff", () => {
  // As a configuration may list them: not in order.
  const shelf = new TariffShelf([versionOf(2, "0.09"), versionOf(1, "0.10"), versionOf(4, "0.08")]);
  const rootOf = (version: number) => shelf.versions.find((one) => one.version === version)!.root;
  const approval = (tariff: string, draft: string) =>
    makeApproval({
      format: APPROVAL_FORMAT,
      tariff,
      draft,
      usage: { sha256: "a".repeat(64), records: 1 },
      sums: { changed: 0, suspendedBefore: 0, suspendedAfter: 0, before: {}, after: {} },
      approvedBy: "Ada",
    });
  const approved = new Map<number, unknown>([
    [2, approval(rootOf(1), rootOf(2))],
    [4, approval(rootOf(2), rootOf(4))],
  ]);
  const refused = (approvals: ReadonlyMap<number, unknown>, cause?: string) =>
    assert.throws(
      () => requireApproved(shelf, approvals),
      (error: TallystickError) => {
        assert.equal(error.code, "tariff.not-approved");
        assert.equal((error.cause as TallystickError | undefined)?.code, cause);
        return true;
      },
    );

  it("are used when each difference to the one before was approved", () => {
    requireApproved(shelf, approved);
    requireApproved(new TariffShelf([versionOf(3, "0.10")]), new Map());
  });

  it("are refused without an approval, and with one of something else", () => {
    refused(new Map());
    refused(new Map([...approved].slice(0, 1)));
    refused(new Map([...approved, [4, approval(rootOf(1), rootOf(4))]]), "approval.other-tariff");
    refused(new Map([...approved, [4, approval(rootOf(2), rootOf(2))]]), "approval.other-draft");
    refused(new Map([...approved, [4, { approved: true }]]), "approval.shape");
  });
});
