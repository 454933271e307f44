import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { id } from "ethers";
import { fromHex, PackedBytes, toHex } from "../../node/core/bytes.ts";
import { commitmentOf } from "../../node/core/commitment/batch-commitment.ts";
import { chargeGroupDigest } from "../../node/core/commitment/charge-groups.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import { TAG } from "../../node/core/commitment/tags.ts";
import { finderEvidenceHash } from "../../node/core/evidence/claim-message.ts";
import { hash } from "../../node/core/hash.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  openBook,
  type Party,
  ROLE,
  retailTerms,
} from "./support/parties.ts";
import { chargeOf, chargeTuple, tariffOf } from "./support/records.ts";

/*
 * Gas that callers pay, kept in a file so that a change has to show it:
 * `UPDATE_SNAPSHOTS=1` writes the file, else the numbers are compared with it.
 */

const SNAPSHOT = new URL("../snapshots/gas.json", import.meta.url);

/**
 * Instants are the machine's, so that hashes differ from run to run; a byte of calldata that happens
 * to be zero costs 12 gas less (EIP-2028).
 */
const CALLDATA_CHANCE = 10 * 12;

/** The largest batch: 2^20 charges, of which only the way of one to the root is needed. */
const DEPTH = 20;

describe("Gas on an established book", () => {
  const measured: Record<string, number> = {};
  let ledger: TestLedger;
  let operator: Party;
  let books: string[];
  let agreement: string;

  before(async () => {
    ledger = await TestLedger.start();
    operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    const arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 4);
    agreement = await agree(ledger, retailTerms(ledger, operator, arbiter), [operator]);
    books = [];
    for (let number = 1; number <= 10; number++) {
      const book = await openBook(ledger, operator, agreement, BOOK.charges, number);
      books.push(book);
      await ledger.send(operator.commit, "books", "commit", book, 1, id("first"));
    }
    await ledger.pass(DAY);
  });

  it("stays below 60,000 for one commitment alone", async () => {
    const { gasUsed } = await ledger.send(
      operator.commit,
      "books",
      "commit",
      books[0],
      2,
      id("alone"),
    );
    measured["commit, alone"] = Number(gasUsed);
    assert.ok(gasUsed <= 60_000n, `${gasUsed}`);
  });

  it("stays below 30,000 each for ten of one book", async () => {
    const batches = Array.from({ length: 10 }, (_, i) => [books[0], 3 + i, id(`one ${i}`)]);
    const { gasUsed } = await ledger.send(operator.commit, "books", "commitMany", batches);
    measured["commit, each of ten of one book"] = Math.ceil(Number(gasUsed) / 10);
    assert.ok(gasUsed <= 300_000n, `${gasUsed}`);
  });

  it("stays below 35,000 each across ten books", async () => {
    const batches = books.map((book, i) => [book, i === 0 ? 13 : 2, id(`across ${i}`)]);
    const { gasUsed } = await ledger.send(operator.commit, "books", "commitMany", batches);
    measured["commit, each across ten books"] = Math.ceil(Number(gasUsed) / 10);
    assert.ok(gasUsed <= 350_000n, `${gasUsed}`);
  });

  it("stays below 60,000 for an inclusion proof of a million charges", async () => {
    const siblings = Array.from({ length: DEPTH }, (_, level) => id(`sibling ${level}`));
    const call = [id("leaf"), 2 ** DEPTH - 1, DEPTH, siblings] as const;
    const { gasUsed } = await ledger.send(operator.commit, "verifier", "inclusionRoot", ...call);
    measured["inclusion proof, depth 20"] = Number(gasUsed);
    assert.ok(gasUsed <= 60_000n, `${gasUsed}`);
  });

  it("stays below 400,000 for pricing one of a million charges again", async () => {
    const tariff = tariffOf();
    const now = BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0);
    const published = [agreement, 1, tariff.root, now + 60n] as const;
    await ledger.send(operator.govern, "tariffs", "publish", ...published);
    await ledger.pass(DAY);
    // A bond that is slashed for the first time: every slot is new.
    await ledger.send(operator.settle, "token", "mint", operator.settle.address, 100_000_000n);
    const { bonds } = ledger.addresses;
    await ledger.send(operator.settle, "token", "approve", bonds, 100_000_000n);
    const bond = [agreement, operator.id, 100_000_000n] as const;
    await ledger.send(operator.settle, "bonds", "deposit", ...bond);
    const book = books[9] as `0x${string}`;
    const group = chargeOf({ start: (now + 3600n) * 1000n });
    const rest = { account: bytesOf("account"), party: bytesOf("party") };
    const amountNano = 300_000_000n;
    const digests = { ...rest, charge: chargeGroupDigest(group) };
    const leaf = chargeLeaf(fromHex(book, 20), digests, amountNano);
    const siblings = Array.from({ length: DEPTH }, (_, level) => bytesOf(`sibling ${level}`));
    const index = 0b1010_1010_1010_1010_1010;
    const root = siblings.reduce((node, sibling, level) => {
      const [left, right] = (index >> level) & 1 ? [sibling, node] : [node, sibling];
      return hash(new PackedBytes().unsigned(TAG.node, 1).raw(left, 32).raw(right, 32).done());
    }, leaf);
    const parts = { totals: bytesOf("totals"), runningTotals: bytesOf("running totals") };
    const domain = fromHex(book, 20);
    const commitment = commitmentOf({ ...parts, domain, sequence: 3n, depth: DEPTH, root });
    const call = [book, 3, toHex(commitment)] as const;
    const { blockTime } = await ledger.send(operator.commit, "books", "commit", ...call);

    const finder = ledger.account(12);
    const opened = { leaf: toHex(leaf), salt: toHex(group.salt) };
    const finderAddress = finder.address.toLowerCase() as `0x${string}`;
    const evidenceHash = finderEvidenceHash(finderAddress, opened);
    const request = [1, book, 3, index, 100_000_000n, evidenceHash] as const;
    const claim = await ledger.preview(finder, "claims", "claim", ...request);
    const lodged = await ledger.send(finder, "claims", "claim", ...request);
    const contested = await ledger.send(operator.commit, "claims", "contest", claim);
    const evidence = {
      charge: chargeTuple(group),
      rest: { account: toHex(rest.account), party: toHex(rest.party), amountNano },
      path: {
        depth: DEPTH,
        siblings: siblings.map(toHex),
        totals: toHex(parts.totals),
        runningTotals: toHex(parts.runningTotals),
        blockTime,
      },
      price: tariff.evidence(),
    };
    const { gasUsed } = await ledger.send(finder, "claims", "openMispriced", claim, evidence);
    measured.claim = Number(lodged.gasUsed);
    measured.contest = Number(contested.gasUsed);
    measured["price one charge again, depth 20"] = Number(gasUsed);
    assert.equal((await ledger.read("claims", "claimOf", claim)).dueNano, 100_000_000n);
    assert.ok(gasUsed <= 400_000n, `${gasUsed}`);
  });

  it("is what the snapshot says", async () => {
    const text = `${JSON.stringify(measured, null, 2)}\n`;
    if (process.env.UPDATE_SNAPSHOTS) await writeFile(SNAPSHOT, text);
    const kept = JSON.parse(await readFile(SNAPSHOT, "utf8")) as Record<string, number>;
    assert.deepEqual(Object.keys(measured), Object.keys(kept));
    for (const [what, gas] of Object.entries(measured)) {
      const moved = Math.abs(gas - (kept[what] ?? 0));
      assert.ok(moved <= CALLDATA_CHANCE, `${what}: ${gas}, the snapshot says ${kept[what]}`);
    }
  });
});
