import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { TestLedger } from "./support/chain.ts";

type Input = Record<string, string | number | null>;
interface Vector {
  name: string;
  structure: string;
  input: Input;
  output: string | string[];
}

const { vectors } = JSON.parse(
  readFileSync(new URL("../vectors/protocol-v1.json", import.meta.url), "utf8"),
) as { vectors: Vector[] };

const UNUSED = [`0x${"00".repeat(8)}`, 0, 0];
const network = (code: unknown) => `0x${Number(code).toString(16).padStart(6, "0")}`;

/** How the contracts take what a vector's input says; a vector's name is what a failure shows. */
const ON_THE_LEDGER: Record<string, (input: Input) => [method: string, args: unknown[]]> = {
  charge: (i) => {
    const moves = (i.counters as unknown as Input[]).map((m) => [
      m.scope,
      m.scopeSequence,
      m.counterBefore,
    ]);
    const group = [i.salt, i.kind, i.service, i.flags, i.start, i.sessionMinutes, i.quantity];
    const digits = [i.secondQuantity, i.decidingDigits, i.originDigits, network(i.visitedNetwork)];
    const scopes = [moves[0] ?? UNUSED, moves[1] ?? UNUSED];
    return ["chargeDigest", [[...group, ...digits, i.class, i.tariffVersion, scopes]]];
  },
  credit: (i) => [
    "creditDigest",
    [[i.salt, i.targetDomain, i.targetSequence, i.targetIndex, i.reason, i.claim]],
  ],
  commitment: (i) => [
    "commitmentOf",
    [i.domain, i.sequence, i.depth, i.root, i.totals, i.runningTotals],
  ],
  pseudonym: (i) => ["pseudonymOf", [i.domain, i.disputeAddress, i.blind]],
  evidence: (i) => ["evidenceHashOf", [i.finder, i.leaf, i.salt]],
  invoiceDocument: (i) => ["invoiceDocumentDigest", [[i.salt, i.documentHash, i.closingState]]],
  intervalRow: (i) => ["intervalRowDigest", [[i.service, i.direction, i.low, i.high, i.zone]]],
  calendarRow: (i) => ["calendarRowDigest", [[i.from, i.to, i.band]]],
  // In the order of the struct, which is that of the vector.
  priceRow: (i) => ["priceRowDigest", [Object.values(i)]],
  seal: (i) => ["sealOf", [i.commitment, i.blockTime]],
};

describe("the contracts compute the frozen vectors", () => {
  let ledger: TestLedger;
  before(async () => {
    ledger = await TestLedger.start();
  });

  for (const { name, structure, input, output } of vectors) {
    const call = ON_THE_LEDGER[structure];
    if (call === undefined) continue;
    it(name, async () => {
      const [method, args] = call(input);
      assert.equal(await ledger.read("verifier", method, ...args), output);
    });
  }

  it("paths of the inclusion trees", async () => {
    const trees = vectors.filter(({ structure }) => structure === "inclusionTree");
    assert.ok(trees.length >= 5);
    for (const { input, output } of trees) {
      if (input.pathIndex === null) continue;
      const [root, ...path] = output as string[];
      const leaf = Array.from({ length: 32 }, (_, i) =>
        ((Number(input.leafSeed) + Number(input.pathIndex) + i) & 0xff)
          .toString(16)
          .padStart(2, "0"),
      ).join("");
      const args = [`0x${leaf}`, input.pathIndex, input.depth, path];
      assert.equal(await ledger.read("verifier", "inclusionRoot", ...args), root);
    }
  });
});
