import type { Ledger } from "../engine/ledger.ts";
import type { Store } from "../engine/store.ts";

/** `live`: the process answers. `ready`: it can do its work, because ledger and store answer, too. */
export interface Health {
  live: true;
  ready: boolean;
  ledger: boolean;
  store: boolean;
}

const ANSWER_MS = 2_000;
/** An answer stands so long, so that whoever asks often costs the ledger nothing. */
const KEPT_MS = 1_000;

/** Asks ledger and store, each for at most two seconds. */
export function healthOf(parts: {
  ledger: Pick<Ledger, "head">;
  store: Pick<Store, "get">;
  answerMilliseconds?: number;
}): () => Promise<Health> {
  const { ledger, store, answerMilliseconds = ANSWER_MS } = parts;
  let newest: Promise<Health> | undefined;
  let endsAt = 0;
  const look = async (): Promise<Health> => {
    const [hasLedger, hasStore] = await Promise.all([
      answers(() => ledger.head(), answerMilliseconds),
      answers(() => store.get("node/health"), answerMilliseconds),
    ]);
    endsAt = performance.now() + KEPT_MS;
    return { live: true, ready: hasLedger && hasStore, ledger: hasLedger, store: hasStore };
  };
  return () => {
    if (newest === undefined || performance.now() > endsAt) {
      endsAt = Number.POSITIVE_INFINITY;
      newest = look();
    }
    return newest;
  };
}

async function answers(ask: () => Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([ask().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
