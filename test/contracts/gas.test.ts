import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { id } from "ethers";
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

/*
 * Gas that callers pay, kept in a file so that a change has to show it:
 * `UPDATE_SNAPSHOTS=1` writes the file, else the numbers are compared with it.
 */

const SNAPSHOT = new URL("../snapshots/gas.json", import.meta.url);

describe("Gas of commitments on an established book", () => {
  const measured: Record<string, number> = {};
  let ledger: TestLedger;
  let operator: Party;
  let books: string[];

  before(async () => {
    ledger = await TestLedger.start();
    operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    const arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 4);
    const agreement = await agree(ledger, retailTerms(ledger, operator, arbiter), [operator]);
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

  it("is what the snapshot says", async () => {
    const text = `${JSON.stringify(measured, null, 2)}\n`;
    if (process.env.UPDATE_SNAPSHOTS) await writeFile(SNAPSHOT, text);
    assert.equal(text, await readFile(SNAPSHOT, "utf8"));
  });
});
