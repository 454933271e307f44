import {
  type AccountGroup,
  type ChargeGroup,
  NO_DIGITS,
  NO_NETWORK,
} from "../../node/core/commitment/charge-groups.ts";
import type { BreachKind } from "../../node/core/evidence/claim-kind.ts";
import type { FoundBreach } from "./evidence-pack.ts";
import { bytesOf } from "./named-bytes.ts";
import type { ChargeItem, InvoiceItem, OpenedBatch } from "./opened-batch.ts";
import { MINUTE_NANO } from "./plain-tariff.ts";
import type { ScriptedOperator } from "./scripted-operator.ts";

/** Does the deed, and answers what a finder would hold of it. */
type Deed = (operator: ScriptedOperator) => Promise<Omit<FoundBreach, "kind">>;
export type Deeds = Partial<Record<BreachKind, Deed>>;

/** A call of 61 seconds: two started minutes. */
export const CALL_NANO = 2n * MINUTE_NANO;

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

export const invoiceOf = (
  name: string,
  last: bigint,
  amountNano: bigint,
  run = "1",
): InvoiceItem => ({
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

export const at = (batch: OpenedBatch, leafIndex: number) => ({
  book: batch.book,
  sequence: batch.sequence.toString(),
  leafIndex,
});

/** What is owed for it: the finder claims it, and the ledger should make it due. */
export const owed = (nano: bigint) => ({
  claimedNano: nano.toString(),
  expectedDueNano: nano.toString(),
});

/** Two charges of one batch by their account groups: the later one, and the one before it. */
export const accountPair = (batch: OpenedBatch, claimed: number, before: number) => ({
  claimed: batch.owner(claimed),
  beforeSequence: batch.sequence,
  beforeIndex: before,
  before: batch.owner(before),
});
