import { fromHex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";

const SECRET_BYTES = 32;

/**
 * The secret of a subscriber's link (docs/ACCESS.md), from whatever a person has: the whole link
 * (https://host/#s=SECRET), the secret in base64url as it stands there, or "0x" and 64 digits.
 * @throws TallystickError `access.broken-link`
 */
export function readLinkSecret(text: string): Uint8Array {
  const given = text.trim();
  if (/^0x[0-9a-fA-F]{64}$/.test(given)) return fromHex(given.toLowerCase(), SECRET_BYTES);
  const at = given.indexOf("#");
  const written = at < 0 ? given : new URLSearchParams(given.slice(at + 1)).get("s");
  const secret = written === null ? undefined : fromBase64Url(written);
  if (secret?.length === SECRET_BYTES) return secret;
  throw new TallystickError(
    "access.broken-link",
    "This holds no complete secret of a personal link. Copy the whole link from the operator's message, to its very last character.",
  );
}

export const writeLinkSecret = (secret: Uint8Array): string =>
  btoa(String.fromCharCode(...secret))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
