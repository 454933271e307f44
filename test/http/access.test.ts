import assert from "node:assert/strict";
import type { Request } from "express";
import { fromHex, type Hex } from "../../node/core/bytes.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { accessToken } from "../../node/core/evidence/access-link.ts";
import type { Account } from "../../node/engine/store/stored-types.ts";
import { SubscriberAccess } from "../../node/http/access.ts";
import { filled } from "../adapters/memory-members.ts";

const account = (id: string, accessSecret: Hex): Account => ({
  id,
  label: id,
  devices: [],
  accessSecret,
});
const withLinkOf = (secret: Hex) => {
  const authorization = `Bearer ${accessToken(fromHex(secret, 32))}`;
  return { headers: { authorization } } as Request;
};
const isUnknown = (error: unknown) =>
  error instanceof TallystickError && error.code === "access.unknown";

describe("access by link", () => {
  let accounts: Account[];
  let read: number;
  let access: SubscriberAccess;
  let source: { accountsRevision: number; accounts: () => Promise<Account[]> };

  beforeEach(() => {
    accounts = [account("anna", filled("a1", 32)), account("bert", filled("b1", 32))];
    read = 0;
    source = {
      accountsRevision: 0,
      accounts: async () => {
        read++;
        return accounts;
      },
    };
    access = new SubscriberAccess(source);
  });

  it("reads the accounts once, however many ask with whatever token", async () => {
    for (let at = 0; at < 20; at++) {
      await assert.rejects(access.accountOf(withLinkOf(filled("ee", 32))), isUnknown);
    }
    assert.equal((await access.accountOf(withLinkOf(filled("b1", 32)))).id, "bert");
    assert.equal(read, 1);
  });

  it("knows a new account as soon as there is one, and hands out no secret", async () => {
    const link = withLinkOf(filled("c1", 32));
    await assert.rejects(access.accountOf(link), isUnknown);
    accounts = [...accounts, account("carl", filled("c1", 32))];
    source.accountsRevision++;
    const found = await access.accountOf(link);
    assert.equal(found.id, "carl");
    assert.ok(!JSON.stringify(found).includes("c1c1"));
  });

  it("asks again after the store did not answer", async () => {
    const working = source.accounts;
    source.accounts = async () => {
      throw new Error("gone");
    };
    await assert.rejects(access.accountOf(withLinkOf(filled("a1", 32))), /gone/);
    source.accounts = working;
    assert.equal((await access.accountOf(withLinkOf(filled("a1", 32)))).id, "anna");
  });
});
