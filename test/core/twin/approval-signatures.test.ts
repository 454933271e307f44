import assert from "node:assert/strict";
import { makeApproval, requireApproval } from "../../../node/core/twin/approval.ts";
import { requireSigned } from "../../../node/core/twin/approval-signatures.ts";
import { addressOf, factsOf, policyOf, signedBy } from "./signed-approval.ts";

const OLD = `0x${"1".repeat(64)}`;
const NEW = `0x${"2".repeat(64)}`;
const unsigned = makeApproval(factsOf(OLD, NEW));

describe("signatures of an approval", () => {
  const signed = () => signedBy(unsigned, "ada");

  it("count when they are by who may approve, whoever else signed", async () => {
    const approval = requireApproval(await signedBy(await signed(), "mallory"), OLD, NEW);
    requireSigned(approval, policyOf(["ada", "grace"]));
  });

  it("tell when the approval is another one than was signed", async () => {
    const { signatures } = await signed();
    const other = makeApproval({ ...factsOf(OLD, NEW), report: "e".repeat(64) });
    const forged = [
      { ...other, signatures },
      { ...unsigned, signatures: signatures.map((one) => ({ ...one, by: "grace" })) },
      {
        ...unsigned,
        signatures: signatures.map((one) => ({ ...one, at: "2026-03-02T12:00:00Z" })),
      },
      {
        ...unsigned,
        signatures: signatures.map((one) => ({ ...one, signer: addressOf("grace") })),
      },
      {
        ...unsigned,
        signatures: signatures.map((one) => ({ ...one, signature: `0x${"0".repeat(130)}` })),
      },
    ];
    for (const one of forged) {
      assert.throws(() => requireApproval(one, OLD, NEW), { code: "approval.signature" });
    }
  });

  it("of others, or of none, approve nothing", async () => {
    const policy = policyOf(["ada", "grace"]);
    const refused = (approval: typeof unsigned, code: string, by = policy) =>
      assert.throws(() => requireSigned(requireApproval(approval, OLD, NEW), by), { code });
    refused(unsigned, "approval.too-few");
    refused(await signedBy(unsigned, "mallory"), "approval.signer-unknown");
    refused(await signedBy(unsigned, "ada", { key: "mallory" }), "approval.other-signer");
    refused(await signed(), "approval.signer-unknown", policyOf([]));
  });

  it("of a second person can be required, and one person's two names are one person", async () => {
    const policy = policyOf(["ada", "grace"], 2);
    const one = await signed();
    assert.throws(() => requireSigned(one, policy), { code: "approval.too-few" });
    requireSigned(await signedBy(one, "grace"), policy);
    const twice = await signedBy(one, "ada-too", { key: "ada" });
    const sameKey = {
      required: 2,
      by: [...policy.by, { name: "ada-too", address: addressOf("ada") }],
    };
    assert.throws(() => requireSigned(twice, sameKey), { code: "approval.too-few" });
  });

  it("stay good when somebody approves no longer", async () => {
    const policy = (until: string) => ({
      required: 1,
      by: [{ name: "ada", address: addressOf("ada"), until }],
    });
    requireSigned(await signed(), policy("2026-03-01T12:00:00.000Z"));
    const ended = policy("2026-03-01T11:59:59.999Z");
    const late = await signed();
    assert.throws(() => requireSigned(late, ended), { code: "approval.signer-ended" });
  });
});
