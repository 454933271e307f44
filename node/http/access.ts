import { timingSafeEqual } from "node:crypto";
import type { Request } from "express";
import { fromHex, type Hex } from "../core/bytes.ts";
import { accessToken } from "../core/evidence/access-link.ts";
import type { Account } from "../engine/stored-types.ts";
import { HttpError } from "./http-error.ts";

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

/**
 * Finds whose link it is. Tokens are compared in constant time; only tokens are kept in memory, not
 * secrets.
 */
export class SubscriberAccess {
  readonly #accounts: () => Promise<Account[]>;

  constructor(accounts: () => Promise<Account[]>) {
    this.#accounts = accounts;
  }

  /** @throws HttpError 403 `access.unknown` */
  async accountOf(request: Request): Promise<Account> {
    const token = fromHex(bearerOf(request), 32);
    let found: Account | undefined;
    for (const account of await this.#accounts()) {
      const own = fromHex(accessToken(fromHex(account.accessSecret, 32)), 32);
      if (timingSafeEqual(own, token)) found = account;
    }
    if (found === undefined) {
      throw new HttpError(
        403,
        "access.unknown",
        "This link opens nothing. Ask your operator for a new one.",
      );
    }
    return found;
  }
}

/** @throws HttpError 403 `access.not-operator` */
export function requireOperator(request: Request, token: Hex): void {
  if (!timingSafeEqual(fromHex(bearerOf(request), 32), fromHex(token, 32))) {
    throw new HttpError(403, "access.not-operator", "This needs the operator's token.");
  }
}
