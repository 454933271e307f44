import { strict as assert } from "node:assert";
import { readArtifact } from "../../scripts/deploy/artifacts.ts";
import { ledgerAbiSource, writtenAbiSource } from "../../scripts/export-abi.ts";

const CONTRACTS = [
  "Agreements",
  "Amendments",
  "Bonds",
  "Books",
  "Claims",
  "ConcessionFees",
  "Deliveries",
  "Demands",
  "DemoToken",
  "Disputes",
  "ExchangeTables",
  "Members",
  "Netting",
  "Periods",
  "Settlement",
  "Standings",
  "Statements",
  "Tariffs",
  "TermsRules",
  "Verifier",
];

describe("What the node knows of the contracts", () => {
  it("is what is compiled (else run scripts/export-abi.ts)", async () => {
    assert.equal(await writtenAbiSource(), await ledgerAbiSource());
  });

  for (const name of CONTRACTS) {
    it(`${name} fits the 24 KB that a network takes`, async () => {
      const { deployedBytecode } = await readArtifact(name);
      assert.ok((deployedBytecode.length - 2) / 2 <= 24_576);
    });
  }
});
