import { strict as assert } from "node:assert";
import { encodeBytes32String, id, ZeroHash } from "ethers";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BERLIN,
  DAY,
  type Party,
  ROLE,
  retailTerms,
  STAKES,
  type TermsDraft,
  WINDOWS,
} from "./support/parties.ts";

describe("Agreements and tariffs", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let city: Party;
  let arbiter: Party;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    city = await admit(ledger, "City", ROLE.partner, 7);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
  });

  describe("terms", () => {
    const refused = (change: object) =>
      ledger.refusal(alder.govern, "agreements", "propose", {
        ...retailTerms(ledger, alder, arbiter),
        ...change,
      });

    it("need the Govern key of a party", async () => {
      const terms = retailTerms(ledger, alder, arbiter);
      assert.equal(
        await ledger.refusal(alder.commit, "agreements", "propose", terms),
        "DutyMissing",
      );
      assert.equal(await ledger.refusal(birch.govern, "agreements", "propose", terms), "NotAParty");
    });

    it("name members, each once, and operators on their sides", async () => {
      const stranger = `0x${"22".repeat(20)}`;
      assert.equal(await refused({ parties: [] }), "TermsUnusable");
      assert.equal(await refused({ parties: [alder.id, alder.id] }), "PartyUnusable");
      assert.equal(await refused({ parties: [alder.id, stranger] }), "PartyUnusable");
      assert.equal(await refused({ sides: [] }), "TermsUnusable");
      assert.equal(await refused({ sides: [[alder.id, birch.id]] }), "PartyUnusable");
      assert.equal(
        await refused({
          sides: [
            [alder.id, alder.id],
            [alder.id, alder.id],
          ],
        }),
        "PartyUnusable",
      );
      const parties = [alder.id, city.id];
      assert.equal(await refused({ parties, sides: [[city.id, alder.id]] }), "RoleMissing");
    });

    it("are judged by an arbiter who is no party", async () => {
      assert.equal(await refused({ arbiter: birch.id }), "ArbiterUnusable");
      const judge = await admit(ledger, "Both", ROLE.operator + ROLE.arbiter, 13);
      assert.equal(
        await refused({ parties: [alder.id, judge.id], arbiter: judge.id }),
        "ArbiterUnusable",
      );
    });

    it("split no more than there is, among parties, each once", async () => {
      const parties = [alder.id, city.id];
      const split = (...shares: [string, bigint, number, bigint?, bigint?][]) =>
        refused({
          parties,
          splits: [
            [
              alder.id,
              shares.map(([id, fee, parts, least = 0n, most = 0n]) => [
                id,
                fee,
                parts,
                least,
                most,
              ]),
            ],
          ],
        });
      assert.equal(await split([city.id, 0n, 600_000], [alder.id, 0n, 400_001]), "TermsUnusable");
      assert.equal(await split([city.id, 0n, 1], [city.id, 0n, 1]), "PartyUnusable");
      assert.equal(await split([birch.id, 0n, 1]), "PartyUnusable");
      assert.equal(await split([city.id, 0n, 1, 2n, 1n]), "TermsUnusable", "least above most");
      assert.equal(await split([city.id, 2n, 1, 0n, 1n]), "TermsUnusable", "fee above most");
      assert.equal(await refused({ splits: [[birch.id, []]] }), "PartyUnusable");
      assert.equal(await refused({ splits: [] }), "TermsUnusable");
    });

    it("use an allowed token, a currency code and windows that exist", async () => {
      assert.equal(await refused({ token: ledger.addresses.books }), "TokenNotAllowed");
      assert.equal(await refused({ currency: "0x657572" }), "TermsUnusable");
      for (const window of [0, 1, 2, 3, 5, 6]) {
        const windows: TermsDraft["windows"] = [...WINDOWS];
        windows[window] = 0;
        assert.equal(await refused({ windows }), "TermsUnusable", `window ${window}`);
      }
      const token = ledger.addresses.demoToken;
      assert.equal(
        await ledger.refusal(alder.govern, "agreements", "refuseToken", token),
        "AccessManagedUnauthorized",
      );
    });

    it("name a period by a zone and a length that can be", async () => {
      const zone = (name: string) =>
        refused({ period: [encodeBytes32String(name), 0, false, false] });
      assert.equal(await zone(""), "TermsUnusable");
      assert.equal(await zone("Europe/Köln"), "TermsUnusable");
      assert.equal(await zone("Europe Berlin"), "TermsUnusable");
      const torn = `0x41004100${"00".repeat(28)}`;
      assert.equal(await refused({ period: [torn, 0, false, false] }), "TermsUnusable");
      assert.equal(await refused({ period: [BERLIN, 367, false, false] }), "TermsUnusable");
    });

    it("tolerate differences of a service and direction once, by a known rule", async () => {
      const tolerances = (...list: TermsDraft["tolerances"]) => refused({ tolerances: list });
      assert.equal(await tolerances([9, 1, 0, 0n, 1]), "TermsUnusable");
      assert.equal(await tolerances([1, 4, 0, 0n, 1]), "TermsUnusable");
      assert.equal(await tolerances([1, 1, 1_000_001, 0n, 1]), "TermsUnusable");
      assert.equal(await tolerances([1, 1, 0, 0n, 0]), "TermsUnusable");
      assert.equal(await tolerances([1, 1, 0, 0n, 5]), "TermsUnusable");
      assert.equal(await tolerances([1, 1, 0, 0n, 1], [1, 1, 9, 9n, 2]), "TermsUnusable");
      const many = Array.from({ length: 33 }, (_, i) => [i % 9, i % 4, 0, 0n, 1] as const);
      assert.equal(await tolerances(...many.map((each) => [...each] as never)), "TermsUnusable");
    });

    it("pay the finder of a conceded claim no more than a bounty", async () => {
      const stakes: TermsDraft["stakes"] = [...STAKES];
      stakes[4] = stakes[1] + 1n;
      assert.equal(await refused({ stakes }), "TermsUnusable");
    });

    it("are kept as they were proposed", async () => {
      const terms = retailTerms(ledger, alder, arbiter);
      terms.tolerances = [
        [1, 1, 10_000, 5_000_000n, 3],
        [1, 2, 0, 0n, 1],
      ];
      terms.period = [BERLIN, 30, true, true];
      terms.netted = true;
      terms.windows[7] = 14 * DAY;
      terms.stakes[4] = 7n;
      const agreement = await agree(ledger, terms, [alder]);
      const read = (view: string) => ledger.read("agreements", view, agreement);
      assert.deepEqual((await read("periodOf")).toArray(), [BERLIN, 30n, true, true]);
      assert.deepEqual(
        (await read("tolerancesOf")).toArray(true),
        terms.tolerances.map((each) => each.map(BigInt)),
      );
      assert.equal(await read("isNetted"), true);
      assert.equal((await read("windowsOf")).payment, BigInt(14 * DAY));
      assert.equal((await read("stakesOf")).concessionFee, 7n);
    });

    it("are signed by each party once, and by nobody else", async () => {
      const agreement = await agree(
        ledger,
        {
          ...retailTerms(ledger, alder, arbiter),
          parties: [alder.id, birch.id],
          sides: [
            [alder.id, birch.id],
            [birch.id, alder.id],
          ],
        },
        [alder],
      );
      const sign = (by: Party) => ledger.refusal(by.govern, "agreements", "sign", agreement);
      assert.equal(await sign(alder), "AlreadySigned");
      assert.equal(await sign(city), "NotAParty");
      assert.equal(
        await ledger.refusal(birch.commit, "agreements", "sign", agreement),
        "DutyMissing",
      );
      assert.equal(
        await ledger.refusal(birch.govern, "agreements", "sign", id("nothing")),
        "AgreementUnknown",
      );
      await ledger.send(birch.govern, "agreements", "sign", agreement);
      assert.equal(await ledger.read("agreements", "isInForce", agreement), true);
      assert.equal(await ledger.read("agreements", "payerOf", agreement, alder.id), birch.id);
    });
  });

  describe("a tariff", () => {
    let agreement: string;
    let now: number;

    before(async () => {
      const terms = retailTerms(ledger, alder, arbiter);
      terms.windows[4] = 10 * DAY;
      agreement = await agree(ledger, terms, [alder]);
      now = (await ledger.provider.getBlock("latest"))?.timestamp ?? 0;
    });

    const publish = (...call: unknown[]) =>
      ledger.refusal(alder.govern, "tariffs", "publish", agreement, ...call);

    it("never starts in the past, and versions count from 1", async () => {
      assert.equal(await publish(1, id("root"), now - 1), "ValidFromTooEarly");
      assert.equal(await publish(2, id("root"), now + DAY), "VersionOutOfOrder");
      assert.equal(await publish(1, ZeroHash, now + DAY), "TariffRootEmpty");
      assert.equal(
        await ledger.refusal(
          birch.govern,
          "tariffs",
          "publish",
          agreement,
          1,
          id("root"),
          now + DAY,
        ),
        "OperatorHasNoSide",
      );
      await ledger.send(
        alder.govern,
        "tariffs",
        "publish",
        agreement,
        1,
        id("one"),
        now + 60 * DAY,
      );
    });

    it("is superseded after notice, later than the version before", async () => {
      assert.equal(await publish(2, id("two"), now + 60 * DAY), "ValidFromTooEarly");
      await ledger.send(
        alder.govern,
        "tariffs",
        "publish",
        agreement,
        2,
        id("two"),
        now + 61 * DAY,
      );
      await ledger.pass(61 * DAY);
      assert.equal(await publish(3, id("three"), now + 62 * DAY), "ValidFromTooEarly");
      await ledger.send(
        alder.govern,
        "tariffs",
        "publish",
        agreement,
        3,
        id("three"),
        now + 80 * DAY,
      );
    });

    it("is found by the instant, to the millisecond", async () => {
      const at = (milliseconds: number) =>
        ledger.read("tariffs", "versionInForce", agreement, alder.id, milliseconds);
      const start = (now + 61 * DAY) * 1000;
      assert.deepEqual([...(await at(start - 1))], [1n, id("one")]);
      assert.deepEqual([...(await at(start))], [2n, id("two")]);
      assert.deepEqual([...(await at(start + 19 * DAY * 1000))], [3n, id("three")]);
      assert.equal(
        await ledger.refusal(
          alder.govern,
          "tariffs",
          "versionInForce",
          agreement,
          alder.id,
          (now + 60 * DAY) * 1000 - 1,
        ),
        "NoTariffInForce",
      );
    });
  });
});
