import assert from "node:assert/strict";
import { encodeCall } from "../../../node/adapters/evm-contracts.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { type Bundle, isClosed, parseBundle } from "../../../node/core/evidence/bundle.ts";
import { mispricedOpening, repriceLine } from "../../../node/core/evidence/mispriced-opening.ts";
import { filled } from "../../adapters/memory-members.ts";
import { EPOCH, MemoryOperator, runOctober } from "../../http/memory-operator.ts";

/** The line that a clerk priced by hand, 0.60 instead of 0.30. */
const LINE = "2";

const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof TallystickError ? error.code : String(error);
  }
  return "none";
};

describe("mispricedOpening", () => {
  let operator: MemoryOperator;
  let bundle: Bundle;

  before(async () => {
    operator = await MemoryOperator.start();
    await runOctober(operator);
    bundle = parseBundle(JSON.stringify(await operator.pipeline.evidence("bert", EPOCH)));
  });
  after(() => operator.stop());

  it("is what the contract takes, after a journey as JSON", () => {
    const opening = JSON.parse(JSON.stringify(mispricedOpening(bundle, LINE)));
    const data = encodeCall({
      contract: "claims",
      method: "openMispriced",
      args: [filled("00", 32), opening],
    });
    assert.ok(data.length > 2_000);
  });

  it("shows neither the account nor the party, only their digests", () => {
    const text = JSON.stringify(mispricedOpening(bundle, LINE));
    const { account, party } = bundle.charges[1]!;
    assert.ok(!isClosed(account) && !isClosed(party));
    for (const secret of [account.salt, account.pseudonym, account.sourceTag, party.salt]) {
      assert.ok(!text.includes(secret.slice(2)));
    }
  });

  it("holds the amount and the row that the tariff prices it by", () => {
    const [charge, rest, path, price] = mispricedOpening(bundle, LINE);
    assert.equal(rest.amountNano, "600000000");
    assert.equal(path.siblings.length, path.depth);
    assert.equal(price.price.price, "100000000");
    assert.equal(price.header.currency, "0x455552");
    assert.equal(charge.scopes.length, 2);
    assert.equal(repriceLine(bundle, LINE), 300_000_000n);
  });

  it("names the version in force, whatever version the charge names", () => {
    const misnamed = structuredClone(bundle);
    const third = misnamed.charges[2]!;
    assert.ok(!isClosed(third.charge));
    third.charge.tariffVersion = 1;
    assert.equal(repriceLine(misnamed, "3"), 110_000_000n);
  });

  it("refuses lines that the bundle does not open", () => {
    assert.equal(
      code(() => mispricedOpening(bundle, "77")),
      "opening.not-possible",
    );
    const closed = structuredClone(bundle);
    closed.charges[1] = { ...closed.charges[1]!, charge: { digest: filled("00", 32) } };
    assert.equal(
      code(() => mispricedOpening(closed, LINE)),
      "opening.not-possible",
    );
    const waiting = structuredClone(bundle);
    for (const batch of waiting.batches) delete batch.blockTime;
    assert.equal(
      code(() => mispricedOpening(waiting, LINE)),
      "opening.not-possible",
    );
    assert.equal(
      code(() => repriceLine({ ...bundle, tariffs: [] }, LINE)),
      "opening.not-possible",
    );
  });
});
