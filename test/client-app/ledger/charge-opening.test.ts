import assert from "node:assert/strict";
import { Interface } from "ethers";
import { openCharge } from "../../../client-app/src/ledger/charge-opening.ts";
import { LEDGER_ABI } from "../../../node/adapters/ledger-abi.ts";
import { fromHex, toHex } from "../../../node/core/bytes.ts";
import { chargeGroupDigest } from "../../../node/core/commitment/charge-groups.ts";
import { rootFromPath } from "../../../node/core/commitment/inclusion-tree.ts";
import { chargeLeaf } from "../../../node/core/commitment/leaf.ts";
import { chargeFromJson } from "../../../node/core/evidence/group-json.ts";
import { sampleBundle } from "../sample-bundle.ts";

const { bundle } = sampleBundle({ endpoints: [] });
const claims = new Interface(LEDGER_ABI.claims);
const encode = (line: string): string => {
  const { charge, rest, path, price } = openCharge(bundle, line);
  return claims.encodeFunctionData("openMispriced", [
    `0x${"11".repeat(32)}`,
    [charge, rest, path, price],
  ]);
};

describe("what the ledger is shown of a charge", () => {
  it("is what the contract takes, and survives its encoding", () => {
    const decoded = claims.decodeFunctionData("openMispriced", encode("10"));
    const [charge, rest] = decoded[1];
    const proof = bundle.charges[9];
    assert.ok(proof !== undefined && "quantity" in proof.charge);
    assert.equal(charge.quantity, BigInt(proof.charge.quantity));
    assert.equal(charge.visitedNetwork, "0xffffff");
    assert.equal(rest.amountNano, BigInt(proof.amountNano));
  });
  it("leads from the charge to the root of its batch", () => {
    const { rest, path } = openCharge(bundle, "10");
    const proof = bundle.charges[9];
    const batch = bundle.batches[proof?.batch ?? 0];
    assert.ok(proof !== undefined && batch !== undefined && "quantity" in proof.charge);
    const leaf = chargeLeaf(
      fromHex(batch.domain),
      {
        account: fromHex(rest.account),
        party: fromHex(rest.party),
        charge: chargeGroupDigest(chargeFromJson(proof.charge)),
      },
      BigInt(rest.amountNano),
    );
    const siblings = path.siblings.map((step) => fromHex(step));
    assert.equal(toHex(rootFromPath(leaf, proof.leafIndex, siblings)), batch.root);
  });
  it("never holds the account group, nor the rest of the number", () => {
    const data = encode("10");
    const proof = bundle.charges[9];
    assert.ok(proof !== undefined && "salt" in proof.account && "salt" in proof.party);
    for (const secret of [proof.account.salt, proof.account.pseudonym, proof.party.salt]) {
      assert.ok(!data.includes(secret.slice(2)));
    }
  });
  it("can not be made of a charge that is closed to this reader", () => {
    const closed = structuredClone(bundle);
    const [first] = closed.charges;
    assert.ok(first !== undefined);
    first.charge = { digest: `0x${"00".repeat(32)}` };
    assert.throws(() => openCharge(closed, "1"), { code: "dispute.group-closed" });
  });
});
