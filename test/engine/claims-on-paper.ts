import type { Hex } from "../../node/core/bytes.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { ClaimDeskParts } from "../../node/engine/claims/answer-claims.ts";
import type {
  ClaimRecord,
  ClaimState,
  LedgerCall,
  LedgerEvent,
} from "../../node/engine/commit/ledger.ts";
import type { Settled } from "../../node/engine/commit/outbox-journal.ts";
import { ALDER, filled, RETAIL_ALDER } from "../adapters/memory-members.ts";
import { CHARGES } from "./engine-scene.ts";

/** Claims and their states as a ledger tells them, and an outbox that notes what is sent. */
export class ClaimsOnPaper {
  readonly claims = new Map<Hex, ClaimRecord>();
  readonly events: LedgerEvent[] = [];
  readonly sent: { key: string; call: LedgerCall }[] = [];
  readonly settled = new Map<string, Settled>();
  head = 1n;
  time = 1_000n;
  asked = 0;
  isReachable = true;
  refusal: string | undefined;

  readonly ledger: ClaimDeskParts["ledger"] = {
    finalHead: async () => ({ number: this.head, time: this.time }),
    events: async ({ names, fromBlock, toBlock }) =>
      this.events.filter(
        ({ name, blockNumber }) =>
          names.includes(name) && blockNumber >= fromBlock && blockNumber <= toBlock,
      ),
    claimOf: async (id) => {
      this.asked++;
      return this.claims.get(id);
    },
    ledgerTime: async () => {
      if (!this.isReachable) throw new TallystickError("ledger.unreachable", "away");
      return this.time;
    },
    prepare: () => ({ to: filled("00", 20), data: "0x", gasLimit: 0n }),
    senderOf: () => filled("a2", 20),
    refusalOf: async () =>
      this.refusal === undefined ? undefined : { name: this.refusal, values: {} },
  };

  readonly outbox: ClaimDeskParts["outbox"] = {
    enqueue: async ({ key, call }) => {
      if (this.sent.some((one) => one.key === key)) return;
      this.sent.push({ key, call });
    },
    find: async (key) => this.settled.get(key),
  };

  lodge(byte: string, claim: Partial<ClaimRecord> = {}): Hex {
    const id = filled(byte, 32);
    this.claims.set(id, {
      kind: 1,
      book: CHARGES,
      sequence: 1n,
      leafIndex: 0,
      claimedNano: 1n,
      evidenceHash: filled("00", 32),
      state: "claimed",
      operator: ALDER.id,
      agreement: RETAIL_ALDER,
      finder: filled("f1", 20),
      deadline: 5_000n,
      dueNano: 0n,
      isOverdue: false,
      ...claim,
    });
    this.tell("ClaimLodged", id, { book: claim.book ?? CHARGES });
    return id;
  }

  move(id: Hex, state: ClaimState, more: Partial<ClaimRecord> = {}): void {
    this.claims.set(id, { ...(this.claims.get(id) as ClaimRecord), state, ...more });
    const name = `Claim${state[0]?.toUpperCase()}${state.slice(1)}`;
    this.tell(name, id, {});
  }

  tell(name: string, claim: Hex, values: Record<string, Hex>): void {
    this.head++;
    this.events.push({
      name,
      values: { claim, ...values },
      blockNumber: this.head,
      logIndex: 0,
      transactionHash: filled("00", 32),
    });
  }

  refuse(key: string): void {
    this.settled.set(key, {
      key,
      purpose: "",
      status: "refused",
      sender: filled("a2", 20),
      nonce: 0n,
      hash: filled("00", 32),
      blockNumber: this.head,
      blockTime: this.time,
      error: { name: "DeadlinePassed", values: {} },
    });
  }

  /** What was answered: method and the claims it names. */
  answers(): [string, unknown][] {
    return this.sent.map(({ call }) => [call.method, call.args[0]]);
  }
}
