import { Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { CHARGE_KIND } from "../../node/core/commitment/charge-groups.ts";
import { countersWithPlan } from "../../node/core/commitment/plan-scope.ts";
import { pseudonym } from "../../node/core/commitment/secrets.ts";
import { CONSENT_TYPES, consentDomain } from "../../node/core/evidence/signed-messages.ts";
import { at, callOf, type Deeds, owed } from "./made-leaves.ts";
import { bytesOf } from "./named-bytes.ts";
import type { ChargeItem } from "./opened-batch.ts";
import type { ScriptedOperator } from "./scripted-operator.ts";

const DAY_SECONDS = 86_400;
const MILLISECONDS = 1_000n;

/** A subscriber with a dispute key of its own. */
class Subscriber {
  readonly wallet = new Wallet(Wallet.createRandom().privateKey);
  readonly blind: Uint8Array;
  readonly #operator: ScriptedOperator;
  #number = 0n;

  constructor(operator: ScriptedOperator, name: string) {
    this.#operator = operator;
    this.blind = bytesOf(`blind of ${name}`);
  }

  call(plan: number, ordinal: bigint): ChargeItem {
    const counters = countersWithPlan({ plan, ordinal });
    return callOf(this.#operator, `planned ${plan}`, this.#owner(), { counters });
  }

  /** From so many days ago for so many days. */
  assigned(plan: number, ordinal: bigint, fromDaysAgo: number, days: number): ChargeItem {
    const use = {
      kind: CHARGE_KIND.assignment,
      service: 0,
      start: this.#operator.ago(fromDaysAgo * DAY_SECONDS),
      quantity: BigInt(days * DAY_SECONDS) * MILLISECONDS,
      counters: countersWithPlan({ plan, ordinal }),
    };
    const name = `assignment ${plan} ${ordinal}`;
    return { ...callOf(this.#operator, name, this.#owner(), use), amountNano: 0n };
  }

  #owner() {
    this.#number += 1n;
    const address = fromHex(this.wallet.address.toLowerCase() as Hex, 20);
    const domain = fromHex(this.#operator.book("charges"), 20);
    const name = pseudonym(domain, address, this.blind);
    return { pseudonym: name, chargeNumber: this.#number };
  }
}

/** What can be wrong with plans. */
export const PLAN_BREACHES: Deeds = {
  planNotAssigned: async (operator) => {
    const ann = new Subscriber(operator, "Ann");
    const batch = await operator.commit("charges", [ann.assigned(1, 1n, 2, 4), ann.call(2, 1n)]);
    const place = { book: batch.book, sequence: batch.sequence, leafIndex: 1 };
    // Who used and what was used stand open together here: the subscriber's own choice.
    const domain = consentDomain(operator.booksContract());
    const signature = await ann.wallet.signTypedData(domain, CONSENT_TYPES, place);
    const { account, party, amountNano, path } = batch.owner(1);
    const { charge } = batch.usage(1);
    return {
      story: "prices a call by a plan that was not assigned",
      ...at(batch, 1),
      ...owed(0n),
      opened: batch.openedUse(1),
      evidence: {
        claimed: {
          account,
          charge,
          party,
          amountNano,
          path,
          disputeAddress: ann.wallet.address,
          blind: toHex(ann.blind),
          signature,
        },
        assignments: [batch.assignment(0)],
      },
    };
  },
  assignmentsClash: async (operator) => {
    const ben = new Subscriber(operator, "Ben");
    const batch = await operator.commit("charges", [
      ben.assigned(1, 1n, 20, 10),
      ben.assigned(2, 2n, 15, 10),
    ]);
    return {
      story: "assigns two plans for one time",
      ...at(batch, 1),
      ...owed(0n),
      opened: batch.openedUse(1),
      evidence: { claimed: batch.assignment(1), before: batch.assignment(0) },
    };
  },
};
