import { TallystickError } from "../errors.ts";
import type { RatedAccount } from "./rated-account.ts";

/**
 * A pool is an account's, and nobody's pool leads, by however many steps, back to whoever uses it: whose
 * allowances they would share, nobody could say.
 * @param starts accounts to begin at; only what they lead to is looked at
 * @throws TallystickError `accounts.pool-unknown`, `accounts.pool-cycle`
 */
export function checkPools(
  starts: Iterable<string>,
  accountOf: (id: string) => Pick<RatedAccount, "pool"> | undefined,
): void {
  const done = new Set<string>();
  for (const start of starts) {
    // Most accounts use their own: nothing is laid out for those.
    if (accountOf(start)?.pool === start) continue;
    const path = new Set<string>();
    let at = start;
    for (;;) {
      if (done.has(at)) break;
      if (path.has(at)) {
        throw new TallystickError(
          "accounts.pool-cycle",
          `The account "${at}" uses a pool that leads back to itself; let one of them use its own.`,
        );
      }
      path.add(at);
      const pool = accountOf(at)?.pool ?? at;
      if (pool === at) break;
      if (accountOf(pool) === undefined) {
        throw new TallystickError(
          "accounts.pool-unknown",
          `The account "${at}" uses the pool of "${pool}", which is no account; add it.`,
        );
      }
      at = pool;
    }
    for (const one of path) done.add(one);
  }
}
