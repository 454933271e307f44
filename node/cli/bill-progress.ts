/** How far a bill is, as the node tells it. */
export interface BillProgress {
  period: string;
  phase: string;
  running: boolean;
  accounts: { done: number; all: number };
  /** Of the whole work, from 0 to 1. */
  share: number;
}

export interface BillLeft {
  /** Invoices a second since the first look; absent while none was written. */
  accountsPerSecond?: number;
  secondsLeft?: number;
}

/** What the change since the first look says of what is left. */
export function billLeft(first: BillProgress, now: BillProgress, seconds: number): BillLeft {
  const share = now.share - first.share;
  const accounts = now.accounts.done - first.accounts.done;
  if (seconds <= 0 || share <= 0) return {};
  const secondsLeft = Math.ceil(((1 - now.share) * seconds) / share);
  return accounts === 0
    ? { secondsLeft }
    : { accountsPerSecond: Math.round(accounts / seconds), secondsLeft };
}

const PHASE_WORDS: Record<string, string> = {
  close: "closing accounts",
  plan: "counting charges",
  gather: "reading charges",
  compose: "writing invoices",
  append: "appending invoices to the book",
};

const whole = (value: number): string => value.toLocaleString("en");

export function billProgressInWords(progress: BillProgress, left: BillLeft = {}): string {
  const { period, phase, accounts, share } = progress;
  return [
    `bill of ${period}: ${PHASE_WORDS[phase] ?? phase}`,
    `${whole(accounts.done)} of ${whole(accounts.all)} accounts`,
    `${Math.floor(100 * share)} %`,
    ...(left.accountsPerSecond === undefined ? [] : [`${whole(left.accountsPerSecond)} a second`]),
    ...(left.secondsLeft === undefined ? [] : [`${whole(left.secondsLeft)} s left`]),
  ].join(", ");
}

/** One line of `status`: the bill that runs, or how an interrupted one goes on. */
export function billStandsInWords({ period, running, accounts, phase }: BillProgress): string {
  const done = `bill of ${period}: ${whole(accounts.done)} of ${whole(accounts.all)} accounts`;
  return running
    ? `${done}, ${PHASE_WORDS[phase] ?? phase}`
    : `${done}, goes on with: tallystick bill ${period}`;
}
