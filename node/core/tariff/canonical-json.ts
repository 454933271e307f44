import { TallystickError } from "../errors.ts";

/**
 * JSON in the canonical form of RFC 8785, for what a tariff document can hold: objects, arrays,
 * strings, booleans, null and safe integers. Decimals are strings there, so that no reader's float
 * can change a price; other numbers are refused.
 * @throws TallystickError `json.not-canonical`
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return String(Object.is(value, -0) ? 0 : value);
    throw new TallystickError(
      "json.not-canonical",
      `${value} is no safe integer; write decimals as strings.`,
    );
  }
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    // RFC 8785, 3.2.3: by UTF-16 code units, which is how JavaScript compares strings.
    const members = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${quote(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw new TallystickError("json.not-canonical", `A value of type ${typeof value} is no JSON.`);
}

function quote(text: string): string {
  if (!text.isWellFormed()) {
    throw new TallystickError("json.not-canonical", "A string holds half a surrogate pair.");
  }
  return JSON.stringify(text);
}
