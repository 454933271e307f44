/** Country codes of one and two digits (ITU-T E.164); every other one has three. */
const ONE_DIGIT = /^[17]/;
const TWO_DIGITS = /^(2[07]|3[0123469]|4[013456789]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** "+49 171 392 0017": an international number in groups that can be read aloud. */
export function formatNumber(number: string): string {
  if (!/^\+?\d{7,15}$/.test(number)) return number;
  const digits = number.replace("+", "");
  if (!number.startsWith("+")) return grouped(digits);
  const code = ONE_DIGIT.test(digits) ? 1 : TWO_DIGITS.test(digits) ? 2 : 3;
  return `+${digits.slice(0, code)} ${grouped(digits.slice(code))}`;
}

/** Threes from the left; what is left over joins the last group, so that no digit stands alone. */
function grouped(digits: string): string {
  const groups: string[] = [];
  let rest = digits;
  while (rest.length > 4) {
    groups.push(rest.slice(0, 3));
    rest = rest.slice(3);
  }
  groups.push(rest);
  return groups.join(" ");
}
