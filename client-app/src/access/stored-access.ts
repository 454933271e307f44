import { type AccessLink, decodeSecret, encodeSecret, readAccessLink } from "./access-link.ts";

const KEY = "tallystick.access";

/**
 * Takes the secret out of the address bar at once, so that it is in no bookmark, history entry or
 * screenshot, and keeps it for this tab only: a reload works, closing the tab forgets it.
 * @throws TallystickError `access.broken-link`
 */
export function takeAccess(): AccessLink | undefined {
  const fragment = window.location.hash;
  if (fragment !== "") {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  const link = readAccessLink(fragment);
  if (link !== undefined) {
    window.sessionStorage.setItem(KEY, encodeSecret(link.secret));
    return link;
  }
  const stored = window.sessionStorage.getItem(KEY);
  return stored === null ? undefined : { secret: decodeSecret(stored) };
}

export function forgetAccess(): void {
  window.sessionStorage.removeItem(KEY);
}
