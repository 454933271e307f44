import { strict as assert } from "node:assert";
import { encodeBytes32String, id, ZeroHash } from "ethers";
import { TestLedger } from "./support/chain.ts";
import { admit, agree, DAY, type Party, ROLE, retailTerms } from "./support/parties.ts";

const AMEND = {
  Amend: [
    { name: "amendment", type: "uint256" },
    { name: "agreement", type: "bytes32" },
    { name: "operator", type: "bytes20" },
    { name: "root", type: "bytes32" },
    { name: "from", type: "uint64" },
    { name: "until", type: "uint64" },
    { name: "party", type: "bytes20" },
    { name: "validUntil", type: "uint64" },
  ],
};

describe("Prices of the past and rates of exchange", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let city: Party;
  let arbiter: Party;
  let agreement: string;
  let retail: string;
  let start: number;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    city = await admit(ledger, "City", ROLE.partner, 7);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
    const terms = {
      ...retailTerms(ledger, alder, arbiter),
      parties: [alder.id, birch.id, city.id],
      sides: [[alder.id, birch.id]] as [string, string][],
    };
    terms.windows[4] = 2 * DAY;
    agreement = await agree(ledger, terms, [alder, birch, city]);
    retail = await agree(ledger, retailTerms(ledger, alder, arbiter), [alder]);
    start = (await now()) + 10;
    const call = [agreement, 1, id("first"), start] as const;
    await ledger.send(alder.govern, "tariffs", "publish", ...call);
    await ledger.pass(3 * DAY);
  });

  const now = async () => (await ledger.provider.getBlock("latest"))?.timestamp ?? 0;

  describe("an amendment", () => {
    const refused = (by: Party, ...call: unknown[]) =>
      ledger.refusal(by.govern, "amendments", "propose", ...call);

    it("is about charges of an operator of the agreement, for a time that is over", async () => {
      const root = id("lower");
      const propose = (change: {
        operator?: string;
        root?: string;
        from?: number;
        until?: number;
      }) =>
        refused(
          birch,
          agreement,
          change.operator ?? alder.id,
          change.root ?? root,
          change.from ?? start,
          change.until ?? start + DAY,
        );
      assert.equal(await propose({ operator: birch.id }), "OperatorHasNoSide");
      assert.equal(await propose({ root: ZeroHash }), "TariffRootEmpty");
      assert.equal(await propose({ from: start + DAY }), "AmendmentEmpty");
      assert.equal(await propose({ until: (await now()) + DAY }), "AmendmentOfTheFuture");
      assert.equal(
        await refused(arbiter, agreement, alder.id, root, start, start + 1),
        "NotAParty",
      );
      assert.equal(
        await ledger.refusal(
          alder.commit,
          "amendments",
          "propose",
          agreement,
          alder.id,
          root,
          start,
          start + 1,
        ),
        "DutyMissing",
      );
    });

    it("never is one of retail: subscribers do not sign", async () => {
      assert.equal(
        await refused(alder, retail, alder.id, id("lower"), start, start + 1),
        "RetailNeverAmended",
      );
    });

    it("is agreed on when every party has signed, by itself or by a signature", async () => {
      const call = [agreement, alder.id, id("lower"), start, start + DAY] as const;
      await ledger.send(birch.govern, "amendments", "propose", ...call);
      const read = async () => ledger.read("amendments", "amendmentAt", 1);
      const sign = (by: Party) => ledger.refusal(by.govern, "amendments", "sign", 1);
      assert.equal(await sign(birch), "AmendmentSignedAlready");
      assert.equal(await sign(arbiter), "NotAParty");
      assert.equal(await ledger.refusal(alder.govern, "amendments", "sign", 2), "AmendmentUnknown");
      await ledger.send(alder.govern, "amendments", "sign", 1);
      assert.equal((await read()).agreedAt, 0n, "two of three");

      const validUntil = (await now()) + 600;
      const value = {
        amendment: 1,
        agreement,
        operator: alder.id,
        root: id("lower"),
        from: start,
        until: start + DAY,
        party: city.id,
        validUntil,
      };
      const domain = {
        name: "Tallystick Amendments",
        version: "1",
        chainId: (await ledger.provider.getNetwork()).chainId,
        verifyingContract: ledger.addresses.amendments,
      };
      const carry = (party: string, until: number, signature: string) =>
        ledger.refusal(arbiter.settle, "amendments", "signBySignature", 1, party, until, signature);
      const signature = await city.govern.signTypedData(domain, AMEND, value);
      const changed = { ...value, root: id("another") };
      const other = await city.govern.signTypedData(domain, AMEND, changed);
      assert.equal(await carry(city.id, validUntil, other), "SignatureInvalid");
      assert.equal(await carry(city.id, validUntil + 1, signature), "SignatureInvalid");
      assert.equal(await carry(city.id, start, signature), "SignatureExpired");
      const good = [1, city.id, validUntil, signature] as const;
      await ledger.send(arbiter.settle, "amendments", "signBySignature", ...good);
      assert.ok((await read()).agreedAt > 0n);
      assert.equal(await carry(city.id, validUntil, signature), "AmendmentSignedAlready");
    });

    it("leaves in force what was in force: earlier charges stay right", async () => {
      const inForce = await ledger.read(
        "tariffs",
        "versionInForce",
        agreement,
        alder.id,
        BigInt(start + 60) * 1000n,
      );
      assert.deepEqual([...inForce], [1n, id("first")]);
    });
  });

  describe("a table of exchange rates", () => {
    const SDR = encodeBytes32String("XDR/EUR");
    const refused = (by: Party, pairs: string, ...call: unknown[]) =>
      ledger.refusal(by.govern, "exchangeTables", "publish", agreement, pairs, ...call);

    it("is published ahead by an operator, each set of pairs for itself", async () => {
      const time = await now();
      assert.equal(await refused(alder, SDR, 1, id("rates"), time - 1), "ValidFromTooEarly");
      assert.equal(await refused(alder, SDR, 2, id("rates"), time + 60), "VersionOutOfOrder");
      assert.equal(await refused(alder, SDR, 1, ZeroHash, time + 60), "TariffRootEmpty");
      assert.equal(await refused(alder, ZeroHash, 1, id("rates"), time + 60), "PairsEmpty");
      assert.equal(await refused(birch, SDR, 1, id("rates"), time + 60), "OperatorHasNoSide");
      const publish = (pairs: string, ...call: unknown[]) =>
        ledger.send(alder.govern, "exchangeTables", "publish", agreement, pairs, ...call);
      await publish(SDR, 1, id("rates"), time + 60);
      assert.equal(
        await refused(alder, SDR, 2, id("later"), time + DAY),
        "ValidFromTooEarly",
        "without notice",
      );
      await publish(SDR, 2, id("later"), time + 3 * DAY);
      await publish(encodeBytes32String("USD/EUR"), 1, id("dollars"), time + 60);
    });

    it("is in force from its start until the next one's", async () => {
      const tables = await ledger.read(
        "exchangeTables",
        "tablesFrom",
        agreement,
        alder.id,
        SDR,
        1,
        9,
      );
      const [first, second] = tables.map((table: { validFrom: bigint }) => table.validFrom);
      const at = (instant: bigint) =>
        ledger.read("exchangeTables", "tableInForce", agreement, alder.id, SDR, instant);
      assert.deepEqual([...(await at(first * 1000n))], [1n, id("rates")]);
      assert.deepEqual([...(await at(second * 1000n - 1n))], [1n, id("rates")]);
      assert.deepEqual([...(await at(second * 1000n))], [2n, id("later")]);
      const before = [agreement, alder.id, SDR, first * 1000n - 1n] as const;
      assert.equal(
        await ledger.refusal(alder.settle, "exchangeTables", "tableInForce", ...before),
        "NoTableInForce",
      );
    });

    it("names at most 64 sets of pairs", async () => {
      const time = await now();
      for (let number = 3; number <= 64; number++) {
        const pairs = encodeBytes32String(`pairs ${number}`);
        const call = [agreement, pairs, 1, id("rates"), time + 3600] as const;
        await ledger.send(alder.govern, "exchangeTables", "publish", ...call);
      }
      const one = encodeBytes32String("one more");
      assert.equal(await refused(alder, one, 1, id("rates"), time + 3600), "PairsTooMany");
      const all = await ledger.read("exchangeTables", "pairsOf", agreement, alder.id);
      assert.equal(all.length, 64);
    });
  });
});
