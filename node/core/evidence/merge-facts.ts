import type { Hex } from "../bytes.ts";
import type { FactSource, LedgerFacts } from "./ledger-facts.ts";

/** What one end point answered. Nothing under a key: it says that this is not on the ledger. */
export interface SourceAnswer {
  member: string;
  url: string;
  /** The block that it was asked at. */
  finalizedBlock: bigint;
  /** By `sealKey`. */
  seals: Record<string, Hex>;
  tariffs: LedgerFacts["tariffs"];
  /** Of keys that are a member's. */
  keys?: Record<Hex, Hex>;
  maxRecordAgeSeconds?: string;
}

/** Something about the reading that a person should know. */
export interface FactProblem {
  code: string;
  message: string;
  member?: string;
  url?: string;
}

type Question = (answer: SourceAnswer) => string | undefined;

/**
 * One set of facts out of what several members' end points say. A fact counts when more than half of
 * the members that answered say the same: members, not end points, since one member can run many.
 * A member whose own end points contradict each other has no say in that fact. An end point that does
 * not have something which others have in a later block is behind, and no contradiction. One URL
 * under several members' names is one end point, of whoever is named first.
 */
export function mergeFacts(given: readonly SourceAnswer[]): {
  facts: LedgerFacts;
  problems: FactProblem[];
} {
  const answers = distinctByUrl(given);
  const contradicting = new Set<SourceAnswer>();
  const problems: FactProblem[] = [];
  const decide = <T>(what: string, question: Question, read: (from: SourceAnswer) => T) => {
    const { value, against, isUndecided } = majority(answers, question);
    for (const answer of against) contradicting.add(answer);
    if (isUndecided) {
      problems.push({
        code: "facts.no-majority",
        message: `Not more than half of the members confirm ${what}; it counts as not on the ledger.`,
      });
    }
    const source = answers.find((answer) => question(answer) === value);
    return value === undefined || source === undefined ? undefined : read(source);
  };

  const facts: LedgerFacts = { sources: [], seals: {}, tariffs: {} };
  for (const key of keysOf(answers, ({ seals }) => seals)) {
    const seal = decide(
      `the batch ${key}`,
      ({ seals }) => seals[key],
      ({ seals }) => seals[key],
    );
    if (seal !== undefined) facts.seals[key] = seal;
  }
  for (const version of keysOf(answers, ({ tariffs }) => tariffs)) {
    const tariff = decide(
      `version ${version} of the tariff`,
      ({ tariffs }) => tariffs[version] && `${tariffs[version].root} ${tariffs[version].validFrom}`,
      ({ tariffs }) => tariffs[version],
    );
    if (tariff !== undefined) facts.tariffs[version] = tariff;
  }
  for (const key of keysOf(answers, ({ keys = {} }) => keys) as Set<Hex>) {
    const member = decide(
      `whose key ${key} is`,
      ({ keys }) => keys?.[key],
      ({ keys }) => keys?.[key],
    );
    if (member !== undefined) facts.keys = { ...facts.keys, [key]: member };
  }
  const age = decide(
    "how old a record may be",
    ({ maxRecordAgeSeconds }) => maxRecordAgeSeconds,
    ({ maxRecordAgeSeconds }) => maxRecordAgeSeconds,
  );
  if (age !== undefined) facts.maxRecordAgeSeconds = age;

  for (const answer of answers) {
    const { member, url } = answer;
    const agrees = !contradicting.has(answer);
    facts.sources.push({ member, url, finalizedBlock: String(answer.finalizedBlock), agrees });
    if (!agrees) {
      const message = `The end point ${url} of ${member} contradicts the majority of the members.`;
      problems.push({ code: "facts.source-contradicts", message, member, url });
    }
  }
  return { facts, problems };
}

function distinctByUrl(answers: readonly SourceAnswer[]): SourceAnswer[] {
  const seen = new Set<string>();
  return answers.filter(({ url }) => {
    const plain = plainUrl(url);
    if (seen.has(plain)) return false;
    seen.add(plain);
    return true;
  });
}

/** One spelling of a URL, so that a slash, a port by default or a letter makes no other end point. */
function plainUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}${search}`;
}

/** The members whose every end point that answered agrees with the majority. */
export function agreeingMembers(sources: readonly FactSource[]): string[] {
  const members = new Set(sources.map(({ member }) => member));
  for (const { member, agrees } of sources) if (!agrees) members.delete(member);
  return [...members];
}

const ABSENT = "";

/**
 * `against`: whoever said otherwise, or everyone who spoke where they differ without a majority. An
 * end point in an earlier block than those that have the thing does not speak, yet its member counts
 * among those of whom more than half are needed: else one that claims a block far ahead of everybody
 * could have the only word.
 */
function majority(answers: readonly SourceAnswer[], question: Question) {
  const heldFrom = answers
    .filter((answer) => question(answer) !== undefined)
    .reduce<bigint | undefined>(
      (least, { finalizedBlock }) =>
        least === undefined || finalizedBlock < least ? finalizedBlock : least,
      undefined,
    );
  const speaking = answers.filter(
    (answer) =>
      question(answer) !== undefined ||
      (heldFrom !== undefined && answer.finalizedBlock >= heldFrom),
  );
  const said = (answer: SourceAnswer) => question(answer) ?? ABSENT;
  const voteOf = new Map<string, string | undefined>();
  for (const answer of speaking) {
    const isConsistent = !voteOf.has(answer.member) || voteOf.get(answer.member) === said(answer);
    voteOf.set(answer.member, isConsistent ? said(answer) : undefined);
  }
  const membersCount = new Set(answers.map(({ member }) => member)).size;
  const votes = [...voteOf.values()];
  const winner = votes.find(
    (vote) =>
      vote !== undefined && votes.filter((other) => other === vote).length * 2 > membersCount,
  );
  const isUndecided = speaking.length > 0 && winner === undefined;
  const differ = new Set(speaking.map(said)).size > 1;
  return {
    value: winner === ABSENT ? undefined : winner,
    against: speaking.filter((answer) => (isUndecided ? differ : said(answer) !== winner)),
    isUndecided,
  };
}

function keysOf(
  answers: readonly SourceAnswer[],
  read: (answer: SourceAnswer) => Record<string, unknown>,
): Set<string> {
  return new Set(answers.flatMap((answer) => Object.keys(read(answer))));
}
