import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type AccountGroup,
  type ChargeGroup,
  NO_DIGITS,
  NO_NETWORK,
} from "../../node/core/commitment/charge-groups.ts";
import { chunkSum } from "../../node/core/commitment/sum-tree.ts";
import { hash } from "../../node/core/hash.ts";
import type { BreachKind, FoundBreach } from "./evidence-pack.ts";
import { type ChargeItem, hexed, type InvoiceItem, type LyingBatch } from "./lying-batch.ts";
import { bytesOf } from "./named-bytes.ts";
import { MINUTE_NANO } from "./plain-tariff.ts";
import type { ScriptedOperator } from "./scripted-operator.ts";

/** A call of 61 seconds: two started minutes. */
const CALL_NANO = 2n * MINUTE_NANO;
const FILL = toHex(hash(new Uint8Array([0x0f])));
const LEAVES_PER_CHUNK = 32;

type Commit = (operator: ScriptedOperator) => Promise<Omit<FoundBreach, "kind">>;

/** A call of 61 seconds that ended a while ago, charged right. */
export function callOf(
  operator: ScriptedOperator,
  name: string,
  owner: Partial<AccountGroup> = {},
  use: Partial<ChargeGroup> = {},
): ChargeItem {
  return {
    owner: {
      salt: bytesOf(`account salt ${name}`),
      pseudonym: bytesOf(name),
      chargeNumber: 1n,
      runningTotalNano: CALL_NANO,
      sourceTag: bytesOf(`source ${name}`, 24),
      deviceTag: bytesOf("device", 16),
      ...owner,
    },
    use: {
      salt: bytesOf(`charge salt ${name}`),
      kind: 1,
      service: 1,
      flags: 1,
      start: operator.ago(600),
      sessionMinutes: 0,
      quantity: 61_000n,
      secondQuantity: 0n,
      decidingDigits: 0x4917_1fff_ffff_ffffn,
      originDigits: NO_DIGITS,
      visitedNetwork: NO_NETWORK,
      class: 0,
      tariffVersion: 1,
      counters: [],
      ...use,
    },
    amountNano: CALL_NANO,
  };
}

const invoiceOf = (name: string, last: bigint, amountNano: bigint, run = "1"): InvoiceItem => ({
  orderKey: bytesOf(`order ${name} ${run}`),
  body: {
    salt: bytesOf(`body ${name} ${run}`),
    pseudonym: bytesOf(name),
    lastChargeNumber: last,
    lastCreditNumber: 0n,
    creditsNano: 0n,
    taxNano: 0n,
  },
  document: bytesOf("document"),
  amountNano,
});

const at = (batch: LyingBatch, leafIndex: number) => ({
  book: batch.book,
  sequence: batch.sequence.toString(),
  leafIndex,
});

const owed = (nano: bigint) => ({
  claimedNano: nano.toString(),
  expectedDueNano: nano.toString(),
});

/** Two charges of one batch by their account groups: the later one, and the one before it. */
const accountPair = (batch: LyingBatch, claimed: number, before: number) => ({
  claimed: batch.owner(claimed),
  beforeSequence: batch.sequence,
  beforeIndex: before,
  before: batch.owner(before),
});

/** What a dishonest operator can do, one deed for each kind that the ledger decides. */
export const BREACHES: Partial<Record<BreachKind, Commit>> = {
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
  chargeAfterInvoice: async (operator) => {
    const charges = await operator.commit("charges", [
      callOf(operator, "billed"),
      callOf(operator, "billed", { chargeNumber: 2n, runningTotalNano: 2n * CALL_NANO }),
    ]);
    const invoices = await operator.commit("invoices", [invoiceOf("billed", 1n, CALL_NANO)]);
    return {
      story: "charges after the invoice",
      ...at(charges, 1),
      ...owed(CALL_NANO),
      opened: charges.openedOwner(1),
      evidence: {
        charge: charges.owner(1),
        invoiceBook: invoices.book,
        invoiceSequence: invoices.sequence,
        invoiceIndex: 0,
        invoice: invoices.invoice(0),
      },
    };
  },
  invoiceTotalWrong: async (operator) => {
    const charges = await operator.commit("charges", [callOf(operator, "overbilled")]);
    const invoice = invoiceOf("overbilled", 1n, CALL_NANO + 9n);
    const invoices = await operator.commit("invoices", [invoice]);
    return {
      story: "asks more on the invoice than was committed",
      ...at(invoices, 0),
      ...owed(9n),
      opened: invoices.openedBody(0),
      evidence: {
        invoice: invoices.invoice(0),
        chargeBook: charges.book,
        chargeSequence: charges.sequence,
        chargeIndex: 0,
        lastCharge: charges.owner(0),
      },
    };
  },
  secondInvoice: async (operator) => {
    const invoices = await operator.commit("invoices", [
      invoiceOf("twice", 1n, CALL_NANO),
      invoiceOf("twice", 1n, CALL_NANO, "2"),
    ]);
    return {
      story: "sends two invoices for one month",
      ...at(invoices, 1),
      ...owed(CALL_NANO),
      opened: invoices.openedBody(1),
      evidence: {
        claimed: invoices.invoice(1),
        beforeBook: invoices.book,
        beforeSequence: invoices.sequence,
        beforeIndex: 0,
        before: invoices.invoice(0),
      },
    };
  },
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

function creditOf(operator: ScriptedOperator, original: LyingBatch): ChargeItem {
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
