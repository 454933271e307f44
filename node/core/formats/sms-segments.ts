/** The basic character set of 3GPP TS 23.038, section 6.2.1; all that is in it takes one septet. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/** Its extension table: two septets each. */
const EXTENDED = "\f^{}\\[~]|€";

/**
 * Messages that a text is sent and billed as: 160 septets or 70 UCS-2 characters, 153 or 67 where
 * the text is cut into several (3GPP TS 23.040, section 9.2.3.24.1).
 */
export function smsSegments(text: string): number {
  let septets = 0;
  for (const character of text) {
    if (BASIC.includes(character)) septets += 1;
    else if (EXTENDED.includes(character)) septets += 2;
    else return segments(text.length, 70, 67);
  }
  return segments(septets, 160, 153);
}

function segments(length: number, alone: number, each: number): number {
  return length <= alone ? 1 : Math.ceil(length / each);
}
