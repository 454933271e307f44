import { accountPair, at, CALL_NANO, callOf, type Deeds, owed } from "./made-leaves.ts";
import { bytesOf } from "./named-bytes.ts";
import { MINUTE_NANO } from "./plain-tariff.ts";

/** What can be wrong with single charges. */
export const CHARGE_BREACHES: Deeds = {
  mispricedCharge: async (operator) => {
    const dear = { ...callOf(operator, "mispriced"), amountNano: 3n * MINUTE_NANO };
    const batch = await operator.commit("charges", [dear]);
    return {
      story: "charges three minutes for 61 seconds",
      ...at(batch, 0),
      ...owed(MINUTE_NANO),
      opened: batch.openedUse(0),
      evidence: { ...batch.usage(0), price: operator.tariff.evidence },
    };
  },
  untimelyCharge: async (operator) => {
    const future = callOf(operator, "future", {}, { start: operator.ago(-3600) });
    const batch = await operator.commit("charges", [future]);
    return {
      story: "charges a call that has not begun",
      ...at(batch, 0),
      ...owed(CALL_NANO),
      opened: batch.openedUse(0),
      evidence: batch.usage(0),
    };
  },
  chargeNumberReused: async (operator) => {
    const batch = await operator.commit("charges", [
      callOf(operator, "number"),
      callOf(operator, "number", { sourceTag: bytesOf("another record", 24) }),
    ]);
    return {
      story: "gives two charges one number",
      ...at(batch, 1),
      ...owed(CALL_NANO),
      opened: batch.openedOwner(1),
      evidence: accountPair(batch, 1, 0),
    };
  },
  runningTotalWrong: async (operator) => {
    const batch = await operator.commit("charges", [
      callOf(operator, "total"),
      callOf(operator, "total", { chargeNumber: 2n, runningTotalNano: 2n * CALL_NANO + 7n }),
    ]);
    return {
      story: "lets a running total grow by 7 nano too much",
      ...at(batch, 1),
      ...owed(7n),
      opened: batch.openedOwner(1),
      evidence: accountPair(batch, 1, 0),
    };
  },
  sourceReused: async (operator) => {
    const sourceTag = bytesOf("one record", 24);
    const batch = await operator.commit("charges", [
      callOf(operator, "first payer", { sourceTag }),
      callOf(operator, "second payer", { sourceTag }),
    ]);
    return {
      story: "charges one record to two subscribers",
      ...at(batch, 1),
      ...owed(CALL_NANO),
      opened: batch.openedOwner(1),
      evidence: accountPair(batch, 1, 0),
    };
  },
  scopeReused: async (operator) => {
    const counters = [{ scope: bytesOf("pool", 8), scopeSequence: 1n, counterBefore: 0n }];
    const batch = await operator.commit("charges", [
      callOf(operator, "pool one", {}, { counters }),
      callOf(operator, "pool two", {}, { counters }),
    ]);
    return {
      story: "moves a pool's counter twice from one place",
      ...at(batch, 1),
      ...owed(0n),
      opened: batch.openedUse(1),
      evidence: {
        claimed: batch.usage(1),
        claimedSlot: 0,
        beforeSequence: batch.sequence,
        beforeIndex: 0,
        before: batch.usage(0),
        beforeSlot: 0,
      },
    };
  },
  counterStepWrong: async (operator) => {
    const counters = [{ scope: bytesOf("meter", 8), scopeSequence: 1n, counterBefore: 7n }];
    const batch = await operator.commit("charges", [callOf(operator, "meter", {}, { counters })]);
    return {
      story: "starts a counter at 7 instead of zero",
      ...at(batch, 0),
      ...owed(0n),
      opened: batch.openedUse(0),
      evidence: {
        claimed: batch.usage(0),
        beforeSequence: batch.sequence,
        beforeIndex: 0,
        before: batch.usage(0),
        moved: operator.tariff.evidence,
      },
    };
  },
  wrongSplit: async (operator) => {
    const batch = await operator.commit("otherSplit", [callOf(operator, "split")]);
    return {
      story: "books a call where another party gets the share",
      ...at(batch, 0),
      ...owed(0n),
      opened: batch.openedUse(0),
      evidence: { ...batch.usage(0), price: operator.tariff.evidence },
    };
  },
};
