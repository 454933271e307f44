import assert from "node:assert/strict";
import { type Hex, toHex } from "../../../node/core/bytes.ts";
import {
  accountGroupDigest,
  CHARGE_KIND,
  chargeGroupDigest,
  partyGroupDigest,
} from "../../../node/core/commitment/charge-groups.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { type Bundle, isClosed, parseBundle } from "../../../node/core/evidence/bundle.ts";
import { checkPrice } from "../../../node/core/evidence/check-price.ts";
import {
  accountFromJson,
  chargeFromJson,
  partyFromJson,
} from "../../../node/core/evidence/group-json.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { PLAN_REDUCES } from "../../../node/core/tariff/rows.ts";
import { EPOCH, MemoryOperator, runOctober } from "../../http/memory-operator.ts";
import { type BundlePlace, changed, leavesOf } from "./hostile-bundle.ts";
import { committedLie } from "./lying-operator.ts";

const copyOf = (bundle: Bundle): Bundle => structuredClone(bundle);

/** Names of the checks that fail, of lines as "line:name". */
function failing(bundle: Bundle, facts: LedgerFacts): string[] {
  const report = verifyBundle(bundle, facts);
  const ofLines = [...report.lines, ...report.credits].flatMap(({ line, checks }) =>
    checks.filter(({ ok }) => ok === false).map(({ name }) => `${line}:${name}`),
  );
  const ofBundle = report.bundleChecks.filter(({ ok }) => ok === false).map(({ name }) => name);
  const all = [...ofLines, ...ofBundle];
  assert.ok(!report.ok || all.length === 0, "the report is not good when a check fails");
  return all;
}

const nameOf = (check: string): string => check.slice(check.indexOf(":") + 1);

/** "charges.*.account.salt": the kind of a place, whichever line it is of. */
const patternOf = (place: BundlePlace): string =>
  place.map((key) => (typeof key === "number" ? "*" : key)).join(".");

/** Which check finds a change; the first pattern that fits counts. */
const FOUND_BY: [RegExp, string][] = [
  [/^ledger\.chainId$|^ledger\.contracts\.books$|^operator\.id$|^agreement$/, "in-book"],
  [/^books\.\*\.(domain|kind|number)$/, "books"],
  [/^books\.\*\.(pseudonym|disputeAddress|blind)$/, "pseudonym"],
  [/^batches\.\*\.domain$/, "in-book"],
  [/^batches\.\*\.(sequence|root|totals|runningTotals|blockTime)$/, "on-ledger"],
  [/^charges\.\*\.line$/, "in-order"],
  [/^currency$/, "priced"],
  [/^operator\.name$|^period\./, "invoice-lines"],
  [/^charges\.\*\.(batch|leafIndex|amountNano|path|account|party|charge)(\.|$)/, "included"],
  [/^credits\.\*\.(batch|leafIndex|amountNano|path|account|party|credit)(\.|$)/, "included"],
  [/^invoice\.batch$/, "invoice-in-book"],
  [/^invoice\.body\.lastChargeNumber$/, "complete"],
  [/^invoice\./, "invoice-included"],
  [/^tariffs\.\*\.(validFrom|document)(\.|$)/, "tariff-"],
  [/^tariffs\.\*\.version$/, "priced"],
];

/**
 * What no commitment holds: who made the file, where the ledger is asked, and labels. The contracts
 * that are asked are pinned by the reader (docs/EVIDENCE.md).
 */
const HELD_BY_NOTHING = [
  /^createdAt$/,
  /^ledger\.(runBy|endpoints\..*)$/,
  /^ledger\.contracts\.(tariffs|agreements|claims|members)$/,
  /^credits\.\*\.line$/,
];

describe("verifyBundle", () => {
  let operator: MemoryOperator;
  let honest: Bundle;
  let facts: LedgerFacts;
  let bert: Bundle;

  before(async () => {
    operator = await MemoryOperator.start();
    await runOctober(operator);
    const bundleOf = async (account: string) =>
      parseBundle(JSON.stringify(await operator.pipeline.evidence(account, EPOCH)));
    await operator.credit(await bundleOf("anna"), "1", 50_000_000n);
    await operator.commit();
    honest = await bundleOf("anna");
    bert = await bundleOf("bert");
    facts = operator.facts(honest);
  });
  after(() => operator.stop());

  it("finds every line of an honest bundle committed", () => {
    assert.deepEqual(failing(honest, facts), []);
    const { lines, credits, totalNano, ok } = verifyBundle(honest, facts);
    assert.equal(ok, true);
    assert.equal(lines[0]?.creditedNano, 50_000_000n);
    assert.deepEqual(
      lines.map(({ verdict }) => verdict),
      ["committed", "committed", "committed", "committed"],
    );
    assert.equal(credits[0]?.verdict, "committed");
    assert.equal(totalNano, 900_000_000n);
  });

  it("names the check that finds a change, for each kind of field there is", function () {
    this.timeout(240_000);
    const seen = new Set<string>();
    for (const place of leavesOf(honest)) {
      const pattern = patternOf(place);
      // The books of credits and of invoices are told apart from the book of charges.
      const name = place[0] === "books" && place[1] !== 0 ? place.join(".") : pattern;
      const kind = name.startsWith("tariffs.*.document") ? "tariffs.*.document" : name;
      if (seen.has(kind)) continue;
      seen.add(kind);
      let found: string[];
      try {
        const bundle = parseBundle(JSON.stringify(changed(honest, place)));
        found = failing(bundle, facts).map(nameOf);
      } catch (error) {
        assert.ok(error instanceof TallystickError, `${name}: ${error}`);
        assert.equal(error.code, "bundle.wrong-shape", name);
        continue;
      }
      const expected = FOUND_BY.find(([fits]) => fits.test(pattern))?.[1];
      if (HELD_BY_NOTHING.some((fits) => fits.test(name))) continue;
      assert.ok(expected !== undefined, `${name} has an expected check`);
      assert.ok(
        found.some((check) => check.startsWith(expected)),
        `${name}: expected ${expected}, found ${found.join(", ") || "nothing"}`,
      );
    }
    assert.ok(seen.size > 70, `${seen.size} kinds of fields`);
  });

  it("finds a change in each line, not only in the first", () => {
    for (const at of honest.charges.keys()) {
      const bundle = changed(honest, ["charges", at, "amountNano"]);
      const found = failing(bundle, facts);
      assert.ok(found.includes(`${at + 1}:included`), `line ${at + 1}`);
    }
  });

  it("finds a step of the path that is missing, or one too many", () => {
    for (const path of [honest.charges[0]!.path.slice(1), [...honest.charges[0]!.path, "0x00"]]) {
      const bundle = copyOf(honest);
      bundle.charges[0]!.path = path as Bundle["charges"][number]["path"];
      assert.ok(failing(bundle, facts).includes("1:included"));
    }
  });

  it("finds a line left out of the middle, and one left out at the end", () => {
    const middle = copyOf(honest);
    middle.charges.splice(1, 1);
    const found = failing(middle, facts);
    assert.ok(found.includes("3:in-order"));
    assert.ok(found.includes("complete"));
    const end = copyOf(honest);
    end.charges.pop();
    assert.ok(failing(end, facts).includes("complete"));
    assert.ok(failing(end, facts).includes("invoice-lines"));
  });

  it("finds a line left out that cost nothing, by its number alone", () => {
    const bundle = copyOf(bert);
    const free = bundle.charges.findIndex(({ amountNano }) => amountNano === "0");
    const [left] = bundle.charges.splice(free, 1);
    assert.equal(left?.line, "4");
    assert.ok(failing(bundle, operator.facts(bert)).includes("5:in-order"));
  });

  it("finds a price in the tariff that is not the published one", () => {
    const bundle = JSON.parse(JSON.stringify(honest).replaceAll('"0.10"', '"0.20"'));
    const found = failing(parseBundle(JSON.stringify(bundle)), facts);
    assert.ok(found.includes("tariff-1"));
    assert.ok(found.includes("1:priced"));
  });

  it("finds lines that were swapped, repeated or taken from another subscriber", () => {
    const swapped = copyOf(honest);
    swapped.charges.reverse();
    assert.ok(failing(swapped, facts).some((name) => name.endsWith(":in-order")));
    const repeated = copyOf(honest);
    repeated.charges.push(repeated.charges[3]!);
    assert.ok(failing(repeated, facts).includes("complete"));
    const foreign = copyOf(honest);
    foreign.charges[1] = { ...bert.charges[0]!, batch: honest.charges[1]!.batch };
    assert.ok(failing(foreign, facts).includes("pseudonym"));
  });

  it("finds a block time that no date can hold, instead of failing itself", () => {
    const bundle = copyOf(honest);
    bundle.batches[0]!.blockTime = (2n ** 64n - 1n).toString();
    assert.ok(failing(bundle, facts).includes("1:on-ledger"));
  });

  it("takes no empty bundle for a proof", () => {
    const { invoice: _, ...open } = copyOf(honest);
    const empty = { ...open, charges: [], credits: [], batches: [], tariffs: [] };
    assert.deepEqual(failing(empty, facts), ["complete"]);
    const { ok, bundleChecks } = verifyBundle(empty, facts);
    assert.equal(ok, false);
    assert.equal(bundleChecks.find(({ name }) => name === "pseudonym")?.ok, null);
  });

  it("does not take a bundle for complete whose end and invoice were cut off", () => {
    const { invoice: _, ...cut } = copyOf(honest);
    cut.charges = cut.charges.slice(0, 2);
    assert.deepEqual(failing(cut, facts), []);
    const report = verifyBundle(cut, facts);
    assert.deepEqual(
      report.bundleChecks.filter(({ ok }) => ok === null).map(({ name }) => name),
      ["complete", "invoice"],
    );
    assert.equal(report.ok, false);
  });

  it("does not say whose lines are when the bundle does not show it", () => {
    for (const field of ["disputeAddress", "blind"] as const) {
      const bundle = copyOf(honest);
      delete bundle.books[0]![field];
      const report = verifyBundle(bundle, facts);
      assert.equal(report.bundleChecks.find(({ name }) => name === "pseudonym")?.ok, null);
      assert.equal(report.ok, false);
    }
  });

  it("tells the reader's own bill from another subscriber's", () => {
    const yours = (bundle: Bundle, owner: Hex | undefined) => {
      const report = verifyBundle(bundle, operator.facts(bundle), owner && { owner });
      const check = report.bundleChecks.find(({ name }) => name === "yours");
      if (check?.ok === false) assert.equal(report.ok, false);
      return check?.ok;
    };
    const owner = honest.books[0]!.disputeAddress as Hex;
    assert.equal(yours(honest, owner), true);
    assert.equal(yours(bert, owner), false);
    assert.equal(yours(honest, undefined), undefined);
    for (const field of ["disputeAddress", "blind"] as const) {
      const bundle = copyOf(honest);
      delete bundle.books[0]![field];
      assert.equal(yours(bundle, owner), false, field);
    }
    const dressed = copyOf(bert);
    dressed.books[0]!.disputeAddress = owner;
    assert.equal(yours(dressed, owner), false);
  });

  it("takes lines of one book of charges only", () => {
    const bundle = copyOf(honest);
    bundle.books.push({ ...bundle.books[0]!, number: "2" });
    assert.ok(failing(bundle, facts).includes("pseudonym"));
  });

  it("finds another's line behind a closed account, by the last running total", () => {
    const { invoice: _, ...bundle } = copyOf(honest);
    const other = bert.charges[1]!;
    assert.ok(!isClosed(other.account));
    const digest = toHex(accountGroupDigest(accountFromJson(other.account)));
    bundle.charges[2] = {
      ...other,
      line: "3",
      batch: bundle.charges[2]!.batch,
      account: { digest },
    };
    const { lines, bundleChecks } = verifyBundle(bundle, facts);
    assert.deepEqual(
      lines[2]?.checks.filter(({ ok }) => ok === false).map(({ name }) => name),
      ["priced"],
    );
    assert.equal(bundleChecks.find(({ name }) => name === "complete")?.ok, false);
  });

  it("finds an invoice that is another subscriber's", () => {
    const foreign = { ...copyOf(honest), invoice: bert.invoice! };
    const found = failing(foreign, facts);
    assert.ok(found.includes("invoice-lines"));
  });

  it("says not-committed where the ledger has no such batch", () => {
    const { lines } = verifyBundle(honest, { ...facts, seals: {} });
    assert.deepEqual(new Set(lines.map(({ verdict }) => verdict)), new Set(["not-committed"]));
    const waiting = copyOf(honest);
    for (const batch of waiting.batches) delete batch.blockTime;
    assert.equal(verifyBundle(waiting, facts).lines[0]?.verdict, "not-committed");
  });

  it("says proof-invalid where the ledger has another seal", () => {
    const seals = Object.fromEntries(
      Object.keys(facts.seals).map((key) => [key, `0x${"5a".repeat(32)}`] as const),
    ) as LedgerFacts["seals"];
    const { lines } = verifyBundle(honest, { ...facts, seals });
    assert.deepEqual(new Set(lines.map(({ verdict }) => verdict)), new Set(["proof-invalid"]));
  });

  it("finds a charge that is in another operator's book", () => {
    const bundle = copyOf(honest);
    bundle.operator.id = `0x${"b0".repeat(20)}`;
    assert.ok(failing(bundle, facts).includes("1:in-book"));
    const named = copyOf(honest);
    named.books = named.books.filter(({ kind }) => kind !== 1);
    assert.ok(failing(named, facts).includes("1:in-book"));
  });

  it("finds a charge that was committed too late, or before its use had ended", () => {
    assert.ok(failing(honest, { ...facts, maxRecordAgeSeconds: "60" }).includes("1:in-time"));
    const { maxRecordAgeSeconds: _, ...unknownAge } = facts;
    const { ok, lines } = verifyBundle(honest, unknownAge);
    assert.equal(lines[0]?.checks.find(({ name }) => name === "in-time")?.ok, null);
    assert.deepEqual([lines[0]?.verdict, ok], ["not-checked", false]);
    const early = copyOf(honest);
    for (const batch of early.batches) batch.blockTime = "1700000000";
    assert.ok(failing(early, facts).includes("1:in-time"));
  });

  it("finds a price that the tariff does not yield, and says what it yields", () => {
    const report = verifyBundle(bert, operator.facts(bert));
    const line = report.lines.find(({ verdict }) => verdict !== "committed");
    assert.equal(line?.verdict, "price-differs");
    assert.equal(line?.expectedAmountNano, 300_000_000n);
    assert.deepEqual(
      line?.checks.filter(({ ok }) => ok === false).map(({ name }) => name),
      ["priced"],
    );
  });

  it("finds a newer tariff version that the bundle passes over", () => {
    const bundle = copyOf(honest);
    bundle.tariffs = bundle.tariffs.filter(({ version }) => version === 1);
    assert.deepEqual(failing(bundle, facts), ["3:priced", "4:priced"]);
    assert.deepEqual(failing(honest, { ...facts, tariffs: {} }).includes("tariff-1"), true);
  });

  it("finds an operator that goes on rating by the older version", async () => {
    const stale = await MemoryOperator.start({ tariffsKnown: 1 });
    try {
      await runOctober(stale);
      const bundle = parseBundle(JSON.stringify(await stale.pipeline.evidence("anna", EPOCH)));
      assert.deepEqual(failing(bundle, stale.facts(bundle)), ["3:priced", "4:priced"]);
    } finally {
      await stale.stop();
    }
  });

  it("finds a credit that is larger than its charge or points at nothing", async () => {
    const scene = await MemoryOperator.start();
    try {
      await runOctober(scene);
      const before = parseBundle(JSON.stringify(await scene.pipeline.evidence("anna", EPOCH)));
      await scene.credit(before, "2", 80_000_000n);
      await scene.commit();
      const bundle = parseBundle(JSON.stringify(await scene.pipeline.evidence("anna", EPOCH)));
      const credit = bundle.credits[0]!.line;
      const told = committedLie(bundle, scene.facts(bundle), ({ credits }) => {
        credits[0]!.amountNano = "80000000000";
      });
      assert.deepEqual(failing(told.bundle, told.facts), [`${credit}:points-at-charge`]);
    } finally {
      await scene.stop();
    }
    const bundle = copyOf(honest);
    bundle.charges.shift();
    const credit = honest.credits[0]!.line;
    assert.ok(failing(bundle, facts).includes(`${credit}:points-at-charge`));
  });

  it("still proves a line whose groups are closed, and says what it could not check", () => {
    const [first, , , last] = honest.charges;
    assert.ok(first && last && !isClosed(first.party) && !isClosed(last.charge));
    const bundle = copyOf(honest);
    const party = toHex(partyGroupDigest(partyFromJson(first.party)));
    bundle.charges[0] = { ...first, party: { digest: party } };
    const charge = toHex(chargeGroupDigest(chargeFromJson(last.charge)));
    bundle.charges[3] = { ...last, charge: { digest: charge } };
    assert.deepEqual(failing(bundle, facts), []);
    const { checks, verdict } = verifyBundle(bundle, facts).lines[3]!;
    assert.equal(verdict, "not-checked");
    assert.deepEqual(
      checks.filter(({ ok }) => ok === null).map(({ name }) => name),
      ["in-time", "priced"],
    );
    const report = verifyBundle(bundle, facts);
    assert.equal(report.ok, false);
    assert.equal(report.bundleChecks.find(({ name }) => name === "invoice-lines")?.ok, null);
    bundle.charges[0] = { ...first, party: { digest: charge } };
    assert.deepEqual(failing(bundle, facts), ["1:included"]);
  });

  it("does not let a wrong price pass by closing the group that shows it", () => {
    const at = bert.charges.findIndex(({ line }) => line === "2");
    const { charge } = bert.charges[at]!;
    assert.ok(!isClosed(charge));
    const bundle = copyOf(bert);
    bundle.charges[at]!.charge = { digest: toHex(chargeGroupDigest(chargeFromJson(charge))) };
    const { lines, ok } = verifyBundle(bundle, operator.facts(bert));
    assert.deepEqual([lines[at]?.verdict, ok], ["not-checked", false]);
  });

  it("does not let a wrong price pass as a kind of charge that no row prices", () => {
    const told = committedLie(bert, operator.facts(bert), (bundle) => {
      for (const { charge } of bundle.charges) if (!isClosed(charge)) charge.kind = 3;
    });
    const { lines, ok } = verifyBundle(told.bundle, told.facts);
    assert.deepEqual(new Set(lines.map(({ verdict }) => verdict)), new Set(["not-checked"]));
    assert.equal(ok, false);
  });

  it("does not say a price right that depends on the account's plan", () => {
    const { version, validFrom, document } = honest.tariffs[0]!;
    const compiled = compileTariff(document, version);
    const priceRows = compiled.priceRows.map((row) => ({ ...row, kind: row.kind | PLAN_REDUCES }));
    const priceSources = compiled.priceSources.map((one) => ({
      ...one,
      needsAccount: true,
      needsPlan: true,
    }));
    const published = { version, validFromSeconds: BigInt(validFrom) };
    const { charge, amountNano } = honest.charges[0]!;
    assert.ok(!isClosed(charge));
    const okBy = (tariff: typeof compiled) =>
      checkPrice(charge, BigInt(amountNano), "EUR", [{ ...published, compiled: tariff }]).check.ok;
    assert.equal(okBy(compiled), true);
    assert.equal(okBy({ ...compiled, priceRows, priceSources }), null);
  });

  describe("an assignment of a plan", () => {
    /** A last charge that says which plan the account has from a year ago on. */
    const withPlan = (amountNano: bigint) => (bundle: Bundle) => {
      const last = bundle.charges.at(-1)!;
      assert.ok(!isClosed(last.account) && !isClosed(last.charge));
      const number = `${BigInt(last.account.chargeNumber) + 1n}`;
      const total = BigInt(last.account.runningTotalNano) + amountNano;
      const inBatch = bundle.charges.filter(({ batch }) => batch === last.batch);
      bundle.charges.push({
        ...last,
        line: number,
        leafIndex: Math.max(...inBatch.map(({ leafIndex }) => leafIndex)) + 8,
        amountNano: `${amountNano}`,
        account: { ...last.account, chargeNumber: number, runningTotalNano: `${total}` },
        charge: {
          ...last.charge,
          kind: CHARGE_KIND.assignment,
          service: 0,
          start: `${BigInt(last.charge.start) - 365n * 86_400_000n}`,
          quantity: "9000000000000",
        },
      });
      const invoice = bundle.invoice!;
      invoice.body.lastChargeNumber = number;
      invoice.chargesNano = `${total}`;
    };

    it("is a line that asks nothing, however old, and stands on no invoice", () => {
      const { bundle, facts: seen } = committedLie(honest, facts, withPlan(0n));
      assert.deepEqual(failing(bundle, seen), []);
      assert.equal(verifyBundle(bundle, seen).ok, true);
    });

    it("that asks something is priced wrong", () => {
      const { bundle, facts: seen } = committedLie(honest, facts, withPlan(1n));
      const { line } = bundle.charges.at(-1)!;
      assert.ok(failing(bundle, seen).includes(`${line}:priced`));
    });
  });

  describe("a wrong line that was credited", () => {
    const LINE = "2";
    const credited = async (
      amountsNano: bigint[],
      look: (bundle: Bundle, of: LedgerFacts) => void,
    ) => {
      const scene = await MemoryOperator.start();
      try {
        await runOctober(scene);
        const read = async () =>
          parseBundle(JSON.stringify(await scene.pipeline.evidence("bert", EPOCH)));
        const before = await read();
        for (const amountNano of amountsNano) await scene.credit(before, LINE, amountNano);
        await scene.commit();
        const bundle = await read();
        look(bundle, scene.facts(bundle));
      } finally {
        await scene.stop();
      }
    };
    const verdictOf = (bundle: Bundle, of: LedgerFacts) =>
      verifyBundle(bundle, of).lines.find(({ line }) => line === LINE)?.verdict;

    it("is corrected when proven credits give back what was asked too much", () =>
      credited([300_000_000n], (bundle, of) => {
        const report = verifyBundle(bundle, of);
        assert.equal(verdictOf(bundle, of), "corrected");
        assert.equal(report.lines[1]?.creditedNano, 300_000_000n);
        assert.equal(report.ok, true);
        assert.equal(verdictOf(bundle, { ...of, maxRecordAgeSeconds: "60" }), "proof-invalid");
        const { maxRecordAgeSeconds: _, ...unknownAge } = of;
        assert.equal(verdictOf(bundle, unknownAge), "price-differs");
      }));

    it("stays wrong when the credit is not on the ledger, or not opened", () =>
      credited([300_000_000n], (bundle, of) => {
        const { domain, sequence } = bundle.batches[bundle.credits[0]!.batch]!;
        const { [`${domain}:${sequence}`]: _, ...seals } = of.seals;
        assert.equal(verdictOf(bundle, { ...of, seals }), "price-differs");
        const changedCredit = copyOf(bundle);
        changedCredit.credits[0]!.amountNano = "300000001";
        assert.equal(verdictOf(changedCredit, of), "price-differs");
      }));

    it("stays wrong when less is given back, however often the credit is shown", () =>
      credited([150_000_000n], (bundle, of) => {
        assert.equal(verdictOf(bundle, of), "price-differs");
        const twice = { ...bundle, credits: [bundle.credits[0]!, bundle.credits[0]!] };
        assert.equal(verdictOf(twice, of), "price-differs");
        assert.equal(verifyBundle(twice, of).ok, false);
      }));

    it("does not become right when too little was asked", () =>
      credited([300_000_000n], (bundle, of) => {
        const told = committedLie(bundle, of, ({ charges, credits }) => {
          charges[1]!.amountNano = "200000000";
          credits[0]!.amountNano = "100000000";
          let totalNano = 0n;
          for (const { account, amountNano } of charges) {
            totalNano += BigInt(amountNano);
            if (!isClosed(account)) account.runningTotalNano = `${totalNano}`;
          }
        });
        assert.equal(verdictOf(told.bundle, told.facts), "price-differs");
      }));
  });

  describe("the minute in which the session began", () => {
    const at = (sessionMinutes: number, line: number, of = honest) => {
      const told = committedLie(of, operator.facts(of), (bundle) => {
        const { charge } = bundle.charges[line]!;
        if (!isClosed(charge)) charge.sessionMinutes = sessionMinutes;
      });
      const report = verifyBundle(told.bundle, told.facts);
      const check = report.lines[line]?.checks.find(({ name }) => name === "priced");
      return { ok: check?.ok, isTold: check?.because.includes("as of 2026-10-0"), report };
    };
    const [CALL, TEXT, DATA] = [0, 1, 3];

    it("is told when it is more than an hour before a call or a message", () => {
      assert.deepEqual([at(60, CALL).ok, at(60, CALL).isTold], [true, false]);
      assert.deepEqual([at(61, CALL).ok, at(61, CALL).isTold], [true, true]);
      assert.deepEqual([at(61, TEXT).ok, at(61, TEXT).isTold], [true, true]);
      assert.deepEqual([at(600, DATA).ok, at(600, DATA).isTold], [true, false]);
    });

    it("can not be more than a day before a call", () => {
      // A call to a free number costs nothing at whatever time.
      const free = bert.charges.findIndex(({ amountNano }) => amountNano === "0");
      assert.equal(at(1440, free, bert).ok, true);
      const { ok, report } = at(1441, free, bert);
      assert.deepEqual([ok, report.ok], [false, false]);
      assert.equal(report.lines[free]?.verdict, "price-differs");
      assert.equal(at(1441, TEXT).ok, true);
    });
  });
});

describe("parseBundle", () => {
  const code = (text: string): string => {
    try {
      parseBundle(text);
    } catch (error) {
      return error instanceof TallystickError ? error.code : "another error";
    }
    return "none";
  };

  it("refuses what is no JSON, no bundle, or has fields that it does not know", () => {
    assert.equal(code("{"), "bundle.not-json");
    assert.equal(code("[]"), "bundle.wrong-shape");
    assert.equal(code('{"format":"tallystick-evidence","version":2}'), "bundle.wrong-shape");
  });

  it("refuses zones, instants and names that no reader could show", async () => {
    const operator = await MemoryOperator.start();
    try {
      await runOctober(operator);
      const bundle = await operator.pipeline.evidence("anna", EPOCH);
      const withChange = (change: (copy: Bundle) => void) => {
        const copy = structuredClone(bundle);
        change(copy);
        return code(JSON.stringify(copy));
      };
      assert.equal(
        withChange(() => {}),
        "none",
      );
      const start = (copy: Bundle) => copy.charges[0]!.charge as { start: string };
      const beyond = "8640000000000001";
      const changes: ((copy: Bundle) => void)[] = [
        ({ period }) => {
          period.zone = "Europe/Nowhere";
        },
        ({ period }) => {
          period.from = "2026-02-30T00:00:00.000Z";
        },
        ({ period }) => {
          period.to = "soon";
        },
        (copy) => {
          copy.createdAt = "";
        },
        (copy) => {
          start(copy).start = beyond;
        },
        ({ batches }) => {
          batches[0]!.blockTime = beyond;
        },
        ({ tariffs }) => {
          tariffs[0]!.validFrom = beyond;
        },
        ({ operator: named }) => {
          named.name = "Alder\u001b[2J";
        },
        ({ ledger }) => {
          ledger.runBy = "Alder\u009b2J";
        },
        ({ ledger }) => {
          ledger.endpoints[0]!.member = "Alder\nEverything holds.";
        },
        ({ ledger }) => {
          ledger.endpoints[0]!.member = "\u202eredlA";
        },
        ({ operator: named }) => {
          named.name = "A".repeat(201);
        },
        ({ charges }) => {
          charges[0]!.line = "1\u001b[8m";
        },
      ];
      for (const [at, change] of changes.entries()) {
        assert.equal(withChange(change), "bundle.wrong-shape", `change ${at}`);
      }
    } finally {
      await operator.stop();
    }
  });
});
