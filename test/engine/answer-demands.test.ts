import assert from "node:assert/strict";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { TallystickError } from "../../node/core/errors.ts";
import {
  type DeliveredBatch,
  decodeCharge,
  decodeChunk,
  rootOfCharge,
  rootOfChunk,
  sealOfDelivery,
} from "../../node/core/evidence/delivery-bytes.ts";
import {
  oneTimePublicKey,
  openDelivery,
  type SealedDelivery,
} from "../../node/core/evidence/sealed-delivery.ts";
import { DemandDesk } from "../../node/engine/claims/answer-demands.ts";
import type { LedgerCall, LedgerEvent } from "../../node/engine/commit/ledger.ts";
import type { EpochState } from "../../node/engine/store/stored-types.ts";
import { ALDER, filled } from "../adapters/memory-members.ts";
import { CHARGES, CREDITS, calls, EngineScene } from "./engine-scene.ts";

const SECRET = fromHex(filled("5e", 32), 32);
const NO_PSEUDONYM = filled("00", 32);
const DOMAIN = fromHex(CHARGES, 20);

describe("the desk of demands for evidence", () => {
  let scene: EngineScene;
  let events: LedgerEvent[];
  let sent: { key: string; call: LedgerCall }[];
  let troubles: string[];
  let head: bigint;
  let enqueueFails: string | undefined;

  beforeEach(async () => {
    scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("call", 40));
    await scene.commit();
    events = [];
    sent = [];
    troubles = [];
    head = 1n;
    enqueueFails = undefined;
  });

  const open = (): DemandDesk =>
    new DemandDesk(scene.context, {
      ledger: {
        finalHead: async () => ({ number: head, time: 1n }),
        events: async ({ fromBlock, toBlock }) =>
          events.filter(({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= toBlock),
      },
      outbox: {
        enqueue: async ({ key, call }) => {
          if (enqueueFails !== undefined) throw new TallystickError(enqueueFails, "refused");
          sent.push({ key, call });
        },
      },
      onTrouble: (error) => void troubles.push((error as TallystickError).code),
    });

  function demand(byte: string, place: object, operator = ALDER.id, answerBy = 99n): Hex {
    const id = filled(byte, 32);
    const key = oneTimePublicKey(SECRET);
    const whole = { book: CHARGES, pseudonym: NO_PSEUDONYM, number: 1n, chunk: 0n, ...place };
    const asker = filled("a5", 20);
    events.push({
      name: "EvidenceDemanded",
      values: { demand: id, operator, place: whole, key: { ...key }, asker, answerBy },
      blockNumber: head,
      logIndex: events.length,
      transactionHash: id,
    });
    return id;
  }

  async function pseudonym(): Promise<Hex> {
    const found = (await scene.values<EpochState>("epoch/anna/")).find(({ key }) =>
      key.endsWith(CHARGES),
    );
    return found?.value.pseudonym as Hex;
  }

  const plainOf = (id: Hex): Uint8Array => {
    const { call } = sent.find(({ key }) => key.includes(id)) as { call: LedgerCall };
    assert.equal(call.method, "deliver");
    const [, ephemeral, ciphertext] = call.args as [Hex, never, Hex[]];
    return openDelivery(id, SECRET, { ephemeral, ciphertext } as SealedDelivery);
  };

  const sealOf = (sequence: bigint, root: Uint8Array, batch: DeliveredBatch) =>
    toHex(sealOfDelivery(DOMAIN, sequence, root, batch));

  it("delivers a charge that leads to the seal which the ledger keeps", async () => {
    const id = demand("d1", { pseudonym: await pseudonym(), number: 7n });
    const desk = open();
    await desk.work();
    const delivered = decodeCharge(plainOf(id));
    assert.equal(delivered.leaf.account.chargeNumber, 7n);
    const seal = sealOf(delivered.sequence, rootOfCharge(DOMAIN, delivered), delivered.batch);
    assert.equal(seal, await scene.ledger.sealOf(CHARGES, delivered.sequence));
    head = 2n;
    await desk.work();
    assert.equal(sent.length, 1, "once");
    assert.equal((await desk.list())[0]?.isAnswered, true);
  });

  for (const [chunk, count] of [
    [0, 32],
    [1, 8],
  ] as const) {
    it(`delivers chunk ${chunk} of a batch`, async () => {
      const id = demand("d2", { chunk: BigInt(chunk) });
      await open().work();
      const delivered = decodeChunk(plainOf(id), false);
      assert.equal(delivered.leaves.length, count);
      const seal = sealOf(1n, rootOfChunk(DOMAIN, chunk, delivered), delivered.batch);
      assert.equal(seal, await scene.ledger.sealOf(CHARGES, 1n));
    });
  }

  it("delivers an empty chunk of an empty batch, and shows that another one is none", async () => {
    const empty = demand("d3", { book: CREDITS });
    const none = demand("d4", { book: CREDITS, chunk: 1n });
    await open().work();
    const delivered = decodeChunk(plainOf(empty), true);
    const domain = fromHex(CREDITS, 20);
    const root = rootOfChunk(domain, 0, delivered);
    const seal = toHex(sealOfDelivery(domain, 1n, root, delivered.batch));
    assert.equal(seal, await scene.ledger.sealOf(CREDITS, 1n));
    const { call } = sent.find(({ key }) => key.includes(none)) as { call: LedgerCall };
    assert.equal(call.method, "showEmpty");
    assert.equal((call.args[1] as { depth: number }).depth, 5);
  });

  it("leaves other operators' alone, and tells what is not in the books, without blocking others", async () => {
    demand("d5", {}, filled("b1", 20));
    demand("d6", { pseudonym: filled("77", 32), number: 1n });
    const good = demand("d7", {});
    const desk = open();
    await desk.work();
    assert.deepEqual(
      sent.map(({ key }) => key),
      [`demand:${good}:answer`],
    );
    assert.deepEqual(troubles, ["demand.not-in-books"]);
    assert.equal((await desk.list()).length, 2);
  });

  it("leaves to staff what it tried often enough, as long as its window is open", async () => {
    const nobody = { pseudonym: filled("77", 32), number: 1n };
    demand("d8", nobody);
    const stillOpen = demand("d9", nobody, ALDER.id, (await scene.context.time.seconds()) + 60n);
    const desk = open();
    for (let round = 1; round < 50; round++) await desk.work();
    assert.deepEqual(await desk.leftToStaff(), []);
    await desk.work();
    const left = await desk.leftToStaff();
    assert.deepEqual(
      left.map(({ id, trouble }) => [id, trouble?.code]),
      [[stillOpen, "demand.not-in-books"]],
    );
  });

  it("answers once over a crash between handing over and noting it", async () => {
    const id = demand("d8", {});
    enqueueFails = "ledger.unreachable";
    await assert.rejects(open().work());
    // What was handed over before the crash had another one-time key.
    enqueueFails = "outbox.key-reused";
    await open().work();
    assert.equal((await open().list()).find((one) => one.id === id)?.isAnswered, true);
  });
});
