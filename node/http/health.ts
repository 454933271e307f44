import { type Fault, faultOf } from "../engine/standing-fault.ts";

/**
 * `ledger`, `store`: it answers, and of the store that what is written is found again. `disk`: it has room for more
 * than the reserve, else nothing is taken in. `commits`: batches are sealed, and the ledger refuses none. `charging`:
 * its log can be written, else nothing is granted; only where the node charges.
 */
type Part = "ledger" | "store" | "disk" | "commits";

/** `live`: the process answers. `ready`: it can do all of its work, because every part is well. */
export interface Health extends Record<Part, boolean> {
  live: true;
  ready: boolean;
  charging?: boolean;
  /** Why parts are not well; absent while all are. */
  faults?: Fault[];
}

/** Rejects with why the part is not well. */
type Check = () => Promise<unknown>;
export type PartChecks = Record<Part, Check> & { charging?: Check };

const ANSWER_MS = 2_000;
/** An answer stands so long, so that whoever asks often costs the ledger nothing. */
const KEPT_MS = 1_000;

/** Asks every part, each for at most two seconds. */
export function healthOf(
  checks: PartChecks,
  answerMilliseconds: number = ANSWER_MS,
): () => Promise<Health> {
  let newest: Promise<Health> | undefined;
  let endsAt = 0;
  const look = async (): Promise<Health> => {
    const ask = (part: keyof PartChecks, check: Check) => faultIn(part, check, answerMilliseconds);
    const [ledger, store, disk, commits, charging] = await Promise.all([
      ask("ledger", checks.ledger),
      ask("store", checks.store),
      ask("disk", checks.disk),
      ask("commits", checks.commits),
      ask("charging", checks.charging ?? (async () => {})),
    ]);
    endsAt = performance.now() + KEPT_MS;
    const own = [ledger, store, disk, charging].filter((fault) => fault !== undefined);
    const faults = [...own, ...notTold([commits], own)];
    return {
      live: true,
      ready: faults.length === 0,
      ledger: ledger === undefined,
      store: store === undefined,
      disk: disk === undefined,
      commits: commits === undefined,
      ...(checks.charging === undefined ? {} : { charging: charging === undefined }),
      ...(faults.length === 0 ? {} : { faults }),
    };
  };
  return () => {
    if (newest === undefined || performance.now() > endsAt) {
      endsAt = Number.POSITIVE_INFINITY;
      newest = look();
    }
    return newest;
  };
}

/** What keeps one part from its work keeps others from theirs, under the same code: that is told once. */
export function notTold(faults: readonly (Fault | undefined)[], told: readonly Fault[]): Fault[] {
  const codes = new Set(told.map(({ code }) => code));
  const rest: Fault[] = [];
  for (const fault of faults) {
    if (fault === undefined || codes.has(fault.code)) continue;
    codes.add(fault.code);
    rest.push(fault);
  }
  return rest;
}

async function faultIn(
  part: string,
  check: Check,
  milliseconds: number,
): Promise<Fault | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Fault>((resolve) => {
    const message = `It does not answer within ${milliseconds / 1000} s.`;
    const fault = { part, code: "health.no-answer", message };
    timer = setTimeout(() => resolve(fault), milliseconds);
  });
  try {
    return await Promise.race([check().then(() => undefined), late]);
  } catch (error) {
    return faultOf(part, error);
  } finally {
    clearTimeout(timer);
  }
}
