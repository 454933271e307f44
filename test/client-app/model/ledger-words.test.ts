import assert from "node:assert/strict";
import { type LedgerView, ledgerAgreement } from "../../../client-app/src/model/ledger-words.ts";

const source = (member: string, url: string, agrees = true) => ({
  member,
  url,
  finalizedBlock: "1",
  agrees,
});
const ledger = (more: Partial<LedgerView>): LedgerView => ({
  kind: "consortium",
  runBy: "",
  sources: [],
  unreachable: [],
  ...more,
});

describe("the ledger in words", () => {
  it("counts members, not addresses", () => {
    const sources = [source("Alder", "a1"), source("Alder", "a2"), source("Birch", "b")];
    assert.deepEqual(ledgerAgreement(ledger({ sources })), {
      ok: true,
      words: "2 of 2 members of the ledger agree: Alder, Birch.",
    });
  });
  it("names who contradicts and who is silent", () => {
    const { ok, words } = ledgerAgreement(
      ledger({
        sources: [source("Alder", "a"), source("Birch", "b", false)],
        unreachable: [{ member: "Cedar", url: "c", because: "" }],
      }),
    );
    assert.equal(ok, false);
    assert.equal(
      words,
      "1 of 3 members of the ledger agree: Alder. Birch says otherwise. Cedar did not answer.",
    );
  });
  it("claims no agreement of many where one company runs it alone", () => {
    const sources = [source("Alder", "a")];
    const { words } = ledgerAgreement(ledger({ kind: "embedded", runBy: "Alder", sources }));
    assert.equal(words, "One ledger, run by Alder.");
  });
  it("says nothing for or against when nobody answered", () => {
    assert.equal(ledgerAgreement(ledger({})).ok, null);
  });
});
