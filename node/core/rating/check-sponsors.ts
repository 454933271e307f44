import { TallystickError } from "../errors.ts";
import type { RatedAccount } from "./rated-account.ts";

/**
 * A sponsor is an account, and nobody sponsors, by however many steps, whoever sponsors it.
 * @param starts accounts to begin at; only what they lead to is looked at
 * @throws TallystickError `accounts.sponsor-unknown`, `accounts.sponsor-cycle`
 */
export function checkSponsors(
  starts: Iterable<string>,
  accountOf: (id: string) => Pick<RatedAccount, "sponsors"> | undefined,
): void {
  const done = new Set<string>();
  for (const start of starts) {
    // Most accounts have none: nothing is laid out for those.
    if (accountOf(start)?.sponsors.length === 0) continue;
    const open = [{ id: start, next: 0 }];
    const path = new Set([start]);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const sponsor = done.has(top.id) ? undefined : accountOf(top.id)?.sponsors[top.next]?.account;
      if (sponsor === undefined) {
        done.add(top.id);
        path.delete(top.id);
        open.pop();
        continue;
      }
      top.next += 1;
      if (accountOf(sponsor) === undefined) {
        throw new TallystickError(
          "accounts.sponsor-unknown",
          `The account "${top.id}" is sponsored by "${sponsor}", which is no account; add it.`,
        );
      }
      if (path.has(sponsor)) {
        throw new TallystickError(
          "accounts.sponsor-cycle",
          `The account "${sponsor}" is sponsored by an account that it sponsors itself; end one of them.`,
        );
      }
      path.add(sponsor);
      open.push({ id: sponsor, next: 0 });
    }
  }
}
