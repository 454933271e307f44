import { agreeingMembers } from "../../../node/core/evidence/merge-facts.ts";

/** What the page knows about the ledger it read from. */
export interface LedgerView {
  kind: "embedded" | "consortium";
  runBy: string;
  sources: { member: string; url: string; finalizedBlock: string; agrees: boolean }[];
  /** End points that gave no answer. */
  unreachable: { member: string; url: string; because: string }[];
}

/**
 * How many distinct members agree, in words. Members count, not addresses; and with one member's own
 * ledger nothing is claimed that only several could give.
 */
export function ledgerAgreement(ledger: LedgerView): { ok: boolean | null; words: string } {
  const agreeing = new Set(agreeingMembers(ledger.sources));
  const differing = new Set(
    ledger.sources.map(({ member }) => member).filter((member) => !agreeing.has(member)),
  );
  const silent = new Set(ledger.unreachable.map((entry) => entry.member));
  for (const member of [...agreeing, ...differing]) silent.delete(member);
  if (agreeing.size === 0 && differing.size === 0) {
    return {
      ok: null,
      words: "The ledger could not be reached, so nothing here is confirmed by it yet.",
    };
  }
  if (ledger.kind === "embedded") {
    return { ok: differing.size === 0, words: `One ledger, run by ${ledger.runBy}.` };
  }
  const asked = agreeing.size + differing.size + silent.size;
  const words = [
    asked === 1
      ? `One member of the ledger was asked: ${[...agreeing][0] ?? [...differing][0]}.`
      : `${agreeing.size} of ${asked} members of the ledger agree: ${[...agreeing].join(", ")}.`,
  ];
  if (differing.size > 0) words.push(`${[...differing].join(", ")} says otherwise.`);
  if (silent.size > 0) words.push(`${[...silent].join(", ")} did not answer.`);
  return { ok: differing.size === 0, words: words.join(" ") };
}
