import type { Ledger } from "../engine/commit/ledger.ts";
import type { Store } from "../engine/store/store.ts";

/** `live`: the process answers. `ready`: it can do all of its work, because every part is well. */
export interface Health {
  live: true;
  ready: boolean;
  /** It answers. */
  ledger: boolean;
  /** It answers. */
  store: boolean;
  /** It has room for more than the reserve: else nothing is taken in. */
  disk: boolean;
  /** The ledger refuses none of the node's commitments. */
  commits: boolean;
}

const ANSWER_MS = 2_000;
/** An answer stands so long, so that whoever asks often costs the ledger nothing. */
const KEPT_MS = 1_000;

/** Asks every part, each for at most two seconds. */
export function healthOf(parts: {
  ledger: Pick<Ledger, "head">;
  store: Pick<Store, "get">;
  hasRoom: () => Promise<boolean>;
  commitsAreTaken: () => Promise<boolean>;
  answerMilliseconds?: number;
}): () => Promise<Health> {
  const { ledger, store, hasRoom, commitsAreTaken, answerMilliseconds = ANSWER_MS } = parts;
  let newest: Promise<Health> | undefined;
  let endsAt = 0;
  const look = async (): Promise<Health> => {
    const [hasLedger, hasStore, disk, commits] = await Promise.all([
      answersYes(() => ledger.head().then(() => true), answerMilliseconds),
      answersYes(() => store.get("node/health").then(() => true), answerMilliseconds),
      answersYes(hasRoom, answerMilliseconds),
      answersYes(commitsAreTaken, answerMilliseconds),
    ]);
    endsAt = performance.now() + KEPT_MS;
    const ready = hasLedger && hasStore && disk && commits;
    return { live: true, ready, ledger: hasLedger, store: hasStore, disk, commits };
  };
  return () => {
    if (newest === undefined || performance.now() > endsAt) {
      endsAt = Number.POSITIVE_INFINITY;
      newest = look();
    }
    return newest;
  };
}

async function answersYes(ask: () => Promise<boolean>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
