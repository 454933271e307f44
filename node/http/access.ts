import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { fromHex, type Hex } from "../core/bytes.ts";
import { accessToken } from "../core/evidence/access-link.ts";
import type { Account } from "../engine/store/stored-types.ts";
import { HttpError } from "./http-error.ts";

type Request = Pick<IncomingMessage, "headers">;

const TOKEN = /^Bearer (0x[0-9a-f]{64})$/;

/** The bearer token of a request. @throws HttpError 401 `access.missing` */
export function bearerOf(request: Request): Hex {
  const match = TOKEN.exec(request.headers.authorization ?? "");
  if (match === null) {
    throw new HttpError(
      401,
      "access.missing",
      "This needs an access token. Open your personal link again.",
    );
  }
  return match[1] as Hex;
}

/** The accounts, and a number that is another one after each change of them. */
export interface AccountSource {
  readonly accountsRevision: number;
  accounts(): Promise<Account[]>;
}

export type AccountWithoutSecret = Omit<Account, "accessSecret">;

/**
 * Finds whose link it is. Accounts are kept by the digest of their token, made once after each
 * change of the accounts: no secret stays in memory, looking a digest up says nothing about how much
 * of a token was right, and a request costs the same however many accounts there are.
 */
export class SubscriberAccess {
  readonly #source: AccountSource;
  #known: Promise<Map<string, AccountWithoutSecret>> | undefined;
  #revision: number | undefined;

  constructor(source: AccountSource) {
    this.#source = source;
  }

  /** @throws HttpError 403 `access.unknown` */
  async accountOf(request: Request): Promise<AccountWithoutSecret> {
    const digest = digestOf(bearerOf(request));
    const found = (await this.#accounts()).get(digest);
    if (found === undefined) {
      throw new HttpError(
        403,
        "access.unknown",
        "This link opens nothing. Ask your operator for a new one.",
      );
    }
    return found;
  }

  #accounts(): Promise<Map<string, AccountWithoutSecret>> {
    const { accountsRevision } = this.#source;
    if (this.#known === undefined || this.#revision !== accountsRevision) {
      this.#revision = accountsRevision;
      const reading = this.#read();
      this.#known = reading;
      // A store that did not answer is asked again.
      reading.catch(() => {
        if (this.#known === reading) this.#known = undefined;
      });
    }
    return this.#known;
  }

  async #read(): Promise<Map<string, AccountWithoutSecret>> {
    const known = new Map<string, AccountWithoutSecret>();
    for (const { accessSecret, ...account } of await this.#source.accounts()) {
      known.set(digestOf(accessToken(fromHex(accessSecret, 32))), account);
    }
    return known;
  }
}

const digestOf = (token: Hex): string => createHash("sha256").update(token).digest("base64");

/** @throws HttpError 403 `access.not-operator` */
export function requireOperator(request: Request, token: Hex): void {
  if (!timingSafeEqual(fromHex(bearerOf(request), 32), fromHex(token, 32))) {
    throw new HttpError(403, "access.not-operator", "This needs the operator's token.");
  }
}
