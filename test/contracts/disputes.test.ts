import { strict as assert } from "node:assert";
import { Wallet } from "ethers";
import { signForwardRequest } from "../../node/adapters/forward-request.ts";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type DisputeLine,
  disputeEvidence,
  rootOfDisputeLine,
} from "../../node/core/evidence/dispute-evidence.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  DUTY,
  NO_BOOK,
  openBook,
  type Party,
  ROLE,
  receive,
  retailTerms,
} from "./support/parties.ts";
import { chargeOf, entryOf, NO_RUNNING, runningOf, TestBook } from "./support/records.ts";

const UNIT = 1_000_000_000n;
const ROOT = toHex(bytesOf("evidence of the opener"));
const OTHER_ROOT = toHex(bytesOf("evidence of the operator"));
const STATES = ["none", "opened", "answered", "escalated", "closed"];
const ENDS = [
  "open",
  "operator gave way",
  "opener gave way",
  "operator silent",
  "opener silent",
  "decided",
  "arbiter silent",
];

describe("Disputes between two operators", function () {
  this.timeout(240_000);
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let arbiter: Party;
  let city: Party;
  let agreement: string;
  let nextBook = 1;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    city = await admit(ledger, "City", ROLE.partner, 10);
    agreement = await agreed(arbiter.id);
  });

  async function agreed(judge: string): Promise<string> {
    const terms = {
      ...retailTerms(ledger, alder, arbiter),
      parties: [alder.id, birch.id],
      sides: [
        [alder.id, birch.id],
        [birch.id, alder.id],
      ] as [string, string][],
      arbiter: judge,
    };
    return agree(ledger, terms, [alder, birch]);
  }

  /** Alder states 100 units that Birch is to pay. */
  async function stated(): Promise<string> {
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges, nextBook++));
    const batch = book.next([entryOf(chargeOf(), 100n * UNIT)]);
    const { blockTime } = await ledger.send(
      alder.commit,
      "books",
      "commit",
      batch.book,
      batch.sequence,
      batch.commitment,
    );
    const call = [batch.book, 1, runningOf(batch, blockTime), NO_BOOK, 0, NO_RUNNING];
    const statement = (await ledger.preview(alder.settle, "statements", "post", ...call)) as string;
    await ledger.send(alder.settle, "statements", "post", ...call);
    await receive(ledger, birch, statement);
    return statement;
  }

  async function opened(disputedNano = 40n * UNIT): Promise<{ id: string; statement: string }> {
    const statement = await stated();
    const call = [statement, 1, 1, 1, disputedNano, ROOT];
    const id = (await ledger.preview(birch.settle, "disputes", "open", ...call)) as string;
    await ledger.send(birch.settle, "disputes", "open", ...call);
    return { id, statement };
  }

  const act = (by: Party, method: string, ...call: unknown[]) =>
    ledger.send(by.settle, "disputes", method, ...call);
  const refusal = (by: Party, method: string, ...call: unknown[]) =>
    ledger.refusal(by.settle, "disputes", method, ...call);

  async function outcome(id: string) {
    const { state, end, owedNano } = await ledger.read("disputes", "disputeOf", id);
    return [STATES[Number(state)], ENDS[Number(end)], owedNano / UNIT] as const;
  }

  /** What is payable in each part, once the statement is final, in units. */
  async function parts(statement: string): Promise<bigint[]> {
    const amounts: bigint[] = [];
    for (const part of [0, 1]) {
      const obligation = await ledger.read("statements", "obligationIdOf", statement, part);
      amounts.push((await ledger.read("statements", "obligationOf", obligation)).amountNano / UNIT);
    }
    return amounts;
  }

  async function finalized(statement: string): Promise<void> {
    await ledger.pass(7 * DAY + 60);
    await ledger.send(birch.settle, "statements", "finalize", statement);
  }

  it("are opened by who is to pay, within the window, about a part of the statement", async () => {
    const statement = await stated();
    const open = (by: Party, ...call: unknown[]) => refusal(by, "open", statement, ...call);
    assert.equal(await open(alder, 1, 1, 1, UNIT, ROOT), "MayNotObject");
    assert.equal(await open(city, 1, 1, 1, UNIT, ROOT), "MayNotObject");
    assert.equal(await open(birch, 1, 1, 7, UNIT, ROOT), "ReasonUnknown");
    assert.equal(await open(birch, 1, 1, 0, UNIT, ROOT), "ReasonUnknown");
    assert.equal(await open(birch, 1, 2, 1, UNIT, ROOT), "RangeOutsideStatement");
    assert.equal(await open(birch, 0, 1, 1, UNIT, ROOT), "RangeOutsideStatement");
    assert.equal(await open(birch, 1, 1, 1, 0n, ROOT), "AmountUnusable");
    assert.equal(await open(birch, 1, 1, 1, 101n * UNIT, ROOT), "AmountUnusable");
    assert.equal(
      await ledger.refusal(birch.commit, "disputes", "open", statement, 1, 1, 1, UNIT, ROOT),
      "DutyMissing",
    );
    await act(birch, "open", statement, 1, 1, 1, UNIT, ROOT);
    assert.equal(await open(birch, 1, 1, 1, UNIT, ROOT), "ObjectedAlready");
    const late = await stated();
    await ledger.pass(7 * DAY + 60);
    assert.equal(await refusal(birch, "open", late, 1, 1, 1, UNIT, ROOT), "WindowClosed");
  });

  it("let the rest be paid meanwhile, and end by the arbiter's word within what is apart", async () => {
    const { id, statement } = await opened();
    await act(alder, "answer", id, 30n * UNIT, OTHER_ROOT);
    await act(birch, "escalate", id);
    assert.deepEqual(await outcome(id), ["escalated", "open", 0n]);
    assert.equal(await refusal(arbiter, "decide", id, 31n * UNIT), "AmountUnusable");
    assert.equal(await refusal(alder, "decide", id, 30n * UNIT), "NotYourTurn");
    assert.equal(await ledger.refusal(arbiter.commit, "disputes", "decide", id, 1n), "DutyMissing");
    await act(arbiter, "decide", id, 10n * UNIT);
    assert.deepEqual(await outcome(id), ["closed", "decided", 10n]);
    assert.equal(await refusal(arbiter, "decide", id, 0n), "DisputeStateWrong");
    await finalized(statement);
    assert.deepEqual(await parts(statement), [70n, 0n], "decided before the statement was final");
  });

  it("add what is decided after the statement was final", async () => {
    const statement = await stated();
    await ledger.pass(7 * DAY - 600);
    const call = [statement, 1, 1, 1, 40n * UNIT, ROOT];
    const id = (await ledger.preview(birch.settle, "disputes", "open", ...call)) as string;
    await act(birch, "open", ...call);
    await ledger.pass(3_600);
    await ledger.send(city.settle, "statements", "finalize", statement);
    assert.deepEqual(await parts(statement), [60n, 0n]);
    await act(alder, "answer", id, 40n * UNIT, OTHER_ROOT);
    await act(birch, "escalate", id);
    await act(arbiter, "decide", id, 25n * UNIT);
    assert.deepEqual(await parts(statement), [60n, 25n]);
  });

  const silences: [string, (id: string) => Promise<unknown>, string, bigint][] = [
    ["the operator", async () => {}, "operator silent", 0n],
    ["the opener", (id) => act(alder, "answer", id, 30n * UNIT, OTHER_ROOT), "opener silent", 30n],
    [
      "the arbiter",
      async (id) => {
        await act(alder, "answer", id, 30n * UNIT, OTHER_ROOT);
        await act(birch, "escalate", id);
      },
      "arbiter silent",
      15n,
    ],
  ];
  for (const [who, prepare, end, owed] of silences) {
    it(`end by the silence of ${who}, not before its time is over`, async () => {
      const { id, statement } = await opened();
      await prepare(id);
      assert.equal(await refusal(city, "conclude", id), "DeadlineNotPassed");
      await ledger.pass(DAY + 60);
      for (const [by, method, ...call] of [
        [alder, "answer", 1n, OTHER_ROOT],
        [birch, "escalate"],
        [arbiter, "decide", 1n],
      ] as [Party, string, ...unknown[]][]) {
        const refused = await refusal(by, method, id, ...call);
        assert.ok(["DeadlinePassed", "DisputeStateWrong"].includes(refused), refused);
      }
      await act(city, "conclude", id);
      assert.deepEqual(await outcome(id), ["closed", end, owed]);
      assert.equal(await refusal(city, "conclude", id), "DisputeStateWrong");
      await finalized(statement);
      assert.deepEqual(await parts(statement), [60n + owed, 0n]);
    });
  }

  it("end when a side gives way, at any time", async () => {
    const first = await opened();
    await act(alder, "giveWay", first.id);
    assert.deepEqual(await outcome(first.id), ["closed", "operator gave way", 0n]);
    const second = await opened();
    assert.equal(await refusal(city, "giveWay", second.id), "NotYourTurn");
    await act(alder, "answer", second.id, 30n * UNIT, OTHER_ROOT);
    await act(birch, "escalate", second.id);
    await act(birch, "giveWay", second.id);
    assert.deepEqual(await outcome(second.id), ["closed", "opener gave way", 30n]);
    const third = await opened();
    await act(alder, "answer", third.id, 0n, OTHER_ROOT);
    assert.deepEqual(await outcome(third.id), ["closed", "operator gave way", 0n]);
    assert.equal(await refusal(alder, "giveWay", third.id), "DisputeStateWrong");
  });

  it("are answered by the operator alone, by no more than what is disputed", async () => {
    const { id } = await opened();
    assert.equal(await refusal(birch, "answer", id, UNIT, OTHER_ROOT), "NotYourTurn");
    assert.equal(await refusal(alder, "answer", id, 41n * UNIT, OTHER_ROOT), "AmountUnusable");
    assert.equal(await refusal(birch, "escalate", id), "DisputeStateWrong");
    await act(alder, "answer", id, 40n * UNIT, OTHER_ROOT);
    assert.equal(await refusal(alder, "answer", id, UNIT, OTHER_ROOT), "DisputeStateWrong");
    assert.equal(await refusal(alder, "escalate", id), "NotYourTurn");
  });

  it("wait while the member whose turn it is is suspended", async () => {
    const { id } = await opened();
    const governor = ledger.account(0);
    await ledger.send(governor, "members", "suspend", alder.id);
    await ledger.pass(3 * DAY);
    assert.equal(await refusal(city, "conclude", id), "DeadlineNotPassed");
    await act(alder, "answer", id, 40n * UNIT, OTHER_ROOT);
    await ledger.pass(DAY + 60);
    await act(city, "conclude", id);
    assert.deepEqual(await outcome(id), ["closed", "opener silent", 40n]);
    await ledger.send(governor, "members", "reinstate", alder.id);
  });

  it("keep the statement from being resolved past them, and by nobody else", async () => {
    const { statement } = await opened();
    await finalized(statement);
    const resolve = (by: Party, owed: bigint) =>
      ledger.refusal(by.settle, "statements", "resolve", statement, owed);
    assert.equal(await resolve(arbiter, 0n), "DisputedElsewhere");
    assert.equal(await resolve(birch, 40n * UNIT), "DisputedElsewhere");
    for (const method of ["resolveBy", "objectFor"]) {
      const call = method === "resolveBy" ? [statement, 0n] : [statement, birch.id, 0n, ROOT];
      assert.equal(
        await ledger.refusal(arbiter.settle, "statements", method, ...call),
        "AccessManagedUnauthorized",
      );
    }
    const plain = await stated();
    await ledger.send(birch.settle, "statements", "object", plain, 0n, ROOT);
    assert.equal(await refusal(birch, "open", plain, 1, 1, 1, UNIT, ROOT), "ObjectedAlready");
  });

  it("show single lines to the arbiter by roots that TypeScript and the ledger agree on", async () => {
    const statement = toHex(bytesOf("statement"));
    const lines = Array.from(
      { length: 33 },
      (_, i): DisputeLine => ({
        salt: bytesOf(`salt ${i}`),
        sequence: BigInt(i),
        leafIndex: i,
        start: 1_000n * BigInt(i),
        quantity: 60_000n,
        amountNano: UNIT,
        recordHash: bytesOf(`record ${i}`),
      }),
    );
    const evidence = disputeEvidence(statement, birch.id.toLowerCase() as Hex, lines);
    const onLedger = (index: number, change: object = {}) =>
      ledger.read(
        "disputes",
        "rootOfLine",
        statement,
        birch.id,
        evidence.header,
        { ...shown(lines[index] as DisputeLine), ...change },
        index,
        evidence.path(index),
      );
    for (const index of [0, 31, 32]) {
      assert.equal(await onLedger(index), evidence.root);
      const line = lines[index] as DisputeLine;
      const side = birch.id.toLowerCase() as Hex;
      assert.equal(
        rootOfDisputeLine(statement, side, evidence.header, line, index, evidence.path(index)),
        evidence.root,
      );
    }
    assert.notEqual(await onLedger(0, { amountNano: 2n * UNIT }), evidence.root);
  });

  it("are opened by a party's signature that anybody carries", async () => {
    const statement = await stated();
    const key = Wallet.createRandom(ledger.provider);
    // Last of all: a key that was rotated out does not come back.
    await ledger.send(birch.govern, "members", "rotateKey", DUTY.settle, key.address);
    const { forwarder, disputes } = ledger.addresses;
    const { chainId } = await ledger.provider.getNetwork();
    const block = await ledger.provider.getBlock("latest");
    const request = await signForwardRequest(
      key,
      { chainId, address: forwarder as Hex },
      {
        contract: "disputes",
        to: disputes as Hex,
        method: "open",
        args: [statement, 1, 1, 1, 40n * UNIT, ROOT],
        gas: 1_500_000n,
        nonce: 0n,
        deadlineSeconds: (block?.timestamp ?? 0) + DAY,
      },
    );
    await ledger.send(ledger.account(19), "forwarder", "execute", request);
    const id = await ledger.read(
      "disputes",
      "disputeAt",
      await ledger.read("disputes", "disputeCount"),
    );
    assert.equal((await ledger.read("disputes", "disputeOf", id)).opener, birch.id);
  });
});

const shown = ({ salt, recordHash, ...line }: DisputeLine) => ({
  ...line,
  salt: toHex(salt),
  recordHash: toHex(recordHash),
});
