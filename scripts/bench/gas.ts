import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { id, Wallet } from "ethers";
import { fromHex, type Hex, PackedBytes, toHex } from "../../node/core/bytes.ts";
import { commitmentOf } from "../../node/core/commitment/batch-commitment.ts";
import { TAG } from "../../node/core/commitment/tags.ts";
import { finderEvidenceHash } from "../../node/core/evidence/claim-message.ts";
import { hash } from "../../node/core/hash.ts";
import { callOf } from "../attack/made-leaves.ts";
import { bytesOf } from "../attack/named-bytes.ts";
import { OpenedBatch } from "../attack/opened-batch.ts";
import { MINUTE_NANO } from "../attack/plain-tariff.ts";
import { ScriptedOperator } from "../attack/scripted-operator.ts";
import { EmbeddedLedger } from "../embedded-ledger.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { nettingCosts } from "./netting-costs.ts";

/** The largest batch: 2^20 charges, of which only the way of one to the root is needed. */
const DEPTH = 20;
const SLOT = { name: "limit: one new storage slot", value: 22_100 };
const PAST_SECONDS = 40 * 86_400;

/** What callers pay, as the receipts of a ledger say it, on books that are in use. */
export const gas: Benchmark = {
  name: "gas",
  async *run() {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-gas-"));
    const genesisTimeSeconds = Math.floor(Date.now() / 1000) - PAST_SECONDS;
    const ledger = new EmbeddedLedger({ directory, port: 0, genesisTimeSeconds });
    try {
      await ledger.start();
      await ledger.setTime(genesisTimeSeconds);
      const operator = await ScriptedOperator.start(ledger, EmbeddedLedger.chainId, () => {});
      yield* committing(operator);
      yield* proving(operator);
      yield* netting(ledger, operator);
    } finally {
      await ledger.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function* committing(operator: ScriptedOperator): AsyncIterable<Figure> {
  const books: Hex[] = [];
  for (let at = 0; at < 10; at++) {
    const book = await operator.openNextBook();
    await operator.send("books", "commit", book, 1, id("first"));
    books.push(book);
  }
  const [own] = books;
  await operator.wait(60);
  const alone = await operator.send("books", "commit", own, 2, id("alone"));
  yield figure("one commitment alone, whatever the batch's size", alone, 60_000, SLOT);
  const ofOne = books.map((_, at) => [own, 3 + at, id(`one ${at}`)]);
  await operator.wait(60);
  const tenOfOne = await operator.send("books", "commitMany", ofOne);
  yield figure("each of ten commitments of one book", tenOfOne / 10n, 30_000, SLOT);
  const across = books.map((book, at) => [book, at === 0 ? 13 : 2, id(`across ${at}`)]);
  await operator.wait(60);
  const tenBooks = await operator.send("books", "commitMany", across);
  yield figure("each of ten commitments across ten books", tenBooks / 10n, 35_000, SLOT);
}

async function* proving(operator: ScriptedOperator): AsyncIterable<Figure> {
  const siblings = Array.from({ length: DEPTH }, (_, level) => bytesOf(`sibling ${level}`));
  const hexSiblings = siblings.map(toHex);
  const inclusion = [id("leaf"), 2 ** DEPTH - 1, DEPTH, hexSiblings];
  const proof = await operator.send("verifier", "inclusionRoot", ...inclusion);
  yield figure("inclusion proof at depth 20", proof, 60_000);

  const index = 0b1010_1010_1010_1010_1010;
  const book = await operator.openNextBook();
  const dear = { ...callOf(operator, "deep"), amountNano: 3n * MINUTE_NANO };
  const batch = new OpenedBatch(book, 1n, [dear], { sumNano: 0n, count: 0n }, {});
  const root = siblings.reduce(
    (node, sibling, level) => {
      const [left, right] = (index >> level) & 1 ? [sibling, node] : [node, sibling];
      return hash(new PackedBytes().unsigned(TAG.node, 1).raw(left, 32).raw(right, 32).done());
    },
    fromHex(batch.leaf(0), 32),
  );
  const digests = { totals: bytesOf("totals"), runningTotals: bytesOf("running totals") };
  const parts = { ...digests, domain: fromHex(book, 20), sequence: 1n, depth: DEPTH, root };
  await operator.send("books", "commit", book, 1, toHex(commitmentOf(parts)));
  const block = await operator.client.provider.getBlock("latest");
  const path = {
    depth: DEPTH,
    siblings: hexSiblings,
    totals: toHex(digests.totals),
    runningTotals: toHex(digests.runningTotals),
    blockTime: BigInt(block?.timestamp ?? 0),
  };
  const finder = new Wallet(Wallet.createRandom().privateKey);
  const evidenceHash = finderEvidenceHash(finder.address.toLowerCase() as Hex, batch.openedUse(0));
  const request = [1, book, 1, index, MINUTE_NANO, evidenceHash];
  await operator.client.send(finder, "claims", "claim", ...request);
  const count: bigint = await operator.client.read("claims", "claimCount");
  const claim: string = await operator.client.read("claims", "claimAt", count);
  await operator.contest(claim);
  const evidence = { ...batch.usage(0), path, price: operator.tariff.evidence };
  const priced = await operator.client.send(finder, "claims", "openMispriced", claim, evidence);
  yield figure("a charge of a batch of 2^20 priced again, bond slashed", priced, 400_000);
}

/** The same for any number of obligations and pairs; so the larger cycle is the smaller one's limit. */
async function* netting(ledger: EmbeddedLedger, operator: ScriptedOperator): AsyncIterable<Figure> {
  const small = await nettingCosts(ledger, operator, 10, 10);
  const large = await nettingCosts(ledger, operator, 50, 200);
  for (const what of ["deposit", "withdrawal"] as const) {
    const beside = { name: "10 members, 10 obligations", value: Number(small[what]) };
    // A tenth: room for slots that were zero before.
    const goal = Math.ceil(beside.value * 1.1);
    const work = `netting, one ${what} of a member: 50 members, 200 obligations`;
    yield figure(work, large[what], goal, beside);
  }
}

const figure = (work: string, used: bigint, goal: number, ...beside: Figure["beside"]): Figure => ({
  name: "gas",
  work,
  ours: Number(used),
  unit: "gas",
  beside,
  goal,
  met: Number(used) <= goal,
  seconds: 0,
});
