const KEY = "tallystick.consent";

/**
 * With one click the subscriber disputes a line and agrees that, if the operator refuses, the ledger
 * is shown what it needs to price the call again. Kept for this tab, so that a reload does not lose it.
 */
export function rememberConsent(place: string): void {
  window.sessionStorage.setItem(KEY, JSON.stringify([...consents(), place]));
}

export function consentGiven(place: string): boolean {
  return consents().includes(place);
}

function consents(): string[] {
  const stored = window.sessionStorage.getItem(KEY);
  return stored === null ? [] : JSON.parse(stored);
}
