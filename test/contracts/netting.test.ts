import { strict as assert } from "node:assert";
import type { Hex } from "../../node/core/bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  NO_BOOK,
  openBook,
  type Party,
  ROLE,
  receive,
  retailTerms,
} from "./support/parties.ts";
import { chargeOf, entryOf, NO_RUNNING, runningOf, TestBook } from "./support/records.ts";

const UNIT = 1_000_000_000n;
const MONEY = 10n ** 12n;

/** The rules of netting are tried in Solidity; here the whole ledger is behind it. */
describe("A netting cycle between two operators and a partner", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let cedar: Party;
  let agreement: string;
  let cycle: Hex;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    cedar = await admit(ledger, "Cedar Devices", ROLE.partner, 7);
    const arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
    agreement = await agree(
      ledger,
      {
        ...retailTerms(ledger, alder, arbiter),
        parties: [alder.id, birch.id, cedar.id],
        sides: [
          [alder.id, birch.id],
          [birch.id, alder.id],
        ],
        splits: [
          [alder.id, [[cedar.id, 0n, 100_000, 0n, 0n]]],
          [birch.id, []],
        ],
        netted: true,
      },
      [alder, birch, cedar],
    );
    for (const { settle } of [alder, birch]) {
      await ledger.send(settle, "token", "mint", settle.address, MONEY);
      await ledger.send(settle, "token", "approve", ledger.addresses.netting, MONEY);
    }
    const statements = [
      [await stated(alder, birch, 100n, 1), birch],
      [await stated(birch, alder, 60n, 2), alder],
    ] as const;
    await ledger.pass(7 * DAY + 60);
    for (const [statement, payer] of statements) await enter(statement, payer);
    const token = ledger.addresses.demoToken;
    cycle = await ledger.read("netting", "cycleIdOf", token, 1);
  });

  /** A statement of an operator whose data was received. */
  async function stated(
    operator: Party,
    payer: Party,
    units: bigint,
    split: number,
  ): Promise<string> {
    const domain = await openBook(ledger, operator, agreement, BOOK.charges, 1, split);
    const book = new TestBook(domain);
    const batch = book.next([entryOf(chargeOf(), units * UNIT)]);
    const { blockTime } = await ledger.send(
      operator.commit,
      "books",
      "commit",
      batch.book,
      1,
      batch.commitment,
    );
    const call = [batch.book, 1, runningOf(batch, blockTime), NO_BOOK, 0, NO_RUNNING];
    const statement = (await ledger.preview(
      operator.settle,
      "statements",
      "post",
      ...call,
    )) as string;
    await ledger.send(operator.settle, "statements", "post", ...call);
    await receive(ledger, payer, statement);
    return statement;
  }

  async function enter(statement: string, payer: Party): Promise<void> {
    const anyone = ledger.account(15);
    await ledger.send(anyone, "statements", "finalize", statement);
    const obligation = await ledger.read("statements", "obligationIdOf", statement, 0);
    assert.equal(
      await ledger.refusal(payer.settle, "settlement", "pay", obligation),
      "ObligationIsNetted",
    );
    await ledger.send(anyone, "netting", "enter", obligation);
  }

  const due = (party: Party) => ledger.read("netting", "unitsDueFor", cycle, party.id);
  const withdraw = (party: Party) =>
    ledger.send(
      party.settle,
      "netting",
      "withdraw",
      ledger.addresses.demoToken,
      cycle,
      party.settle.address,
    );

  it("asks one deposit of the one who owes more, suspended or not", async () => {
    await ledger.pass(8 * DAY);
    await ledger.send(ledger.account(15), "netting", "close", cycle);
    assert.deepEqual([await due(alder), await due(birch)], [0n, 40_000_000n]);
    await ledger.send(ledger.account(0), "members", "suspend", birch.id);
    assert.equal(
      await ledger.refusal(birch.commit, "netting", "fund", cycle, 40_000_000n),
      "DutyMissing",
      "only its Settle key",
    );
    await ledger.send(birch.settle, "netting", "fund", cycle, 40_000_000n);
    assert.equal(Number((await ledger.read("netting", "cycleOf", cycle)).state), 3, "settled");
  });

  it("pays each creditor once: the operator the difference, the partner its share", async () => {
    await withdraw(alder);
    await withdraw(cedar);
    const balance = (party: Party) => ledger.read("token", "balanceOf", party.settle.address);
    assert.equal((await balance(alder)) - MONEY, 30_000_000n);
    assert.equal(await balance(cedar), 10_000_000n);
    assert.equal(await ledger.read("token", "balanceOf", ledger.addresses.netting), 0n);
  });

  it("can be read by anybody, page by page", async () => {
    const members = await ledger.read("netting", "membersOf", cycle, 0, 100);
    assert.deepEqual(new Set(members), new Set([alder.id, birch.id, cedar.id]));
    assert.equal((await ledger.read("netting", "membersOf", cycle, 1, 1)).length, 1);
    assert.equal((await ledger.read("netting", "membersOf", cycle, 3, 9)).length, 0);
    const anyone = ledger.account(15);
    assert.equal(
      await ledger.refusal(anyone, "netting", "membersOf", cycle, 0, 101),
      "PageTooLarge",
    );
    const [obligation] = await ledger.read("netting", "obligationsOf", cycle, birch.id, 0, 9);
    assert.equal(await ledger.read("netting", "isNettedOut", obligation), true);
  });

  it("has its lengths from the governor, announced ahead", async () => {
    const governor = ledger.account(0);
    assert.equal(
      await ledger.refusal(alder.govern, "netting", "setPeriods", DAY, DAY),
      "AccessManagedUnauthorized",
    );
    await ledger.send(governor, "netting", "setPeriods", DAY, DAY);
    assert.equal(await ledger.read("netting", "openSeconds"), BigInt(DAY));
  });
});
