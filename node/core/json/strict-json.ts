import { TallystickError } from "../errors.ts";

/*
 * JSON that means one thing (RFC 8259, sections 4, 6 and 8.2, leaves it open): a key stands once in an
 * object, a number is read as it is written, and a text has a form in UTF-8. Readers differ over the rest,
 * and two readers of a price must not.
 */

/** More digits than any quantity or amount has. */
const NUMBER_LENGTH_MAX = 60;
/** Up to so many digits, a double keeps what is written. */
const DOUBLE_DIGITS = 15;

/** Deeper than any document is: who walks the value, here or later, needs no more stack than this. */
const DEPTH_MAX = 64;

const BYTE_ORDER_MARK = 0xfeff;

/** Half of a character beyond 16 bits; two of them in their order are one. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** A string is its opening quote here: an expression that spans long ones runs out of stack. */
const TOKEN = /-?\d[\d.eE+-]*|["{}[\],:]/g;

/**
 * @throws TallystickError `json.malformed`, `json.duplicate-key`, `json.exponent`,
 *   `json.number-too-long`, `json.number-inexact`, `json.too-deep`, `json.half-character`; the place
 *   has the line, counting from 1
 */
export function parseStrictJson(written: string): unknown {
  // Editors put a mark before UTF-8; a reader may pass over it (RFC 8259, section 8.1).
  const text = written.charCodeAt(0) === BYTE_ORDER_MARK ? written.slice(1) : written;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new TallystickError("json.malformed", `This is no JSON: ${reason}.`, {}, cause);
  }
  const isDoubtful = mayBeTooDeep(text) || ESCAPED_SURROGATE.test(text);
  if (isDoubtful || !isWrittenPlainly(text, value)) requireOneMeaning(text);
  return value;
}

/** Whether enough brackets open for it, in strings or not: a record has few. */
function mayBeTooDeep(text: string): boolean {
  let opened = 0;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > DEPTH_MAX) return true;
    }
  }
  return false;
}

/**
 * Whether the text is the very one that writes the value: then no key was lost and no digit changed.
 * So most lines that programs write are passed, at a third of the time that walking them takes.
 */
function isWrittenPlainly(text: string, value: unknown): boolean {
  return !/\d[eE][+-]?\d/.test(text) && JSON.stringify(value) === text;
}

/** For text that is known to be JSON. */
function requireOneMeaning(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (const { token, index } of tokensOf(text)) {
    const keys = open.at(-1);
    switch (token) {
      case "{":
      case "[":
        requireShallow(open.length + 1, text, index);
        open.push(token === "{" ? new Set() : undefined);
        isKeyNext = token === "{";
        continue;
      case "}":
      case "]":
        open.pop();
        isKeyNext = false;
        continue;
      case ",":
        isKeyNext = keys !== undefined;
        continue;
      case ":":
        isKeyNext = false;
        continue;
    }
    if (!token.startsWith('"')) {
      requireExactNumber(token, text, index);
      continue;
    }
    requireWholeCharacters(token, text, index);
    if (isKeyNext && keys !== undefined) requireNewKey(keys, token, text, index);
  }
}

/** Brackets, separators, numbers, and strings with their quotes. */
function* tokensOf(text: string): Generator<{ token: string; index: number }> {
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const { 0: first, index } = match;
    const end = first === '"' ? endOfString(text, index) : TOKEN.lastIndex;
    yield { token: text.slice(index, end), index };
    TOKEN.lastIndex = end;
  }
}

/** @param start of the opening quote; the place behind the closing one */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function requireShallow(depth: number, text: string, index: number): void {
  if (depth <= DEPTH_MAX) return;
  throw refusal(
    "json.too-deep",
    `Lists and objects stand in each other more than ${DEPTH_MAX} deep; nothing that is read here is.`,
    text,
    index,
  );
}

function requireNewKey(keys: Set<string>, token: string, text: string, index: number): void {
  // The same key can be written with and without escapes.
  const key = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
  if (keys.has(key)) {
    throw refusal(
      "json.duplicate-key",
      `"${key.slice(0, 80)}" stands twice in one object; which of the two counts is open. Remove one.`,
      text,
      index,
    );
  }
  keys.add(key);
}

/** What has no form in UTF-8 is stored as another text, and two of them as the same. */
function requireWholeCharacters(token: string, text: string, index: number): void {
  if (!ESCAPED_SURROGATE.test(token) || String(JSON.parse(token)).isWellFormed()) return;
  throw refusal(
    "json.half-character",
    "A text has half of a character (a surrogate without its other half), which no UTF-8 can write.",
    text,
    index,
  );
}

function requireExactNumber(token: string, text: string, index: number): void {
  const refuse = (code: string, message: string): TallystickError =>
    refusal(code, message, text, index);
  if (token.length > NUMBER_LENGTH_MAX) {
    throw refuse(
      "json.number-too-long",
      `A number of ${token.length} characters; at most ${NUMBER_LENGTH_MAX} are read.`,
    );
  }
  if (/[eE]/.test(token)) {
    throw refuse("json.exponent", `${token} has an exponent; write its digits out.`);
  }
  const digits = token.replace(/[-.]/g, "").replace(/^0+/, "");
  if (digits.length <= DOUBLE_DIGITS || isKept(token)) return;
  throw refuse(
    "json.number-inexact",
    `${token} has more digits than a JSON number keeps; write it as a string.`,
  );
}

/** Whether a double's shortest text says what is written, but for zeros at its end. */
function isKept(token: string): boolean {
  const [whole = "", decimals = ""] = token.split(".");
  const kept = decimals.replace(/0+$/, "");
  return String(Number(token)) === (kept === "" ? whole : `${whole}.${kept}`);
}

function refusal(code: string, message: string, text: string, index: number): TallystickError {
  return new TallystickError(code, message, { line: text.slice(0, index).split("\n").length });
}
