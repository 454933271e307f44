/** A number as far as its notation tells; what it means at home is not known. */
export interface NormalisedNumber {
  /** Digits without international or trunk prefix; of a masked number those that are shown. */
  digits: string;
  /** The digits start with a country code (ITU-T E.164). */
  international: boolean;
  /** How many digits at the end are hidden ("+49171123xxx"). */
  maskedDigits: number;
}

export type NumberMatch = "same" | "likely" | "partial" | "different";

/**
 * National notations differ in front (trunk prefix, country code), so without knowing the country
 * numbers agree when they end in the same significant digits, and in this many at least.
 */
const SIGNIFICANT_DIGITS_MIN = 7;
const PARTIAL_DIGITS_MIN = 5;

/** "+49 (0)171…", "0049171…", "0171…", "555-555-0018" and the like; undefined without any digit. */
export function normaliseNumber(text: string): NormalisedNumber | undefined {
  const compact = text.trim().replace(/^tel:/i, "");
  const masked = /[xX*?•.…]{2,}$/.exec(compact)?.[0] ?? "";
  // "(0)" after a country code is a trunk prefix that is not dialled from abroad.
  const shown = compact.slice(0, compact.length - masked.length).replace(/(\+\d+\s*)\(0\)/, "$1");
  const all = shown.replace(/\D/g, "");
  if (all === "") return undefined;
  const maskedDigits = masked.length;
  if (shown.trimStart().startsWith("+")) return { digits: all, international: true, maskedDigits };
  if (all.startsWith("00") && all.length >= 9) {
    return { digits: all.slice(2), international: true, maskedDigits };
  }
  const digits = all.length + maskedDigits > SIGNIFICANT_DIGITS_MIN ? all.replace(/^0/, "") : all;
  return { digits, international: false, maskedDigits };
}

/** `likely`: national and international notation of what ends alike. `partial`: a masked number. */
export function compareNumbers(a: NormalisedNumber, b: NormalisedNumber): NumberMatch {
  if (a.maskedDigits > 0 || b.maskedDigits > 0) return comparePartly(a, b);
  if (a.digits === b.digits) return a.international === b.international ? "same" : "likely";
  if (a.international && b.international) return "different";
  const [short, long] = a.digits.length < b.digits.length ? [a, b] : [b, a];
  // A longer national number is not the tail of a shorter international one.
  if (short.international) return "different";
  const enough = short.digits.length >= SIGNIFICANT_DIGITS_MIN;
  return enough && long.digits.endsWith(short.digits) ? "likely" : "different";
}

/** Numbers that can agree share this key; short ones (services) agree only whole. */
export function numberKey(number: NormalisedNumber): string {
  return number.digits.slice(-SIGNIFICANT_DIGITS_MIN);
}

function comparePartly(a: NormalisedNumber, b: NormalisedNumber): NumberMatch {
  const [masked, other] = a.maskedDigits > 0 ? [a, b] : [b, a];
  const shown = masked.digits;
  if (shown.length < PARTIAL_DIGITS_MIN) return "different";
  const whole = other.digits.slice(0, other.digits.length - masked.maskedDigits);
  const agrees =
    other.maskedDigits > 0
      ? shown === other.digits
      : shown === whole ||
        (shown.length < whole.length ? whole.endsWith(shown) : shown.endsWith(whole));
  return agrees && whole.length >= PARTIAL_DIGITS_MIN ? "partial" : "different";
}
