import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { chunkSum } from "../../node/core/commitment/sum-tree.ts";
import { hash } from "../../node/core/hash.ts";
import { at, CALL_NANO, callOf, type Deeds, owed } from "./made-leaves.ts";
import { bytesOf } from "./named-bytes.ts";
import { type ChargeItem, hexed, type OpenedBatch } from "./opened-batch.ts";
import type { ScriptedOperator } from "./scripted-operator.ts";

const FILL = toHex(hash(new Uint8Array([0x0f])));
const LEAVES_PER_CHUNK = 32;

/** What can be wrong with credits, batches and books. */
export const BATCH_BREACHES: Deeds = {
  creditAboveOriginal: async (operator) => {
    const original = await operator.commit("charges", [callOf(operator, "credited")]);
    const credits = await operator.commit("credits", [creditOf(operator, original)]);
    const { third, path } = original.owner(0);
    return {
      story: "credits more than was charged",
      ...at(credits, 0),
      ...owed(0n),
      opened: credits.openedUse(0),
      evidence: {
        credits: [credits.credit(0)],
        third,
        charge: original.rest(0),
        chargePath: path,
      },
    };
  },
  malformedBatch: async (operator) => {
    const wrong = chunkSum(CALL_NANO + 1n, 1);
    const lie = { totals: { sumRoot: wrong.digest, sumNano: wrong.sumNano } };
    const batch = await operator.commit("charges", [callOf(operator, "malformed")], lie);
    const { account, party, amountNano } = batch.rest(0);
    return {
      story: "commits a batch whose sum is not that of its charges",
      ...at(batch, 0),
      ...owed(0n),
      opened: batch.openedTotals(),
      evidence: {
        depth: batch.depth,
        chunk: 0,
        leaves: [{ first: account, second: party, third: batch.owner(0).third, amountNano }],
        digests: Array.from({ length: LEAVES_PER_CHUNK - 1 }, () => FILL),
        siblings: batch.path(0).siblings.slice(5),
        chunkSumNano: CALL_NANO + 1n,
        chunkCount: 1,
        sums: [],
        totals: hexed(batch.totals),
        runningTotals: batch.path(0).runningTotals,
        blockTime: batch.blockTime,
      },
    };
  },
  bookTotalsWrong: async (operator) => {
    const first = await operator.commit("jumpingTotals", [callOf(operator, "honest")]);
    const lie = { running: { sumNano: 2n * CALL_NANO + 1_000_000_000n } };
    const jump = await operator.commit("jumpingTotals", [callOf(operator, "jump")], lie);
    return {
      story: "lets a book's total jump by a euro",
      ...at(jump, 0),
      ...owed(0n),
      opened: jump.openedTotals(),
      evidence: {
        running: jump.opening(),
        totals: hexed(jump.totals),
        beforeSequence: first.sequence,
        before: first.opening(),
      },
    };
  },
};

function creditOf(operator: ScriptedOperator, original: OpenedBatch): ChargeItem {
  const { owner } = callOf(operator, "credited");
  return {
    owner: { ...owner, salt: bytesOf("salt of the credited account") },
    use: {
      salt: bytesOf("salt of the credit"),
      targetDomain: fromHex(original.book as Hex, 20),
      targetSequence: original.sequence,
      targetIndex: 0,
      reason: 4,
      claim: new Uint8Array(32),
    },
    amountNano: CALL_NANO + 1n,
  };
}
