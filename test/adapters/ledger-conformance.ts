import assert from "node:assert/strict";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { sealOf } from "../../node/core/commitment/batch-commitment.ts";
import { bookDomain } from "../../node/core/commitment/domain.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { Duty, Ledger, LedgerCall, Receipt } from "../../node/engine/commit/ledger.ts";

/** A fresh ledger with two operators, each with a retail agreement of its own in force. */
export interface LedgerScene {
  alder: Ledger;
  birch: Ledger;
  alderId: Hex;
  birchId: Hex;
  retailAlder: Hex;
  /** From now on Alder's way to the ledger is cut. */
  cutOff(): Promise<void>;
  close(): Promise<void>;
}

const bytes = (text: string, length: number): Hex => `0x${text.repeat(length)}`;

export const hasCode = (code: string) => (error: unknown) =>
  error instanceof TallystickError && error.code === code;

/** What every ledger does, whatever is behind it. Runs in order on one scene. */
export function describeLedger(name: string, open: () => Promise<LedgerScene>): void {
  describe(`${name} as a ledger`, function () {
    this.timeout(240_000);
    let scene: LedgerScene;
    let alder: Ledger;
    let book: Hex;

    before(async () => {
      scene = await open();
      alder = scene.alder;
      book = toHex(
        bookDomain({
          chainId: alder.describe().chainId,
          books: fromHex(alder.describe().contracts.books ?? "0x", 20),
          operator: fromHex(scene.alderId, 20),
          agreement: fromHex(scene.retailAlder, 32),
          kind: 1,
          number: 1n,
        }),
      );
    });
    after(() => scene.close());

    async function send(ledger: Ledger, duty: Duty, call: LedgerCall) {
      const prepared = ledger.prepare(call);
      const sender = ledger.senderOf(duty);
      const nonce = await ledger.accountNonce(sender, "head");
      const signed = await ledger.sign(prepared, { duty, nonce });
      await ledger.broadcast(signed.raw);
      const receipt = await mined(ledger, signed.hash);
      const parent = receipt.blockNumber - 1n;
      return { receipt, refusal: await ledger.refusalOf(prepared, sender, parent), signed };
    }

    async function mined(ledger: Ledger, hash: Hex): Promise<Receipt> {
      for (let looks = 0; looks < 500; looks++) {
        const receipt = await ledger.receipt(hash);
        if (receipt !== undefined) return receipt;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return assert.fail(`${hash} is not mined`);
    }

    const books = (method: string, ...args: unknown[]): LedgerCall => ({
      contract: "books",
      method,
      args,
    });
    const publish = (version: number, validFrom: bigint): LedgerCall => ({
      contract: "tariffs",
      method: "publish",
      args: [scene.retailAlder, version, bytes("7a", 32), validFrom],
    });

    it("is the ledger of its configuration", async () => {
      await alder.check();
      assert.equal(alder.describe().chainId, 31337n);
    });

    it("refuses to prepare what its contracts do not have", () => {
      const nonsense = { contract: "books" as const, method: "burn", args: [] };
      assert.throws(() => alder.prepare(nonsense), hasCode("ledger.call-unknown"));
    });

    it("knows its members and what is in force", async () => {
      assert.equal(await alder.memberOf(alder.senderOf("commit")), scene.alderId);
      assert.equal(await alder.memberOf(bytes("99", 20)), undefined);
      const terms = await alder.agreementTerms(scene.retailAlder);
      assert.deepEqual(terms?.parties, [scene.alderId]);
      assert.deepEqual(terms?.sides, [{ operator: scene.alderId, payer: scene.alderId }]);
      assert.equal(terms?.currency, "EUR");
      assert.equal(await alder.agreementTerms(bytes("99", 32)), undefined);
    });

    it("has nothing of what was never written", async () => {
      assert.equal(await alder.bookOf(book), undefined);
      assert.equal(await alder.sealOf(book, 1n), undefined);
      assert.equal(await alder.tariff(scene.retailAlder, scene.alderId, 1), undefined);
      assert.equal(await alder.claimOf(bytes("01", 32)), undefined);
      assert.equal(await alder.statementOf(bytes("01", 32)), undefined);
      assert.equal(await alder.sampleOf(bytes("01", 32)), undefined);
      assert.equal(await alder.withdrawableUnits(bytes("01", 20), scene.alderId), 0n);
      assert.equal(await alder.receipt(bytes("01", 32)), undefined);
    });

    it("signs the same call and nonce to the same bytes", async () => {
      const call = alder.prepare(books("openBook", scene.retailAlder, 1, 1n, 1));
      const first = await alder.sign(call, { duty: "commit", nonce: 7n });
      assert.deepEqual(await alder.sign(call, { duty: "commit", nonce: 7n }), first);
      const other = await alder.sign(call, { duty: "commit", nonce: 8n });
      assert.notEqual(other.hash, first.hash);
    });

    it("opens a book whose id is its domain", async () => {
      const call = books("openBook", scene.retailAlder, 1, 1n, 1);
      const { receipt } = await send(alder, "commit", call);
      assert.equal(receipt.status, "done");
      assert.deepEqual(await alder.bookOf(book), {
        operator: scene.alderId,
        agreement: scene.retailAlder,
        kind: 1,
        number: 1n,
        split: 1,
        newestSequence: 0n,
      });
    });

    it("keeps the seal of a commitment with its block time", async () => {
      const { receipt } = await send(alder, "commit", books("commit", book, 1n, bytes("c1", 32)));
      const seal = toHex(sealOf(fromHex(bytes("c1", 32)), receipt.blockTime));
      assert.equal(await scene.birch.sealOf(book, 1n), seal);
      const head = await alder.head();
      assert.ok(receipt.blockNumber <= head.number && receipt.blockTime <= head.time);
      assert.ok((await alder.finalHead()).number <= head.number);
    });

    it("takes the same bytes once, however often they are said", async () => {
      const call = alder.prepare(books("commit", book, 2n, bytes("c2", 32)));
      const nonce = await alder.accountNonce(alder.senderOf("commit"), "head");
      const signed = await alder.sign(call, { duty: "commit", nonce });
      await alder.broadcast(signed.raw);
      await alder.broadcast(signed.raw);
      await mined(alder, signed.hash);
      await alder.broadcast(signed.raw);
      await scene.birch.broadcast(signed.raw);
      assert.equal(await alder.accountNonce(alder.senderOf("commit"), "head"), nonce + 1n);
      assert.equal((await alder.bookOf(book))?.newestSequence, 2n);
    });

    it("holds what comes before its turn until the gap is filled", async () => {
      const sender = alder.senderOf("commit");
      const nonce = await alder.accountNonce(sender, "head");
      const [third, fourth] = await Promise.all(
        [3n, 4n].map((sequence) =>
          alder.sign(alder.prepare(books("commit", book, sequence, bytes("c3", 32))), {
            duty: "commit",
            nonce: nonce + sequence - 3n,
          }),
        ),
      );
      assert.ok(third !== undefined && fourth !== undefined);
      await alder.broadcast(fourth.raw);
      assert.equal(await alder.receipt(fourth.hash), undefined);
      assert.equal(await alder.accountNonce(sender, "head"), nonce);
      await alder.broadcast(third.raw);
      assert.equal((await mined(alder, fourth.hash)).status, "done");
      assert.equal((await alder.bookOf(book))?.newestSequence, 4n);
    });

    it("refuses a gap and a fork, says why, and counts the nonce", async () => {
      const sender = alder.senderOf("commit");
      for (const given of [4n, 6n]) {
        const nonce = await alder.accountNonce(sender, "head");
        const call = books("commit", book, given, bytes("cf", 32));
        const { receipt, refusal } = await send(alder, "commit", call);
        assert.equal(receipt.status, "refused");
        assert.deepEqual(refusal, {
          name: "SequenceOutOfOrder",
          values: { book, expected: "5", given: String(given) },
        });
        assert.equal(await alder.accountNonce(sender, "head"), nonce + 1n);
      }
      assert.equal((await alder.bookOf(book))?.newestSequence, 4n);
    });

    it("lets nobody write another member's book", async () => {
      const call = books("commit", book, 5n, bytes("b0", 32));
      const { receipt, refusal } = await send(scene.birch, "commit", call);
      assert.equal(receipt.status, "refused");
      const sender = scene.birch.senderOf("commit");
      assert.deepEqual(refusal, { name: "NotTheCommitKey", values: { book, sender } });
      assert.equal(await alder.sealOf(book, 5n), undefined);
    });

    it("commits many batches at once, all or none", async () => {
      const batch = (sequence: bigint) => ({ book, sequence, commitment: bytes("c5", 32) });
      const torn = await send(alder, "commit", books("commitMany", [batch(5n), batch(7n)]));
      assert.equal(torn.receipt.status, "refused");
      assert.equal(torn.refusal?.name, "SequenceOutOfOrder");
      assert.equal(await alder.sealOf(book, 5n), undefined);
      const tuple = [book, 6n, bytes("c5", 32)];
      const whole = await send(alder, "commit", books("commitMany", [batch(5n), tuple]));
      assert.equal(whole.receipt.status, "done");
      assert.notEqual(await alder.sealOf(book, 6n), undefined);
    });

    it("voids the newest batch only, and its number stays used", async () => {
      const early = await send(alder, "commit", books("voidNewest", book, 5n));
      assert.equal(early.refusal?.name, "BatchNotNewest");
      await send(alder, "commit", books("voidNewest", book, 6n));
      assert.equal(await alder.sealOf(book, 6n), undefined);
      const again = await send(alder, "commit", books("commit", book, 6n, bytes("c6", 32)));
      assert.equal(again.refusal?.name, "SequenceOutOfOrder");
    });

    it("publishes tariffs in order, never into the past", async () => {
      const { time } = await alder.head();
      const late = await send(alder, "govern", publish(1, time - 3_600n));
      assert.equal(late.refusal?.name, "ValidFromTooEarly");
      const validFrom = time + 3_600n;
      const first = await send(alder, "govern", publish(1, validFrom));
      assert.equal(first.receipt.status, "done");
      assert.deepEqual(await scene.birch.tariff(scene.retailAlder, scene.alderId, 1), {
        root: bytes("7a", 32),
        validFrom,
      });
      const skipped = await send(alder, "govern", publish(3, validFrom + 10n));
      assert.deepEqual(skipped.refusal, {
        name: "VersionOutOfOrder",
        values: { expected: "2", given: "3" },
      });
      const wrongKey = await send(alder, "commit", publish(2, validFrom + 10n));
      assert.equal(wrongKey.refusal?.name, "DutyMissing");
    });

    it("tells events in order, of the names and blocks that were asked for", async () => {
      const toBlock = (await alder.head()).number;
      const names = ["BatchCommitted", "BatchVoided"];
      const events = await alder.events({ contract: "books", names, fromBlock: 0n, toBlock });
      assert.deepEqual(
        events.map(({ name, values }) => `${name} ${values.sequence}`),
        [1, 2, 3, 4, 5, 6].map((n) => `BatchCommitted ${n}`).concat("BatchVoided 6"),
      );
      const [fifth, sixth] = events.slice(4);
      assert.ok(fifth !== undefined && sixth !== undefined);
      assert.equal(fifth.values.book, book);
      assert.equal(typeof fifth.values.blockTime, "bigint");
      assert.equal(fifth.transactionHash, sixth.transactionHash);
      assert.ok(fifth.logIndex < sixth.logIndex);
      const after = {
        contract: "books",
        names,
        fromBlock: sixth.blockNumber + 1n,
        toBlock,
      } as const;
      assert.deepEqual(
        (await alder.events(after)).map(({ name }) => name),
        ["BatchVoided"],
      );
    });

    it("moves ledger time on with a tick", async () => {
      assert.ok((await alder.evidenceAgeMaxSeconds()) >= 0n);
      const before = await alder.ledgerTime();
      const tick: LedgerCall = { contract: "clock", method: "tick", args: [] };
      assert.equal((await send(scene.birch, "settle", tick)).receipt.status, "done");
      assert.ok((await alder.ledgerTime()) >= before);
    });

    it("says that it can not be reached", async () => {
      await scene.cutOff();
      await assert.rejects(alder.head(), hasCode("ledger.unreachable"));
      await assert.rejects(alder.sealOf(book, 1n), hasCode("ledger.unreachable"));
      await assert.rejects(alder.broadcast(bytes("01", 32)), hasCode("ledger.unreachable"));
    });
  });
}
