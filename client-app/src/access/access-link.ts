import { TallystickError } from "../../../node/core/errors.ts";

/**
 * The link that a subscriber gets is https://host/#s=SECRET[&period=EPOCH]. A fragment is never sent
 * to a server, and everything else that names the subscriber is derived from the secret here.
 */
export interface AccessLink {
  /** 32 bytes. */
  secret: Uint8Array;
  period?: string;
}

const SECRET_BYTES = 32;

/**
 * @returns undefined when the fragment holds no secret at all
 * @throws TallystickError `access.broken-link` when it holds a damaged one
 */
export function readAccessLink(fragment: string): AccessLink | undefined {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const text = parameters.get("s");
  if (text === null) return undefined;
  const secret = decodeSecret(text);
  const period = parameters.get("period");
  return period === null ? { secret } : { secret, period };
}

/** @throws TallystickError `access.broken-link` */
export function decodeSecret(text: string): Uint8Array {
  const bytes = /^[A-Za-z0-9_-]*$/.test(text) ? fromBase64Url(text) : undefined;
  if (bytes === undefined || bytes.length !== SECRET_BYTES) {
    throw new TallystickError(
      "access.broken-link",
      "This link is not complete. Copy the whole link from your operator's message, to its very last character.",
    );
  }
  return bytes;
}

export function encodeSecret(secret: Uint8Array): string {
  return btoa(String.fromCharCode(...secret))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
