import { below } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { scanJson } from "../store/stored-json.ts";
import type { Account } from "../store/stored-types.ts";

interface Membership {
  account: string;
  device: string;
  from: number;
  to: number;
}

export type Guided =
  | { account: string; device: string }
  | { code: "guide.unknown-owner" | "guide.doubly-claimed"; message: string };

/** An answer and the stretch of time, half-open, in which it is the same. */
export interface GuidedSpan {
  guided: Guided;
  from: number;
  to: number;
}

/**
 * Finds whose record it is: number, SIM or device to account, by effective dates. An unknown or
 * doubly claimed owner is an answer, not an error: the record goes to suspense.
 */
export class AccountGuide {
  readonly #members = new Map<string, Membership[]>();

  static async load(store: Store): Promise<AccountGuide> {
    const guide = new AccountGuide();
    for await (const { value } of scanJson<Account>(store, below("account/"))) guide.add(value);
    return guide;
  }

  /** @param before what the account was, where there was one of its id */
  replace(account: Omit<Account, "accessSecret">, before: Account | undefined): void {
    for (const { id } of before?.devices ?? []) {
      const others = (this.#members.get(id) ?? []).filter((one) => one.account !== account.id);
      if (others.length === 0) this.#members.delete(id);
      else this.#members.set(id, others);
    }
    this.add(account);
  }

  add(account: Omit<Account, "accessSecret">): void {
    for (const device of account.devices) {
      const known = this.#members.get(device.id) ?? [];
      known.push({
        account: account.id,
        device: device.id,
        from: device.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(device.from),
        to: device.to === undefined ? Number.POSITIVE_INFINITY : Date.parse(device.to),
      });
      this.#members.set(device.id, known);
    }
  }

  /** The same for who remembers it: no membership of these identities begins or ends within the span. */
  span(identities: (string | undefined)[], startMilliseconds: number): GuidedSpan {
    let from = Number.NEGATIVE_INFINITY;
    let to = Number.POSITIVE_INFINITY;
    for (const identity of identities) {
      const members = identity === undefined ? undefined : this.#members.get(identity);
      for (const edge of (members ?? []).flatMap((member) => [member.from, member.to])) {
        if (edge <= startMilliseconds) from = Math.max(from, edge);
        else to = Math.min(to, edge);
      }
    }
    return { guided: this.guide(identities, startMilliseconds), from, to };
  }

  /** @param identities what the record says of the served party, the strongest first */
  guide(identities: (string | undefined)[], startMilliseconds: number): Guided {
    for (const identity of identities) {
      if (identity === undefined) continue;
      const members = this.#members.get(identity);
      if (members === undefined) continue;
      const owners = members.filter(
        ({ from, to }) => from <= startMilliseconds && startMilliseconds < to,
      );
      const [owner] = owners;
      if (owner === undefined) continue;
      if (owners.some(({ account }) => account !== owner.account)) {
        return {
          code: "guide.doubly-claimed",
          message: `${owners.length} accounts claim the served party at that time; end one of the memberships.`,
        };
      }
      return { account: owner.account, device: owner.device };
    }
    return {
      code: "guide.unknown-owner",
      message: "No account owns the served party at that time; add it to an account and recycle.",
    };
  }
}
