import { strict as assert } from "node:assert";
import { id } from "ethers";
import type { Hex } from "../../node/core/bytes.ts";
import type { ChargeItem, OpenedBatch } from "../../scripts/attack/opened-batch.ts";
import { BreachScene, MINUTE } from "./support/breach-scene.ts";
import { agree, DAY, NO_BOOK, openBook, retailTerms } from "./support/parties.ts";
import { NO_RUNNING } from "./support/records.ts";

/*
 * Attacks by the clock and by changes of keys and roles under way. One second decides, so every test
 * sets the time of the block that the call is judged in.
 */
describe("Attacks by timing", () => {
  let scene: BreachScene;

  before(async () => {
    scene = await BreachScene.start();
  });

  /** The next block stands at this ledger time. Calls are judged in a block of the same time. */
  async function atLedgerTime(target: bigint): Promise<void> {
    const { ledger } = scene;
    for (;;) {
      const time = (await ledger.read("clock", "ledgerTime")) as bigint;
      const missing = target - time;
      if (missing <= 0n) return;
      const step = missing < 20_000n ? missing : 20_000n;
      const next = (await scene.now()) + step;
      await ledger.provider.send("evm_setNextBlockTimestamp", [`0x${next.toString(16)}`]);
      await ledger.send(ledger.account(19), "clock", "tick");
    }
  }

  async function lodged(amount = 2n * MINUTE): Promise<{ claim: string; batch: OpenedBatch }> {
    const { ledger, finder } = scene;
    const items: ChargeItem[] = [await scene.call({}, { start: 0n })];
    const batch = await scene.commit(scene.books.charges, items);
    const call = [100, batch.book, batch.sequence, 0, amount, batch.leaf(0)] as const;
    const claim = (await ledger.preview(finder, "claims", "claim", ...call)) as string;
    await ledger.send(finder, "claims", "claim", ...call);
    return { claim, batch };
  }

  it("an answer in the last second counts, one second later silence does", async () => {
    const { ledger, operator, finder } = scene;
    const { claim } = await lodged();
    const deadline = (await ledger.read("claims", "deadlineOf", claim)) as bigint;
    await atLedgerTime(deadline);
    assert.equal(
      await ledger.refusal(finder, "claims", "concludeSilence", claim),
      "DeadlineNotPassed",
    );
    await ledger.preview(operator.commit, "claims", "contest", claim);
    await atLedgerTime(deadline + 1n);
    for (const answer of ["contest", "concede"]) {
      assert.equal(
        await ledger.refusal(operator.commit, "claims", answer, claim),
        "DeadlinePassed",
      );
    }
    await ledger.send(finder, "claims", "concludeSilence", claim);
  });

  it("a block that jumps ahead costs nobody more than a heartbeat of a window", async () => {
    const { ledger, operator, finder } = scene;
    const { claim } = await lodged();
    await ledger.provider.send("evm_increaseTime", [30 * DAY]);
    await ledger.provider.send("evm_mine", []);
    assert.equal(
      await ledger.refusal(finder, "claims", "concludeSilence", claim),
      "DeadlineNotPassed",
    );
    await ledger.send(operator.commit, "claims", "contest", claim);
  });

  it("a key that is rotated out answers no more, its successor does", async () => {
    const { ledger, operator } = scene;
    const { claim } = await lodged();
    const fresh = ledger.account(16);
    await ledger.send(operator.govern, "members", "rotateKey", 1, fresh.address);
    assert.equal(
      await ledger.refusal(operator.settle, "claims", "concede", claim),
      "NotTheOperator",
    );
    await ledger.send(fresh, "claims", "concede", claim);
    await ledger.send(operator.govern, "members", "rotateKey", 1, operator.settle.address);
  });

  it("an arbiter's key that is rotated out decides no more", async () => {
    const { ledger, operator, arbiter } = scene;
    const { claim } = await lodged();
    await ledger.send(operator.commit, "claims", "contest", claim);
    const fresh = ledger.account(17);
    await ledger.send(arbiter.govern, "members", "rotateKey", 1, fresh.address);
    assert.equal(
      await ledger.refusal(arbiter.settle, "claims", "decide", claim, 1n),
      "NotTheArbiter",
    );
    await ledger.send(fresh, "claims", "decide", claim, 1n);
    await ledger.send(arbiter.govern, "members", "rotateKey", 1, arbiter.settle.address);
  });

  it("a second decision does not overwrite the first", async () => {
    const { ledger, operator, arbiter, finder } = scene;
    const { claim, batch } = await lodged();
    const call = [100, batch.book, batch.sequence, 0, 1n, id("another")] as const;
    const second = (await ledger.preview(finder, "claims", "claim", ...call)) as string;
    await ledger.send(finder, "claims", "claim", ...call);
    for (const one of [claim, second]) {
      await ledger.send(operator.commit, "claims", "contest", one);
    }
    await ledger.send(arbiter.settle, "claims", "decide", claim, 2n);
    assert.equal(
      await ledger.refusal(arbiter.settle, "claims", "decide", claim, 1n),
      "ClaimStateWrong",
    );
    assert.equal(
      await ledger.refusal(arbiter.settle, "claims", "decide", second, 1n),
      "PlaceDecided",
    );
    await ledger.send(finder, "claims", "lapse", second);
    assert.equal((await scene.outcome(claim)).dueNano, 2n);
  });

  it("a statement is final once, after the last second, and its own operator can not hold it", async () => {
    const { ledger, operator, arbiter } = scene;
    const terms = retailTerms(ledger, operator, arbiter);
    const agreement = await agree(ledger, terms, [operator]);
    const book = (await openBook(ledger, operator, agreement, 1)) as Hex;
    const batch = await scene.commit(book, [await scene.call()]);
    const call = [book, 1n, batch.opening(), NO_BOOK, 0n, NO_RUNNING] as const;
    const statement = await ledger.preview(operator.commit, "statements", "post", ...call);
    await ledger.send(operator.commit, "statements", "post", ...call);
    const { objectBy } = await ledger.read("statements", "statementOf", statement);
    await atLedgerTime(objectBy);
    const anyone = ledger.account(11);
    assert.equal(await ledger.refusal(anyone, "statements", "finalize", statement), "WindowOpen");
    assert.equal(
      await ledger.refusal(operator.settle, "statements", "object", statement, 0n, id("self")),
      "MayNotObject",
      "an operator does not hold its own statement",
    );
    await atLedgerTime(objectBy + 1n);
    await ledger.send(anyone, "statements", "finalize", statement);
    assert.equal(
      await ledger.refusal(anyone, "statements", "finalize", statement),
      "StatementStateWrong",
      "final once",
    );
  });

  it("nothing is decided about what was never lodged, stated or owed", async () => {
    const { ledger, operator, arbiter, finder } = scene;
    const none = id("none");
    for (const method of ["concede", "contest", "concludeSilence", "lapse", "markOverdue"]) {
      assert.equal(
        await ledger.refusal(operator.commit, "claims", method, none),
        "ClaimStateWrong",
        method,
      );
    }
    assert.equal(await ledger.refusal(finder, "claims", "open", none, "0x"), "ClaimStateWrong");
    assert.equal(
      await ledger.refusal(arbiter.settle, "claims", "decide", none, 0n),
      "ClaimStateWrong",
    );
    assert.equal(
      await ledger.refusal(finder, "statements", "finalize", none),
      "StatementStateWrong",
    );
    assert.equal(
      await ledger.refusal(operator.settle, "settlement", "pay", none),
      "ObligationUnknown",
    );
  });
});
