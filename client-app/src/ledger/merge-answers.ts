import type { Hex } from "../../../node/core/bytes.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";

/** What one end point said; a seal of zero is its word that nothing stands there. */
export interface SourceAnswer {
  member: string;
  url: string;
  finalizedBlock: string;
  seals: Record<string, Hex>;
  tariffs: Record<string, { root: Hex; validFrom: string }>;
  maxRecordAgeSeconds?: string;
}

const NOTHING = `0x${"00".repeat(32)}`;

/**
 * One set of facts from several end points. For each fact the answer of most distinct members counts,
 * and an end point that said something else anywhere is marked. A member that is only behind (it has
 * nothing where others have a seal) contradicts nobody.
 */
export function mergeAnswers(answers: readonly SourceAnswer[]): LedgerFacts {
  const seals = mergeField(answers, (answer) => answer.seals);
  const tariffs = mergeField(answers, (answer) =>
    Object.fromEntries(
      Object.entries(answer.tariffs).map(([version, { root, validFrom }]) => [
        version,
        `${root}:${validFrom}`,
      ]),
    ),
  );
  const recordAge = mergeField(answers, ({ maxRecordAgeSeconds: seconds }) =>
    seconds === undefined ? {} : { seconds },
  );
  const { seconds } = recordAge.agreed;
  return {
    ...(seconds === undefined ? {} : { maxRecordAgeSeconds: seconds }),
    sources: answers.map((answer, i) => ({
      member: answer.member,
      url: answer.url,
      finalizedBlock: answer.finalizedBlock,
      agrees: ![seals, tariffs, recordAge].some(({ dissenting }) => dissenting.has(i)),
    })),
    seals: seals.agreed as Record<string, Hex>,
    tariffs: Object.fromEntries(
      Object.entries(tariffs.agreed).map(([version, text]) => {
        const [root = "", validFrom = ""] = text.split(":");
        return [version, { root: root as Hex, validFrom }];
      }),
    ),
  };
}

function mergeField(
  answers: readonly SourceAnswer[],
  field: (answer: SourceAnswer) => Record<string, string>,
): { agreed: Record<string, string>; dissenting: Set<number> } {
  const agreed: Record<string, string> = {};
  const dissenting = new Set<number>();
  const keys = new Set(answers.flatMap((answer) => Object.keys(field(answer))));
  for (const key of keys) {
    const members = new Map<string, Set<string>>();
    answers.forEach((answer) => {
      const value = field(answer)[key];
      if (value === undefined || value === NOTHING) return;
      members.set(value, (members.get(value) ?? new Set()).add(answer.member));
    });
    const [best] = [...members].sort(([, a], [, b]) => b.size - a.size);
    if (best === undefined) continue;
    agreed[key] = best[0];
    answers.forEach((answer, i) => {
      const value = field(answer)[key];
      if (value !== undefined && value !== NOTHING && value !== best[0]) dissenting.add(i);
    });
  }
  return { agreed, dissenting };
}
