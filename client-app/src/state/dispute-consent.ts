const KEY = "tallystick.consent";

interface Consents {
  /** Claims that may be opened. */
  claims: string[];
  /** Given for a claim that was sent and has no id yet; `before` were there already. */
  sent: { place: string; before: string[] }[];
}

/**
 * With one click the subscriber disputes a line and agrees that, if the operator refuses, the ledger
 * is shown what it needs to price the call again. The consent is for that one claim: another claim
 * about the same line, whoever sent it, opens nothing. Kept for this tab, so that a reload does not
 * lose it.
 * @param before ids of the own claims about this place that were there before
 */
export function rememberConsent(place: string, before: string[]): void {
  const { claims, sent } = read();
  write({ claims, sent: [...sent.filter((one) => one.place !== place), { place, before }] });
}

/** @param claim one of the subscriber's own claims, as the node lists it */
export function consentGiven(claim: string, place: string): boolean {
  const { claims, sent } = read();
  if (claims.includes(claim)) return true;
  const awaited = sent.find((one) => one.place === place && !one.before.includes(claim));
  if (awaited === undefined) return false;
  write({ claims: [...claims, claim], sent: sent.filter((one) => one !== awaited) });
  return true;
}

function read(): Consents {
  const stored = window.sessionStorage.getItem(KEY);
  return stored === null ? { claims: [], sent: [] } : JSON.parse(stored);
}

function write(consents: Consents): void {
  window.sessionStorage.setItem(KEY, JSON.stringify(consents));
}
