import assert from "node:assert/strict";
import { encodeCall } from "../../node/adapters/evm-contracts.ts";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { DisputeList } from "../../node/engine/claims/list-disputes.ts";
import type { EventValue, LedgerEvent } from "../../node/engine/commit/ledger.ts";
import { DISPUTE_STEPS } from "../../node/engine/settle/dispute-steps.ts";
import { filled } from "../adapters/memory-members.ts";

const ID = filled("d1", 32);
const ROOT = filled("e1", 32);
const OTHER_ROOT = filled("e2", 32);
const BIRCH = filled("b1", 20);
const ALDER = filled("a1", 20);

describe("disputes between members, as the node has them", () => {
  const event = (name: string, values: Record<string, EventValue>): LedgerEvent => ({
    name,
    values: { dispute: ID, ...values },
    blockNumber: 1n,
    logIndex: 0,
    transactionHash: ID,
  });
  const opened = event("DisputeOpened", {
    statement: filled("51", 32),
    opener: BIRCH,
    details: {
      agreement: filled("a9", 32),
      operator: ALDER,
      fromSequence: 1n,
      toSequence: 4n,
      reason: 3n,
      disputedNano: 40n,
      askedNano: 40n,
      openerEvidence: ROOT,
      operatorEvidence: filled("00", 32),
    },
    answerBy: 99n,
  });
  const answered = event("DisputeAnswered", {
    askedNano: 30n,
    operatorEvidence: OTHER_ROOT,
    escalateBy: 199n,
  });
  const escalated = event("DisputeEscalated", { arbiter: filled("ab", 20), decideBy: 299n });
  const closed = event("DisputeClosed", { end: 5n, owedNano: 10n });

  const listOf = (events: LedgerEvent[]) =>
    new DisputeList(
      {
        finalHead: async () => ({ number: 1n, time: 1n }),
        events: async () => events,
        statementOf: async () => undefined,
      },
      ALDER,
    ).all();

  it("follow from the ledger's events alone", async () => {
    const [first] = await listOf([opened]);
    assert.deepEqual(
      [first?.state, first?.askedNano, first?.deadline, first?.operator, first?.to],
      ["opened", "40", "99", ALDER, "4"],
    );
    const [second] = await listOf([opened, answered]);
    assert.deepEqual(
      [second?.state, second?.askedNano, second?.operatorEvidence, second?.deadline],
      ["answered", "30", OTHER_ROOT, "199"],
    );
    const [last] = await listOf([opened, answered, escalated, closed]);
    assert.deepEqual([last?.state, last?.end, last?.owedNano], ["closed", "decided", "10"]);
    assert.deepEqual(await listOf([answered]), [], "of a dispute that was never opened");
  });

  const BODIES: Record<string, Record<string, unknown>> = {
    openDispute: {
      ...{ statement: filled("51", 32), from: "1", to: "4", reason: 3 },
      ...{ disputedNano: "40", evidenceRoot: ROOT },
    },
    answerDispute: { dispute: ID, askedNano: "30", evidenceRoot: ROOT },
    giveWay: { dispute: ID },
    escalateDispute: { dispute: ID },
    decideDispute: { dispute: ID, owedNano: "10" },
    concludeDispute: { dispute: ID },
    demandChunk: {
      ...{ book: BIRCH, sequence: "1", chunk: 2, keyX: "5", keyY: "6" },
      ...{ commitment: ROOT, blockTime: "99" },
    },
  };
  for (const [step, make] of Object.entries(DISPUTE_STEPS)) {
    it(`the step ${step} is a call that the contract has`, () => {
      const { call, key } = make(BODIES[step] as Record<string, unknown>);
      assert.ok((encodeCall(call) as Hex).length > 10);
      assert.ok(call.contract in LEDGER_ABI && key.length > 0);
    });
  }

  it("a step with no amount is refused before anything is sent", () => {
    assert.throws(() => DISPUTE_STEPS.answerDispute?.({ dispute: ID, evidenceRoot: ROOT }));
  });
});
