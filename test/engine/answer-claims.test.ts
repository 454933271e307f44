import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { ClaimDesk } from "../../node/engine/claims/answer-claims.ts";
import type { ClaimPolicy } from "../../node/engine/claims/judge-claim.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { getJson } from "../../node/engine/store/stored-json.ts";
import type { EpochState, StoredClaim } from "../../node/engine/store/stored-types.ts";
import { filled } from "../adapters/memory-members.ts";
import { ClaimsOnPaper } from "./claims-on-paper.ts";
import { CHARGES, call, EngineScene, hasCode, TARIFFS } from "./engine-scene.ts";

/** What Anna's call costs, and what it asks too much. */
const CHARGED = 100_000_000n;
const NOWHERE = { sequence: 1n, leafIndex: 1_048_575 };
const FACT = 100;

describe("the claims desk", () => {
  let scene: EngineScene;
  let paper: ClaimsOnPaper;
  let troubles: string[];

  beforeEach(async () => {
    scene = await EngineScene.withAccounts();
    await scene.ingest("monday", [call("one")]);
    await scene.commit();
    paper = new ClaimsOnPaper();
    troubles = [];
  });

  function open(policy: ClaimPolicy = "recompute"): ClaimDesk {
    const { ledger, outbox } = paper;
    const onTrouble = (error: unknown) => void troubles.push((error as { code: string }).code);
    return new ClaimDesk(scene.context, { tariffs: TARIFFS, ledger, outbox, policy, onTrouble });
  }
  const stored = async (id: Hex) =>
    (await getJson<StoredClaim>(scene.store, keys.claim(id))) as StoredClaim;

  it("contests a claim on a charge that is not in the books, of either kind", async () => {
    const price = paper.lodge("c1", NOWHERE);
    const fact = paper.lodge("c2", { ...NOWHERE, kind: FACT });
    await open().work();
    assert.deepEqual(paper.answers(), [
      ["contest", price],
      ["contest", fact],
    ]);
  });

  it("contests what asks more than the charge, and leaves a fact that it bears to staff", async () => {
    const more = paper.lodge("c1", { kind: FACT, claimedNano: CHARGED + 1n });
    paper.lodge("c2", { kind: FACT, claimedNano: CHARGED });
    const mispriced = paper.lodge("c3", { claimedNano: CHARGED + 1n });
    await open().work();
    assert.deepEqual(paper.answers(), [
      ["contest", more],
      ["contest", mispriced],
    ]);
  });

  it("counts what other kinds made due at the charge", async () => {
    const price = paper.lodge("c1");
    paper.move(price, "proven", { dueNano: 1n });
    const fact = paper.lodge("c2", { kind: FACT, claimedNano: CHARGED });
    await open().work();
    assert.deepEqual(paper.answers(), [["contest", fact]]);
  });

  it("counts what corrections gave back of the charge", async () => {
    const given = { recordId: "one", creditNano: CHARGED - 1n, by: "ada", reason: "too much" };
    await scene.pipeline.correct(given);
    const whole = paper.lodge("c1", { kind: FACT, claimedNano: CHARGED });
    paper.lodge("c2", { kind: FACT, claimedNano: 1n });
    const silent = paper.lodge("c3", { kind: FACT });
    paper.move(silent, "conceded", { dueNano: 2n });
    const rest = paper.lodge("c4", { kind: FACT });
    paper.move(rest, "conceded", { dueNano: 1n });
    await open().work();
    assert.deepEqual(paper.answers(), [["contest", whole]]);
    assert.deepEqual(troubles, ["credit.above-charge"]);
    assert.ok((await stored(rest)).credit !== undefined);
  });

  it("lets staff concede nothing that no credit could make good", async () => {
    const id = paper.lodge("c1", { ...NOWHERE, kind: FACT });
    const fact = paper.lodge("c2", { kind: FACT, claimedNano: CHARGED });
    const desk = open();
    await desk.work();
    await assert.rejects(desk.answer(id, "concede"), hasCode("claim.not-concedable"));
    await assert.rejects(desk.answer(filled("ee", 32), "contest"), hasCode("claim.unknown"));
    await desk.answer(fact, "concede");
    assert.deepEqual(paper.answers().at(-1), ["concede", fact]);
  });

  it("works the other claims when one can not be credited, and gives that one up", async () => {
    const poisoned = paper.lodge("c1", { ...NOWHERE, kind: FACT });
    paper.move(poisoned, "conceded", { dueNano: 1n });
    const above = paper.lodge("c2", { kind: FACT });
    paper.move(above, "conceded", { dueNano: CHARGED + 1n });
    const good = paper.lodge("c3", { kind: FACT });
    paper.move(good, "conceded", { dueNano: 1n });
    const answered = paper.lodge("c4");
    const desk = open("contest");
    assert.equal(await desk.work(), 4_000);
    assert.ok((await stored(good)).credit !== undefined);
    assert.deepEqual(paper.answers(), [["contest", answered]]);
    for (let round = 0; round < 20; round++) assert.equal(await open().work(), 4_000);
    assert.equal(troubles.length, 10);
    assert.deepEqual(new Set(troubles), new Set(["credit.target-unknown", "credit.above-charge"]));
    assert.deepEqual((await stored(poisoned)).trouble, {
      code: "credit.target-unknown",
      attempts: 5,
    });
  });

  it("tells how long the most urgent credit can wait, until it stands in a batch", async () => {
    const [later, sooner] = [paper.lodge("c1", { kind: FACT }), paper.lodge("c2", { kind: FACT })];
    paper.move(later, "conceded", { dueNano: 1n, deadline: 9_000n });
    assert.equal(await open().work(), 8_000);
    paper.move(sooner, "conceded", { dueNano: 1n, deadline: 1_200n });
    assert.equal(await open().work(), 200);
    paper.time = 1_300n;
    assert.equal(await open().work(), -100);
    await scene.pipeline.seal();
    assert.equal(await open().work(), undefined);
    assert.equal(paper.sent.length, 0, "the ledger does not have its batch yet");
    await scene.settle();
    await scene.pipeline.noteFinal();
    assert.equal(await open().work(), undefined);
    const shown = paper.sent.map(({ call }) => call.method);
    assert.deepEqual(shown, ["settleByCredit", "settleByCredit"]);
  });

  it("blames no claim for a ledger that is away", async () => {
    const id = paper.lodge("c1");
    paper.move(id, "contested", { deadline: 900n });
    paper.isReachable = false;
    await assert.rejects(open().work(), hasCode("ledger.unreachable"));
    assert.equal((await stored(id)).trouble, undefined);
    assert.deepEqual((await scene.pipeline.status()).leftToStaff, { claims: [], demands: [] });
  });

  it("contests many at once, and each by itself what the ledger refused together", async () => {
    const ids = Array.from({ length: 50 }, (_, at) => paper.lodge((at + 16).toString(16), NOWHERE));
    await open().work();
    const bulks = paper.sent.map(({ call }) => call);
    assert.deepEqual(
      bulks.map(({ method, args }) => [method, (args[0] as Hex[]).length]),
      [
        ["contestMany", 40],
        ["contestMany", 10],
      ],
    );
    assert.deepEqual(bulks.flatMap(({ args }) => args[0] as Hex[]).sort(), [...ids].sort());
    await open().work();
    assert.equal(paper.sent.length, 2);
    paper.refuse(paper.sent[1]?.key ?? "");
    await open().work();
    assert.equal(paper.sent.length, 12);
    assert.deepEqual(
      new Set(
        paper
          .answers()
          .slice(2)
          .map(([method]) => method),
      ),
      new Set(["contest"]),
    );
  });

  it("answers no more where the ledger takes no answer", async () => {
    const id = paper.lodge("c1", NOWHERE);
    await open().work();
    paper.refuse(`claim:${id}:answer`);
    paper.refusal = "DeadlinePassed";
    for (let round = 0; round < 8; round++) await open().work();
    assert.equal(paper.sent.length, 1);
    assert.deepEqual((await stored(id)).trouble, { code: "claim.answer-refused", attempts: 5 });
    const { leftToStaff } = await scene.pipeline.status();
    assert.deepEqual(leftToStaff.claims, [{ id, code: "claim.answer-refused" }]);
  });

  it("lets a contested claim lapse once its deadline passed, and no matter of fact", async () => {
    const price = paper.lodge("c1");
    paper.move(price, "contested");
    const fact = paper.lodge("c2", { kind: FACT });
    paper.move(fact, "contested");
    await open().work();
    assert.deepEqual(paper.answers(), []);
    paper.time = 5_001n;
    paper.refusal = "DeadlineNotPassed";
    await open().work();
    assert.deepEqual(paper.answers(), []);
    paper.refusal = undefined;
    await open().work();
    assert.deepEqual(paper.answers(), [["lapse", price]]);
  });

  it("asks the ledger about a claim only when something happened to it", async () => {
    for (const byte of ["c1", "c2", "c3"]) paper.lodge(byte, { kind: FACT });
    const desk = open();
    await desk.work();
    assert.equal(paper.asked, 3);
    for (let round = 0; round < 5; round++) await desk.work();
    assert.equal(paper.asked, 3);
  });

  it("shows a subscriber their own claims, and no stranger's", async () => {
    const epoch = await getJson<EpochState>(scene.store, keys.epoch("anna", "2026-10", CHARGES));
    const own = paper.lodge("c1", { finder: epoch?.disputeAddress as Hex });
    const strangers = paper.lodge("c2");
    await open().work();
    const disputes = await scene.pipeline.disputesOf("anna");
    assert.deepEqual(
      disputes.map(({ id, finder }) => [id, finder]),
      [[own, epoch?.disputeAddress]],
    );
    assert.deepEqual(await scene.pipeline.disputesOf("bert"), []);
    const all = (await scene.pipeline.claims()).map(({ id }) => id);
    assert.deepEqual(all, [own, strangers]);
  });
});
