import type { z } from "zod";

/*
 * What is wrong with the shape of a document, in words of our own: the reader of schemas speaks to
 * programmers ("Invalid input: expected string, received number").
 */

export interface ShapeProblem {
  /** Where it is wrong; of a key that is not known, the key itself. */
  path: PropertyKey[];
  /** A sentence without its full stop. */
  says: string;
  /** The key that no field of the schema has. */
  unknownKey?: string;
}

const VALUES_SHOWN = 12;
const TEXT_SHOWN = 60;

const TYPE_WORDS: Record<string, string> = {
  string: "text in quotation marks",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list [ ]",
  object: "an object { }",
  record: "an object { }",
  never: "nothing",
  null: "null",
};

/** How the schemas' own messages begin; any other is written by the schema's author. */
const FOREIGN_WORDS = /^(Invalid|Too |Unrecognized|Expected )/;

/**
 * Every problem of an issue; several keys that are not known are several problems.
 * @param input the whole value that was read
 */
export function shapeProblems(issue: z.core.$ZodIssue, input: unknown): ShapeProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      says: `"${shorten(key)}" is not understood here and would be ignored; correct or remove it`,
      unknownKey: key,
    }));
  }
  if (issue.code === "invalid_union") {
    const branch = nearestBranch(issue.errors);
    if (branch !== undefined) {
      return branch.flatMap((one) =>
        shapeProblems({ ...one, path: [...issue.path, ...one.path] } as z.core.$ZodIssue, input),
      );
    }
  }
  const found = valueAt(input, issue.path);
  const is = found === undefined ? "it is missing" : `it is ${describeValue(found)}`;
  return [{ path: [...issue.path], says: `expected ${expectedOf(issue)}; ${is}` }];
}

/** The first problem with its place as `a.b.0`; for callers that refuse at the first. */
export function firstShapeProblem(
  error: z.ZodError,
  input: unknown,
): { field: string; says: string } {
  const [issue] = error.issues;
  const [problem] = issue === undefined ? [] : shapeProblems(issue, input);
  return {
    field: (problem?.path ?? []).map(String).join("."),
    says: problem?.says ?? "its shape is not known",
  };
}

function expectedOf(issue: z.core.$ZodIssue): string {
  if (!FOREIGN_WORDS.test(issue.message)) return issue.message.replace(/^expected /, "");
  switch (issue.code) {
    case "invalid_type":
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return oneOf(issue.values.map((value) => JSON.stringify(value)));
    case "too_small":
      return bound(
        issue.origin,
        issue.inclusive === false ? "more than" : "at least",
        issue.minimum,
      );
    case "too_big":
      return bound(
        issue.origin,
        issue.inclusive === false ? "less than" : "at most",
        issue.maximum,
      );
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_format":
      return issue.pattern === undefined
        ? `text of the form "${issue.format}"`
        : `text that matches ${issue.pattern}`;
    case "invalid_key":
      return "another key";
    case "invalid_union":
      return unionOf(issue);
    default:
      return "another value";
  }
}

function unionOf(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.discriminator !== undefined) return `a known "${issue.discriminator}"`;
  const expected = issue.errors.flatMap(([first]) =>
    first === undefined ? [] : [expectedOf(first)],
  );
  return expected.length === 0 ? "another value" : oneOf(expected);
}

const COUNTED: Record<string, string> = {
  string: "characters",
  array: "entries",
  set: "entries",
  map: "entries",
  object: "keys",
};

function bound(origin: string, words: string, limit: number | bigint): string {
  const counted = COUNTED[origin];
  if (counted === undefined) return `${words} ${limit}`;
  return `${words} ${limit} ${limit === 1 ? counted.replace("ies", "y").replace(/s$/, "") : counted}`;
}

function oneOf(words: readonly string[]): string {
  const unique = [...new Set(words)];
  const shown = unique.slice(0, VALUES_SHOWN);
  const more = unique.length - shown.length;
  if (more > 0) return `${shown.join(", ")} or one of ${more} others`;
  const last = shown.pop() ?? "";
  return shown.length === 0 ? last : `${shown.join(", ")} or ${last}`;
}

/**
 * The alternative that the value was meant to be: one whose kind of value is right, with the fewest
 * problems. Undefined when the value is of no alternative's kind.
 */
function nearestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const isOfKind = (branch: readonly z.core.$ZodIssue[]): boolean =>
    branch.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys");
  return branches
    .filter((branch) => branch.length > 0 && isOfKind(branch))
    .sort((a, b) => a.length - b.length)[0];
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return shorten(JSON.stringify(value) ?? String(value));
}

const shorten = (text: string): string =>
  text.length <= TEXT_SHOWN ? text : `${text.slice(0, TEXT_SHOWN)}…`;
