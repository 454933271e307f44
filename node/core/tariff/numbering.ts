import type { Numbering } from "./document.ts";

/** The other side of a use, as far as the record tells it. */
export type OtherParty =
  | { type: "none" }
  /** `digits` are what the tariff's prefixes are compared with; "national" is also "unknown". */
  | { type: "international" | "national"; digits: string }
  | { type: "text"; text: string };

const SEPARATORS = /[\s\-./()\u00a0]/g;

/**
 * Turns a number as a record writes it into international digits. "+" and the international prefix
 * are stripped; the national prefix gives way to the country code, and so does nothing at all (a
 * short number) unless the tariff says that bare numbers are international. Without `numbering`,
 * digits stay as they are. What is no number is text.
 */
export function readOtherParty(written: string | undefined, numbering?: Numbering): OtherParty {
  const text = written?.trim() ?? "";
  if (text === "") return { type: "none" };
  const digits = text.replace(SEPARATORS, "");
  if (!/^\+?[0-9*#]+$/.test(digits)) return { type: "text", text };
  if (digits.startsWith("+")) return { type: "international", digits: digits.slice(1) };
  if (numbering === undefined) return { type: "national", digits };
  const { countryCode, nationalPrefix, internationalPrefix, bare } = numbering;
  if (digits.startsWith(internationalPrefix)) {
    return { type: "international", digits: digits.slice(internationalPrefix.length) };
  }
  if (nationalPrefix !== "" && digits.startsWith(nationalPrefix)) {
    return { type: "international", digits: countryCode + digits.slice(nationalPrefix.length) };
  }
  return bare === "international"
    ? { type: "international", digits }
    : { type: "national", digits: countryCode + digits };
}
