import assert from "node:assert/strict";
import type { TallystickError } from "../../node/core/errors.ts";
import { requireApproved } from "../../node/engine/rate/require-approved.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { approvalOf, policyOf } from "../core/twin/signed-approval.ts";

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
  const policy = policyOf(["ada"]);
  let approved: Map<number, unknown>;
  before(async () => {
    approved = new Map<number, unknown>([
      [2, await approvalOf(rootOf(1), rootOf(2))],
      [4, await approvalOf(rootOf(2), rootOf(4))],
    ]);
  });
  const refused = (approvals: ReadonlyMap<number, unknown>, cause?: string, by = policy) =>
    assert.throws(
      () => requireApproved(shelf, approvals, by),
      (error: TallystickError) => {
        assert.equal(error.code, "tariff.not-approved");
        assert.equal((error.cause as TallystickError | undefined)?.code, cause);
        return true;
      },
    );

  it("are used when each difference to the one before was approved", () => {
    requireApproved(shelf, approved, policy);
    requireApproved(new TariffShelf([versionOf(3, "0.10")]), new Map(), policy);
  });

  it("are refused without an approval, and with one of something else or somebody else", async () => {
    refused(new Map());
    refused(new Map([...approved].slice(0, 1)));
    refused(
      new Map([...approved, [4, await approvalOf(rootOf(1), rootOf(4))]]),
      "approval.other-tariff",
    );
    refused(
      new Map([...approved, [4, await approvalOf(rootOf(2), rootOf(2))]]),
      "approval.other-draft",
    );
    refused(new Map([...approved, [4, { approved: true }]]), "approval.shape");
    refused(approved, "approval.signer-unknown", policyOf(["grace"]));
    refused(approved, "approval.too-few", policyOf(["ada", "grace"], 2));
  });
});
