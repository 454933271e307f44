import type { Hex } from "../../core/bytes.ts";
import type { EventValue, Ledger, StatementRecord } from "../commit/ledger.ts";

const EVENTS = ["DisputeOpened", "DisputeAnswered", "DisputeEscalated", "DisputeClosed"];
const ENDS = [
  "open",
  "operator-gave-way",
  "opener-gave-way",
  "operator-silent",
  "opener-silent",
  "decided",
  "arbiter-silent",
] as const;

/** A dispute between members, as the ledger's events tell it. Amounts are nano-units. */
export interface BilateralDispute {
  id: Hex;
  statement: Hex;
  agreement: Hex;
  opener: Hex;
  operator: Hex;
  state: "opened" | "answered" | "escalated" | "closed";
  end: (typeof ENDS)[number];
  from: string;
  to: string;
  /** Code of the contract's list: docs/CONTRACTS.md. */
  reason: number;
  disputedNano: string;
  askedNano: string;
  owedNano: string;
  openerEvidence: Hex;
  operatorEvidence: Hex;
  /** Ledger time in seconds, as it was when the step began; suspensions move it. */
  deadline: string;
}

/** What the node shows of disputes: read from the ledger each time, since they are few. */
export class DisputeList {
  readonly #ledger: Pick<Ledger, "finalHead" | "events" | "statementOf">;
  readonly #member: Hex;

  constructor(ledger: Pick<Ledger, "finalHead" | "events" | "statementOf">, member: Hex) {
    this.#ledger = ledger;
    this.#member = member;
  }

  get member(): Hex {
    return this.#member;
  }

  statement(id: Hex): Promise<StatementRecord | undefined> {
    return this.#ledger.statementOf(id);
  }

  /** In the order in which they were opened. */
  async all(): Promise<BilateralDispute[]> {
    const { number: toBlock } = await this.#ledger.finalHead();
    const range = { contract: "disputes", names: EVENTS, fromBlock: 0n, toBlock } as const;
    const disputes = new Map<Hex, BilateralDispute>();
    for (const { name, values } of await this.#ledger.events(range)) {
      const id = values.dispute as Hex;
      const before = disputes.get(id);
      if (name === "DisputeOpened") disputes.set(id, opened(id, values));
      else if (before !== undefined) disputes.set(id, { ...before, ...changed(name, values) });
    }
    return [...disputes.values()];
  }
}

function opened(id: Hex, values: Record<string, EventValue>): BilateralDispute {
  const details = values.details as Record<string, EventValue>;
  return {
    id,
    statement: values.statement as Hex,
    agreement: details.agreement as Hex,
    opener: values.opener as Hex,
    operator: details.operator as Hex,
    state: "opened",
    end: "open",
    from: String(details.fromSequence),
    to: String(details.toSequence),
    reason: Number(details.reason),
    disputedNano: String(details.disputedNano),
    askedNano: String(details.askedNano),
    owedNano: "0",
    openerEvidence: details.openerEvidence as Hex,
    operatorEvidence: details.operatorEvidence as Hex,
    deadline: String(values.answerBy),
  };
}

function changed(name: string, values: Record<string, EventValue>): Partial<BilateralDispute> {
  switch (name) {
    case "DisputeAnswered":
      return {
        state: "answered",
        askedNano: String(values.askedNano),
        operatorEvidence: values.operatorEvidence as Hex,
        deadline: String(values.escalateBy),
      };
    case "DisputeEscalated":
      return { state: "escalated", deadline: String(values.decideBy) };
    default:
      return {
        state: "closed",
        end: ENDS[Number(values.end)] ?? "open",
        owedNano: String(values.owedNano),
      };
  }
}
