import { strict as assert } from "node:assert";
import type { JsonRpcSigner } from "ethers";
import { fromHex } from "../../node/core/bytes.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BERLIN,
  BOOK,
  DAY,
  EUR,
  NO_BOOK,
  openBook,
  type Party,
  ROLE,
  receive,
  STAKES,
  type TermsDraft,
  WINDOWS,
} from "./support/parties.ts";
import {
  chargeOf,
  chargeTuple,
  creditTuple,
  entryOf,
  evidenceHashOf,
  NO_RUNNING,
  pathOf,
  restOf,
  runningOf,
  type TestBatch,
  TestBook,
  tariffOf,
} from "./support/records.ts";

/*
 * One operator, its partner (a city that shares in the revenue) and a subscriber, from the first
 * agreement to the last payout: each test goes on where the one before it ended.
 */
describe("The life of a charge on the ledger", () => {
  const CHARGED_TOO_MUCH = 1;
  const tariff = tariffOf();
  let ledger: TestLedger;
  let operator: Party;
  let city: Party;
  let arbiter: Party;
  let subscriber: JsonRpcSigner;
  let agreement: string;
  let charges: TestBook;
  let credits: TestBook;
  let month: TestBatch;
  let monthTime: bigint;
  let claim: string;
  let statement: string;

  before(async () => {
    ledger = await TestLedger.start();
    operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    city = await admit(ledger, "City of Birch", ROLE.partner, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    subscriber = ledger.account(10);
  });

  it("starts with terms that every party signs", async () => {
    const terms: TermsDraft = {
      parties: [operator.id, city.id],
      sides: [[operator.id, operator.id]],
      splits: [[operator.id, [[city.id, 10_000_000n, 200_000, 0n, 0n]]]],
      tolerances: [],
      period: [BERLIN, 0, false, false],
      currency: EUR,
      token: ledger.addresses.demoToken,
      arbiter: arbiter.id,
      netted: false,
      windows: WINDOWS,
      stakes: STAKES,
    };
    agreement = await agree(ledger, terms, [operator]);
    assert.equal(await ledger.read("agreements", "isInForce", agreement), false);
    await ledger.send(city.govern, "agreements", "sign", agreement);
    assert.equal(await ledger.read("agreements", "isInForce", agreement), true);
  });

  it("goes on with a bond, a tariff and two books", async () => {
    const { token, bonds } = ledger.contracts;
    await ledger.send(operator.settle, "token", "mint", operator.settle.address, 1_000_000_000n);
    await ledger.send(operator.settle, "token", "approve", await bonds.getAddress(), 10_000_000n);
    await ledger.send(operator.settle, "bonds", "deposit", agreement, operator.id, 10_000_000n);
    assert.equal(await token.getFunction("balanceOf")(await bonds.getAddress()), 10_000_000n);

    const start = BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0) + 60n;
    await ledger.send(operator.govern, "tariffs", "publish", agreement, 1, tariff.root, start);
    await ledger.pass(DAY);
    charges = new TestBook(await openBook(ledger, operator, agreement, BOOK.charges));
    credits = new TestBook(await openBook(ledger, operator, agreement, BOOK.credits));
  });

  it("commits charges, one of them too dear", async () => {
    const now = BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0);
    const call = (name: string) =>
      chargeOf({ start: (now - 600n) * 1000n, salt: bytesOf(`salt ${name}`) });
    // 61 seconds are two started minutes: 0.20. The second one says 0.30.
    month = charges.next([
      entryOf(call("one"), 200_000_000n, "one"),
      entryOf(call("two"), 300_000_000n, "two"),
    ]);
    const sent = await ledger.send(
      operator.commit,
      "books",
      "commit",
      month.book,
      month.sequence,
      month.commitment,
    );
    monthTime = sent.blockTime;
    const seal = await ledger.read("books", "sealOf", month.book, 1);
    assert.equal(
      seal,
      await ledger.read("verifier", "sealOf", month.commitment, monthTime),
      "one word is kept: commitment and block time",
    );
  });

  it("lets the subscriber claim through a relayer, without money or membership", async () => {
    const chainId = (await ledger.provider.getNetwork()).chainId;
    const request = {
      kind: 1,
      book: month.book,
      sequence: 1n,
      leafIndex: CHARGED_TOO_MUCH,
      claimedNano: 100_000_000n,
      evidenceHash: evidenceHashOf(month, CHARGED_TOO_MUCH, subscriber.address),
    };
    const validUntil = monthTime + BigInt(DAY);
    const signature = await subscriber.signTypedData(
      {
        name: "Tallystick Claims",
        version: "1",
        chainId,
        verifyingContract: ledger.addresses.claims,
      },
      {
        Claim: [
          { name: "kind", type: "uint8" },
          { name: "book", type: "bytes20" },
          { name: "sequence", type: "uint64" },
          { name: "leafIndex", type: "uint32" },
          { name: "claimedNano", type: "uint128" },
          { name: "evidenceHash", type: "bytes32" },
          { name: "finder", type: "address" },
          { name: "nonce", type: "uint256" },
          { name: "validUntil", type: "uint64" },
        ],
      },
      { ...request, finder: subscriber.address, nonce: 0n, validUntil },
    );
    const relayer = ledger.account(11);
    const call = [request, subscriber.address, 0n, validUntil, signature] as const;
    await ledger.send(relayer, "claims", "claimBySignature", ...call);
    claim = (await ledger.read("claims", "claimAt", 1)) as string;
    const stored = await ledger.read("claims", "claimOf", claim);
    assert.equal(stored.finder, subscriber.address);

    assert.equal(
      await ledger.refusal(relayer, "claims", "claimBySignature", ...call),
      "InvalidAccountNonce",
      "the same signature can not be carried twice",
    );
    const other = [{ ...request, leafIndex: 0 }, subscriber.address, 1n, validUntil, signature];
    assert.equal(
      await ledger.refusal(relayer, "claims", "claimBySignature", ...other),
      "SignatureInvalid",
    );
  });

  it("is contested, opened and priced again: the ledger finds 0.10 too much", async () => {
    await ledger.send(operator.commit, "claims", "contest", claim);
    const entry = month.entries[CHARGED_TOO_MUCH]!;
    const evidence = {
      charge: chargeTuple(entry.group as ReturnType<typeof chargeOf>),
      rest: restOf(entry),
      path: pathOf(month, CHARGED_TOO_MUCH, monthTime),
      price: tariff.evidence(),
    };
    const { gasUsed } = await ledger.send(
      ledger.account(11),
      "claims",
      "openMispriced",
      claim,
      evidence,
    );
    assert.ok(gasUsed <= 400_000n, `a re-rating dispute costs at most 400,000, not ${gasUsed}`);
    const stored = await ledger.read("claims", "claimOf", claim);
    assert.equal(stored.dueNano, 100_000_000n);
    assert.equal(Number(stored.state), 4);
  });

  it("pays the finder's bounty from the operator's bond", async () => {
    const token = ledger.addresses.demoToken;
    await ledger.send(ledger.account(11), "bonds", "collectFor", token, subscriber.address);
    const { token: play } = ledger.contracts;
    assert.equal(await play.getFunction("balanceOf")(subscriber.address), 2_000_000n);
    assert.equal(await ledger.read("bonds", "fundOf", token), 1_000_000n);
    assert.equal(await ledger.read("bonds", "bondOf", agreement, operator.id), 7_000_000n);
  });

  let creditBatch: TestBatch;
  let creditTime: bigint;

  it("is made good by a credit that names charge and claim", async () => {
    const group = {
      salt: bytesOf("salt of the credit"),
      targetDomain: fromHex(month.book, 20),
      targetSequence: 1n,
      targetIndex: CHARGED_TOO_MUCH,
      reason: 2,
      claim: fromHex(claim, 32),
    };
    creditBatch = credits.next([entryOf(group, 100_000_000n, "credit")]);
    const { book, sequence, commitment } = creditBatch;
    const sent = await ledger.send(operator.commit, "books", "commit", book, sequence, commitment);
    creditTime = sent.blockTime;
    const evidence = (change: object) => ({
      book,
      sequence,
      leafIndex: 0,
      credit: creditTuple(group),
      rest: restOf(creditBatch.entries[0]!),
      path: pathOf(creditBatch, 0, creditTime),
      ...change,
    });
    const anyone = ledger.account(11);
    assert.equal(
      await ledger.refusal(
        anyone,
        "claims",
        "settleByCredit",
        claim,
        evidence({ credit: creditTuple({ ...group, claim: bytesOf("another claim") }) }),
      ),
      "CreditUnfit",
    );
    await ledger.send(anyone, "claims", "settleByCredit", claim, evidence({}));
    const stored = await ledger.read("claims", "claimOf", claim);
    assert.equal(Number(stored.state), 7);
    assert.equal(
      await ledger.refusal(anyone, "claims", "settleByCredit", claim, evidence({})),
      "ClaimStateWrong",
    );
  });

  it("is stated: the contract itself takes the difference, credits deducted", async () => {
    const call = [
      month.book,
      1n,
      runningOf(month, monthTime),
      creditBatch.book,
      1n,
      runningOf(creditBatch, creditTime),
    ] as const;
    assert.equal(
      await ledger.refusal(
        operator.commit,
        "statements",
        "post",
        ...call.slice(0, 3),
        NO_BOOK,
        0n,
        NO_RUNNING,
      ),
      "CreditsLeftOut",
      "what settled a claim is counted",
    );
    statement = (await ledger.preview(operator.commit, "statements", "post", ...call)) as string;
    await ledger.send(operator.commit, "statements", "post", ...call);
    const stored = await ledger.read("statements", "statementOf", statement);
    assert.equal(stored.chargesNano, 500_000_000n);
    assert.equal(stored.creditsNano, 100_000_000n);
    assert.equal(stored.payableNano, 400_000_000n);
    assert.equal(
      await ledger.refusal(operator.commit, "statements", "post", ...call),
      "StatementRangeEmpty",
      "no batch is counted twice",
    );
  });

  it("waits for the window and becomes an obligation", async () => {
    const anyone = ledger.account(11);
    const finalize = () => ledger.refusal(anyone, "statements", "finalize", statement);
    assert.equal(await finalize(), "NotReceivedYet");
    await receive(ledger, city, statement);
    assert.equal(await finalize(), "WindowOpen");
    await ledger.pass(7 * DAY + 60);
    await ledger.send(anyone, "statements", "finalize", statement);
  });

  it("is paid and split: the city gets its fee and its fifth, the operator the rest", async () => {
    const obligation = await ledger.read("statements", "obligationIdOf", statement, 0);
    const { settlement } = ledger.contracts;
    const target = await settlement.getAddress();
    await ledger.send(operator.settle, "token", "approve", target, 400_000n);
    await ledger.send(operator.settle, "settlement", "pay", obligation);
    assert.equal(
      await ledger.refusal(operator.settle, "settlement", "pay", obligation),
      "ObligationPaidAlready",
    );
    const token = ledger.addresses.demoToken;
    // 0.01 first, then a fifth of 0.39, in units of 1e-6.
    assert.equal(await ledger.read("settlement", "withdrawableOf", token, city.id), 88_000n);
    assert.equal(await ledger.read("settlement", "withdrawableOf", token, operator.id), 312_000n);
    await ledger.send(city.settle, "settlement", "withdraw", token, city.settle.address);
    const { token: play } = ledger.contracts;
    assert.equal(await play.getFunction("balanceOf")(city.settle.address), 88_000n);
    assert.equal(
      await ledger.refusal(city.settle, "settlement", "withdraw", token, city.settle.address),
      "NothingToWithdraw",
    );
  });

  it("leaves nothing to state but what comes next", async () => {
    assert.equal(
      await ledger.refusal(
        operator.commit,
        "statements",
        "post",
        month.book,
        2n,
        NO_RUNNING,
        creditBatch.book,
        1n,
        NO_RUNNING,
      ),
      "SealMismatch",
    );
  });
});
