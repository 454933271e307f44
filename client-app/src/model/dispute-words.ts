import type { Hex } from "../../../node/core/bytes.ts";

/** A dispute as the node reports it (GET /v1/disputes). */
export interface Dispute {
  id: Hex;
  /** Address whose key signed it; strangers may claim about any place. */
  finder?: string | undefined;
  domain: string;
  sequence: string;
  leafIndex: number;
  line: string;
  kind: "mispriced" | "matter-of-fact";
  state: DisputeState;
  claimedNano: string;
  dueNano?: string | undefined;
  creditLine?: string | undefined;
  history: { at: string; words: string }[];
}

export const DISPUTE_STATES = [
  "claimed",
  "contested",
  "conceded",
  "proven",
  "refuted",
  "lapsed",
  "settled",
] as const;
export type DisputeState = (typeof DISPUTE_STATES)[number];

/** Nothing more will happen, or nothing that this page can hasten. */
export function isFinal(state: DisputeState): boolean {
  return state === "settled" || state === "refuted" || state === "lapsed";
}

export interface DisputeStep {
  title: string;
  state: "done" | "now" | "waiting" | "failed";
}

/** The way of a dispute in steps that a reader can follow. */
export function disputeSteps({ kind, state }: Pick<Dispute, "kind" | "state">, operator: string) {
  const judge =
    kind === "mispriced" ? "The ledger prices the call again" : "The arbiter looks at it";
  const answered = state !== "claimed";
  const agreed = state === "conceded";
  const steps: DisputeStep[] = [
    { title: "Dispute sent", state: "done" },
    {
      title: agreed ? `${operator} agrees` : `${operator} answers`,
      state: answered ? "done" : "now",
    },
  ];
  if (!agreed) {
    steps.push({
      title: judge,
      state:
        state === "contested"
          ? "now"
          : state === "proven" || state === "settled"
            ? "done"
            : state === "refuted" || state === "lapsed"
              ? "failed"
              : "waiting",
    });
  }
  steps.push({
    title: "Money back as a credit",
    state:
      state === "settled"
        ? "done"
        : state === "proven" || state === "conceded"
          ? "now"
          : state === "refuted" || state === "lapsed"
            ? "failed"
            : "waiting",
  });
  return steps;
}

/** The number of a credit out of its line's name, "C2026-10-1". */
export function creditNumber(line: string): string {
  return /(\d+)$/.exec(line)?.[1] ?? line;
}

export interface OutcomeFacts {
  operator: string;
  /** Written amounts, with their currency. */
  claimed: string;
  due: string;
  /** What the ledger's own calculation gives; absent for matters of fact. */
  repriced?: string;
  /** When the credit was recorded. */
  creditedOn?: string;
  /** The operator let the time for its answer pass. */
  silent?: boolean;
}

/** The state of a dispute in a sentence or two. */
export function disputeOutcome(dispute: Dispute, facts: OutcomeFacts): string {
  const { operator, claimed, due, repriced } = facts;
  const credit =
    dispute.creditLine === undefined
      ? ""
      : ` Credit no. ${creditNumber(dispute.creditLine)}${facts.creditedOn === undefined ? "" : ` of ${facts.creditedOn}`}.`;
  switch (dispute.state) {
    case "claimed":
      if (facts.silent) {
        return `${operator} did not answer in time, so it has agreed to give ${claimed} back. Have that recorded now.`;
      }
      return `Your dispute over ${claimed} is lodged. ${operator} now has to agree or refuse; if it stays silent, it has agreed.`;
    case "contested":
      return dispute.kind === "mispriced"
        ? `${operator} refuses. The ledger is pricing this call again.`
        : `${operator} refuses. The arbiter named in your contract decides, and you can still go to the ombudsman or a court.`;
    case "conceded":
      return `${operator} agrees. You get ${due} back as a credit.`;
    case "proven":
      return repriced === undefined
        ? `It was decided for you. You get ${due} back.`
        : `The ledger priced this call again: ${repriced}. You get ${due} back.`;
    case "settled":
      return repriced === undefined
        ? `Settled: you got ${due} back.${credit}`
        : `The ledger priced this call again: ${repriced}. You get ${due} back.${credit}`;
    case "refuted":
      return dispute.kind === "mispriced"
        ? "The ledger priced this call again and came to what you were billed. The line stands."
        : "The arbiter decided that the line stands. You can still go to the ombudsman or a court.";
    case "lapsed":
      return "Nobody asked the ledger to decide in time, so this dispute has ended. You can still write to your operator.";
  }
}
