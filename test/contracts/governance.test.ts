import { strict as assert } from "node:assert";
import { Interface, type JsonRpcSigner } from "ethers";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";
import { ACCESS_ROLE } from "../../scripts/deploy/access.ts";
import { TestLedger } from "./support/chain.ts";
import { admit, DAY, type Party, ROLE } from "./support/parties.ts";

const DELAY = 2 * DAY;

describe("The governor", () => {
  let ledger: TestLedger;
  let governor: JsonRpcSigner;
  let guardian: JsonRpcSigner;
  let alder: Party;

  before(async () => {
    const guardianAt = 15;
    const draft = await TestLedger.start();
    ledger = await TestLedger.start(21_600n, {
      governanceDelaySeconds: BigInt(DELAY),
      guardian: draft.account(guardianAt).address,
    });
    governor = ledger.account(0);
    guardian = ledger.account(guardianAt);
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
  });

  type Contract = keyof typeof LEDGER_ABI;
  const dataOf = (contract: Contract, method: string, args: unknown[]): string =>
    new Interface(LEDGER_ABI[contract]).encodeFunctionData(method, args);
  const addressOf = (contract: Contract): string =>
    contract === "token" ? ledger.addresses.demoToken : ledger.addresses[contract];

  async function announce(contract: Contract, method: string, args: unknown[]): Promise<string> {
    const data = dataOf(contract, method, args);
    const to = addressOf(contract);
    await ledger.send(governor, "accessManager", "schedule", to, data, 0);
    return data;
  }

  const manager = (by: JsonRpcSigner, method: string, ...args: unknown[]) =>
    ledger.refusal(by, "accessManager", method, ...args);

  it("admits, suspends and reinstates at once", async () => {
    await ledger.send(governor, "members", "suspend", alder.id);
    await ledger.send(governor, "members", "reinstate", alder.id);
  });

  it("can do nothing dangerous without announcing it", async () => {
    const { demoToken, mispricedCharge, books } = ledger.addresses;
    for (const [contract, method, args] of [
      ["agreements", "allowToken", [demoToken]],
      ["claims", "registerJudge", [50, mispricedCharge]],
      ["bonds", "spendFund", [demoToken, governor.address, 1n]],
    ] as const) {
      const refused = await ledger.refusal(governor, contract, method, ...args);
      assert.equal(refused, "AccessManagerNotScheduled", method);
    }
    for (const [method, args] of [
      ["grantRole", [ACCESS_ROLE.slasher, governor.address, 0]],
      ["setTargetFunctionRole", [books, ["0x12345678"], ACCESS_ROLE.registrar]],
      ["updateAuthority", [books, governor.address]],
      ["setRoleGuardian", [ACCESS_ROLE.rulemaker, ACCESS_ROLE.admin]],
    ] as const) {
      assert.equal(await manager(governor, method, ...args), "AccessManagerNotScheduled", method);
    }
  });

  it("does it after the delay, and not before", async () => {
    const args = [50, ledger.addresses.mispricedCharge];
    const data = await announce("claims", "registerJudge", args);
    const execute = [ledger.addresses.claims, data] as const;
    assert.equal(await manager(governor, "execute", ...execute), "AccessManagerNotReady");
    await ledger.pass(DELAY);
    await ledger.send(governor, "accessManager", "execute", ...execute);
    assert.equal(await ledger.read("claims", "judgeOf", 50), ledger.addresses.mispricedCharge);
  });

  it("is stopped by the guardian, who can do nothing else", async () => {
    const { claims, accessManager, mispricedCharge } = ledger.addresses;
    const data = await announce("claims", "registerJudge", [51, mispricedCharge]);
    const grant = await announce("accessManager", "grantRole", [
      ACCESS_ROLE.slasher,
      governor.address,
      0,
    ]);
    const stranger = ledger.account(16);
    assert.equal(
      await manager(stranger, "cancel", governor.address, claims, data),
      "AccessManagerUnauthorizedCancel",
    );
    await ledger.send(guardian, "accessManager", "cancel", governor.address, claims, data);
    await ledger.send(guardian, "accessManager", "cancel", governor.address, accessManager, grant);
    await ledger.pass(DELAY);
    for (const [to, call] of [
      [claims, data],
      [accessManager, grant],
    ] as const) {
      assert.equal(await manager(governor, "execute", to, call), "AccessManagerNotScheduled");
    }
    assert.equal(
      await ledger.refusal(guardian, "claims", "registerJudge", 51, mispricedCharge),
      "AccessManagedUnauthorized",
    );
    assert.equal(
      await ledger.refusal(guardian, "members", "suspend", alder.id),
      "AccessManagedUnauthorized",
    );
  });

  it("loses what it announced when its role is taken before the delay is over", async () => {
    const { claims, mispricedCharge } = ledger.addresses;
    const revoke = await announce("accessManager", "revokeRole", [
      ACCESS_ROLE.rulemaker,
      governor.address,
    ]);
    await ledger.pass(3600);
    const data = await announce("claims", "registerJudge", [52, mispricedCharge]);
    await ledger.pass(DELAY);
    const { accessManager } = ledger.addresses;
    await ledger.send(governor, "accessManager", "execute", accessManager, revoke);
    assert.equal(await manager(governor, "execute", claims, data), "AccessManagerUnauthorizedCall");
  });
});
