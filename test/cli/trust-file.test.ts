import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { factsOf, readTrustFile, saveTrust } from "../../node/cli/trust-file.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import type { LedgerFacts } from "../../node/core/evidence/ledger-facts.ts";

const address = (digit: string) => `0x${digit.repeat(40)}`;
const word = (digit: string) => `0x${digit.repeat(64)}`;

const CHECKED = {
  books: address("1"),
  tariffs: address("2"),
  agreements: address("3"),
  claims: address("4"),
  members: address("5"),
};
const ALL = { ...CHECKED, standings: address("6"), demands: address("7") };

/** Only what a file of pinned facts reads of a bundle. */
const bundleOf = (contracts: object): Bundle =>
  ({
    ledger: { chainId: "31337", contracts },
    agreement: word("a"),
    operator: { id: address("b"), name: "Operator" },
  }) as unknown as Bundle;

const facts = {
  sources: [{ member: "Operator", url: "http://127.0.0.1:1", finalizedBlock: "9", agrees: true }],
  seals: { [`${address("1")}:1`]: word("c") },
  tariffs: { "1": { root: word("d"), validFrom: "1790805600" } },
} as unknown as LedgerFacts;

describe("a file of pinned facts", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-trust-"));
    file = join(folder, "trust.json");
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is read again as it was saved, with the contracts of demands", async () => {
    await saveTrust(file, bundleOf(ALL), facts);
    const trust = await readTrustFile(file);
    assert.deepEqual(trust.contracts, ALL);
    assert.deepEqual(factsOf(trust, bundleOf(ALL), file).seals, facts.seals);
  });

  it("serves bundles that name no contracts of demands, and keeps those it has", async () => {
    await saveTrust(file, bundleOf(CHECKED), facts);
    factsOf(await readTrustFile(file), bundleOf(ALL), file);
    await saveTrust(file, bundleOf(ALL), facts);
    await saveTrust(file, bundleOf(CHECKED), facts);
    assert.deepEqual((await readTrustFile(file)).contracts, ALL);
  });

  it("refuses a bundle that names another contract, of demands too", async () => {
    await saveTrust(file, bundleOf(ALL), facts);
    const trust = await readTrustFile(file);
    for (const name of Object.keys(ALL)) {
      const other = bundleOf({ ...ALL, [name]: address("9") });
      assert.throws(
        () => factsOf(trust, other, file),
        (error) => error instanceof TallystickError && error.code === "trust.other-ledger",
        name,
      );
    }
  });
});
