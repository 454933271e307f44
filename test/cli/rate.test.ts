import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLAN } from "../core/tariff/cgrates-plan.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
const RETAIL = fileURLToPath(new URL("../../samples/tariffs/alder-retail.json", import.meta.url));

function tallystick(args: string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    input,
    encoding: "utf8",
  });
  const lines = () =>
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { status, stdout, stderr, lines };
}

const call = (changes: object) =>
  JSON.stringify({
    id: "call-1",
    service: "voice",
    direction: "outgoing",
    start: "2026-10-05T10:00:00.000Z",
    durationSeconds: 61,
    bParty: "+493023125001",
    ...changes,
  });

describe("tallystick rate", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-rate-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("prices records from standard input, one line each, and ends with the sums", () => {
    const { status, lines } = tallystick(
      ["rate", "--tariff", RETAIL, "-", "--json"],
      `${call({})}\n${call({ id: "call-2", bParty: "+447700900123", durationSeconds: 83 })}\n`,
    );
    assert.equal(status, 0);
    const [first, second, last] = lines();
    assert.deepEqual(first, {
      usageId: "call-1",
      amount: "0.20",
      currency: "EUR",
      components: [
        {
          kind: "usage",
          rateRow: {
            service: "voice",
            direction: "outgoing",
            zone: "Germany",
            band: "peak",
            index: first.components[0].rateRow.index,
          },
          units: "61000",
          billedUnits: "120000",
          amount: "0.20",
          because: "61 s are 2 started minutes at 0.10: 0.20",
        },
      ],
      counters: {},
    });
    assert.equal(second.amount, "0.33");
    assert.deepEqual(last, {
      summary: { rated: 2, suspended: 0, notBillable: 0, rejected: 0, totals: { EUR: "0.53" } },
    });
  });

  it("charges the same id once, and says no where it then means something else", () => {
    const again = tallystick(
      ["rate", "--tariff", RETAIL, "-", "--json"],
      `${call({})}\n${call({})}\n${call({ id: "call-2" })}\n`,
    );
    assert.equal(again.status, 0);
    const [, repeated, , last] = again.lines();
    assert.deepEqual(repeated, {
      usageId: "call-1",
      duplicate: { code: "rate.duplicate", firstLine: 1 },
    });
    assert.equal(last.summary.duplicates, 1);
    assert.deepEqual(last.summary.totals, { EUR: "0.40" });
    const differing = tallystick(
      ["rate", "--tariff", RETAIL, "-", "--json"],
      `${call({})}\n${call({ durationSeconds: 5 })}\n`,
    );
    assert.equal(differing.status, 1);
    assert.equal(differing.lines()[1].duplicate.differs, true);
  });

  it("hands on what inspect says of files, and answers no for what it can not price", () => {
    const file = { file: { format: "asterisk-csv", records: 3 } };
    const rejected = { rejected: { code: "csv.too-few-columns", message: "…", position: 4 } };
    const { status, lines } = tallystick(
      ["rate", "--tariff", RETAIL, "-", "--json"],
      [
        call({ id: "no-number", bParty: undefined }),
        call({ id: "unanswered", billable: false }),
        JSON.stringify(rejected),
        "{nonsense",
        JSON.stringify({ id: "strange", service: "telepathy", start: "" }),
        JSON.stringify(file),
      ].join("\n"),
    );
    assert.equal(status, 1);
    const [suspended, unanswered, handedOn, notJson, strange, about, last] = lines();
    assert.equal(suspended.suspended.code, "rating.no-number");
    assert.deepEqual(unanswered, { usageId: "unanswered", notBillable: true });
    assert.deepEqual(handedOn, rejected);
    assert.equal(notJson.rejected.code, "usage.not-json");
    assert.equal(notJson.rejected.position, 4);
    assert.equal(strange.rejected.code, "usage.wrong-shape");
    assert.deepEqual(about, file);
    assert.deepEqual(last.summary, {
      rated: 0,
      suspended: 1,
      notBillable: 1,
      rejected: 3,
      totals: { EUR: "0.00" },
    });
  });

  it("speaks in words without --json", () => {
    const { stdout } = tallystick(["rate", "--tariff", RETAIL, "-"], call({}));
    assert.match(stdout, /^call-1 {2}0\.20 EUR {2}61 s are 2 started minutes/);
  });

  it("refuses a tariff that is none, by file and place, and says so last", () => {
    const broken = join(folder, "broken.json");
    writeFileSync(broken, JSON.stringify({ ...tariffDocument(), currency: "EUX" }));
    const { status, lines } = tallystick(["rate", "--tariff", broken, "-", "--json"]);
    assert.equal(status, 3);
    const { error } = lines()[0];
    assert.equal(error.code, "tariff.currency-unknown");
    assert.equal(error.field, "/currency");
    assert.equal(error.file, broken);
  });

  it("tells a wrong call from a file that can not be used", () => {
    assert.equal(tallystick(["rate", "-"]).status, 2);
    const missing = tallystick(["rate", "--tariff", RETAIL, join(folder, "none"), "--json"]);
    assert.equal(missing.status, 3);
    assert.equal(missing.lines()[0].error.code, "file.not-readable");
    const wild = join(folder, "latin1");
    writeFileSync(wild, Buffer.from([0x22, 0xe4, 0x22, 0x0a]));
    const notText = tallystick(["rate", "--tariff", RETAIL, wild, "--json"]);
    assert.equal(notText.lines()[0].error.code, "file.not-utf8");
  });
});

describe("tallystick rate with accounts", () => {
  let folder: string;
  let tariff: string;
  let accounts: string;
  let state: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-accounts-"));
    tariff = write(
      "tariff.json",
      tariffDocument({
        rounding: { mode: "half-up", scale: 2 },
        services: [
          {
            service: "sms",
            direction: "outgoing",
            prices: [
              {
                tiers: {
                  kind: "graduated",
                  over: "account",
                  counter: "messages",
                  unit: "unit",
                  steps: [
                    { upTo: 2, price: { amount: "0.10", per: 1, unit: "unit" } },
                    { price: { amount: "0.05", per: 1, unit: "unit" } },
                  ],
                },
              },
            ],
          },
        ],
        plans: [
          {
            name: "S",
            recurring: [{ name: "fee", amount: "10.00", per: "account", proration: "none" }],
            periodDiscounts: [{ name: "ten", percent: "10" }],
            allowances: [
              {
                name: "one free",
                scope: "account",
                uses: [{ service: "sms" }],
                units: { quantity: 1, unit: "unit" },
              },
            ],
          },
        ],
        taxes: [{ name: "VAT", percent: "19" }],
      }),
    );
    accounts = write("accounts.json", [
      { id: "acme", plan: "S", devices: [{ id: "+491711" }, { id: "+491712" }] },
    ]);
    state = join(folder, "state.json");
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, value: unknown): string {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(value));
    return file;
  }

  const message = (id: string, changes: object = {}) =>
    JSON.stringify({
      id,
      service: "sms",
      start: "2026-03-05T10:00:00.000Z",
      aParty: "+491711",
      ...changes,
    });
  const rate = (args: string[], ...records: string[]) =>
    tallystick(
      ["rate", "--tariff", tariff, "--accounts", accounts, ...args, "-", "--json"],
      records.join("\n"),
    );

  it("carries counters and allowances from run to run, and closes the period once", () => {
    const first = rate(["--state", state], message("m1"), message("m2", { aParty: "+491712" }));
    assert.equal(first.status, 0);
    const [covered, paid] = first.lines();
    assert.equal(covered.account, "acme");
    assert.deepEqual(
      [covered.amount, covered.components[0].kind, covered.components[0].name],
      ["0.00", "covered", "one free"],
    );
    assert.deepEqual(covered.counters["one free of account acme"], { before: "1", after: "0" });
    assert.equal(paid.amount, "0.10");

    const second = rate(
      ["--state", state, "--close", "2026-03-01/2026-04-01"],
      message("m3", { units: 2 }),
    );
    const [third, fee, discount, tax, total, { summary }] = second.lines();
    assert.equal(third.amount, "0.15");
    assert.deepEqual(third.counters["messages of account acme"], { before: "1", after: "3" });
    assert.equal(fee.recurring.amount, "10.00");
    assert.equal(fee.recurring.period, "2026-03-01/2026-04-01");
    // 10 % off 0.25 is 0.025, rounded half up.
    assert.equal(discount.credit.amount, "0.03");
    assert.equal(tax.tax.amount, "1.94");
    assert.deepEqual(total.accountTotal, {
      account: "acme",
      period: "2026-03-01/2026-04-01",
      usage: "0.25",
      net: "10.22",
      tax: "1.94",
      total: "12.16",
      currency: "EUR",
    });
    // 0.15 of this run's use, and what the end of the period adds to all of it.
    assert.deepEqual(summary.totals, { EUR: "12.06" });

    const late = rate(
      ["--state", state],
      message("m4"),
      message("m5", { start: "2026-04-01T10:00:00.000Z" }),
    );
    assert.equal(late.status, 1);
    const [closed, next] = late.lines();
    assert.equal(closed.suspended.code, "rating.period-closed");
    assert.equal(next.amount, "0.00");
    const again = rate(["--state", state, "--close", "2026-03-01/2026-04-01"]);
    assert.equal(again.lines()[0].error.code, "rating.period-closed");
  });

  it("counts a file once in a state, unless it is told to count it again", () => {
    const usage = join(folder, "usage.ndjson");
    writeFileSync(usage, `${message("f1")}\n${message("f2")}\n`);
    const counted = join(folder, "counted.json");
    const run = (file: string, ...more: string[]) => {
      const args = ["--tariff", tariff, "--accounts", accounts, "--state", counted, ...more];
      return tallystick(["rate", ...args, file, "--json"], readFileSync(usage, "utf8"));
    };
    const sum = () => JSON.stringify(JSON.parse(readFileSync(counted, "utf8")).periods);
    assert.equal(run(usage).status, 0);
    const [once, state] = [sum(), readFileSync(counted, "utf8")];
    const [{ name, rated, sha256 }] = JSON.parse(state).files;
    assert.deepEqual(
      [name, rated, sha256],
      [usage, 2, createHash("sha256").update(readFileSync(usage)).digest("hex")],
    );

    const twice = run(usage);
    assert.equal(twice.status, 3);
    // Refused before anything is charged.
    assert.deepEqual(
      twice.lines().map(({ error }) => [error.code, error.file]),
      [["state.file-counted", usage]],
    );
    // Under another name, and from standard input, it is the same file.
    assert.equal(run("-").lines().at(-1).error.code, "state.file-counted");
    assert.equal(readFileSync(counted, "utf8"), state);

    assert.equal(run(usage, "--count-again").status, 0);
    assert.notEqual(sum(), once);
    assert.deepEqual(JSON.parse(readFileSync(counted, "utf8")).files, JSON.parse(state).files);
  });

  it("reads a state without files, and counts no file of which nothing was rated", () => {
    const counted = join(folder, "old.json");
    assert.equal(rate(["--state", counted], message("o1")).status, 0);
    const { files: _files, ...old } = JSON.parse(readFileSync(counted, "utf8"));
    writeFileSync(counted, JSON.stringify(old));
    const unpriced = message("o2", { service: "voice", direction: "outgoing", durationSeconds: 1 });
    for (const _time of [1, 2]) {
      const { lines } = rate(["--state", counted], unpriced);
      assert.equal(lines().at(-1).summary.suspended, 1);
    }
    assert.deepEqual(JSON.parse(readFileSync(counted, "utf8")), old);
    assert.equal(rate(["--state", counted], message("o1")).status, 0);
    assert.equal(JSON.parse(readFileSync(counted, "utf8")).files.length, 1);
  });

  it("writes no state when a run fails", () => {
    const file = join(folder, "unwritten.json");
    const { status } = rate(["--state", file, "--close", "2026-03-01/2026-03-15"], message("m1"));
    assert.equal(status, 3);
    assert.equal(existsSync(file), false);
  });

  it("refuses accounts, states and periods that it can not use, by code and file", () => {
    const refusal = (args: string[]) => {
      const { status, lines } = tallystick(
        ["rate", "--tariff", tariff, ...args, "-", "--json"],
        message("m1"),
      );
      assert.equal(status, 3);
      return lines().at(-1).error;
    };
    const bad = (value: unknown) => ["--accounts", write("bad.json", value)];
    assert.equal(refusal(bad([{ id: "a", plan: "XL" }])).code, "accounts.plan-unknown");
    assert.equal(refusal(bad([{ id: "a" }, { id: "a" }])).code, "accounts.twice");
    assert.equal(refusal(bad([{ id: "a", pool: "b" }])).code, "accounts.pool-unknown");
    assert.equal(refusal(bad([{ id: 7 }])).code, "accounts.shape");
    assert.equal(refusal(bad([{ id: 7 }])).field, "0/id");
    assert.equal(refusal(bad({ accounts: [{ id: "a", plan: 7 }] })).field, "accounts/0/plan");
    assert.equal(refusal(bad([{ id: "a", planz: "S" }])).field, "0/planz");
    const misspelt = { accounts: [{ id: "a", devices: [{ id: "d", form: "2026-03-01" }] }] };
    assert.equal(refusal(bad(misspelt)).field, "accounts/0/devices/0/form");
    const date = [{ id: "a", plans: [{ plan: "S", from: "soon" }] }];
    assert.equal(refusal(bad(date)).code, "accounts.date-invalid");
    assert.equal(refusal(bad(date)).file, join(folder, "bad.json"));
    assert.equal(refusal(["--state", write("s.json", {})]).code, "state.shape");
    const other = { ...JSON.parse(readFileSync(state, "utf8")), currency: "USD" };
    assert.equal(refusal(["--state", write("s.json", other)]).code, "state.other-tariff");
    assert.equal(refusal(["--close", "2026-03"]).code, "period.malformed");
    assert.equal(refusal(["--close", "2026-03-02/2026-04-01"]).code, "period.not-a-billing-period");
  });
});

describe("tallystick tariff", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-tariff-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("checks a tariff and answers yes or no, with each problem by place", () => {
    const good = tallystick(["tariff", "check", RETAIL, "--json"]);
    assert.equal(good.status, 0);
    assert.deepEqual(good.lines(), [{ summary: { valid: true, errors: 0, warnings: 0 } }]);

    const file = join(folder, "bad.json");
    writeFileSync(file, JSON.stringify({ ...tariffDocument(), surprise: 1 }));
    const bad = tallystick(["tariff", "check", file, "--json"]);
    assert.equal(bad.status, 1);
    const [{ problem }, { summary }] = bad.lines();
    assert.equal(problem.code, "tariff.unknown-key");
    assert.equal(problem.place, "/surprise");
    assert.deepEqual(summary, { valid: false, errors: 1, warnings: 0 });
  });

  it("says that what is no JSON can not be used", () => {
    const file = join(folder, "cut.json");
    writeFileSync(file, '{"format": ');
    const { status, lines } = tallystick(["tariff", "check", file, "--json"]);
    assert.equal(status, 3);
    assert.equal(lines()[0].error.code, "tariff.not-json");
  });

  it("gives one root whatever the order of keys", () => {
    const document = tariffDocument();
    const [a, b] = [join(folder, "a.json"), join(folder, "b.json")];
    writeFileSync(a, JSON.stringify(document));
    writeFileSync(
      b,
      JSON.stringify(Object.fromEntries(Object.entries(document).reverse()), null, 2),
    );
    const root = (file: string) => tallystick(["tariff", "hash", file]).stdout;
    assert.match(root(a), /^0x[0-9a-f]{64}\n$/);
    assert.equal(root(a), root(b));
  });

  it("imports a tariff of OCPI, and names the file that it can not import", () => {
    const file = join(folder, "ocpi.json");
    const tariff = {
      id: "16",
      party_id: "ALL",
      currency: "EUR",
      elements: [{ price_components: [{ type: "ENERGY", price: 0.25, vat: 10, step_size: 1 }] }],
      last_updated: "2018-12-17T11:16:55Z",
    };
    writeFileSync(file, JSON.stringify(tariff));
    const imported = tallystick(["tariff", "import", file, "--from", "ocpi", "--json"]);
    assert.equal(imported.status, 0);
    const made = join(folder, "made.json");
    writeFileSync(made, imported.stdout);
    assert.equal(tallystick(["tariff", "check", made]).status, 0);
    const fee = { type: "FLAT", price: 0.5, vat: 20, step_size: 1 };
    const mixed = [{ price_components: [...(tariff.elements[0]?.price_components ?? []), fee] }];
    const max_price = { excl_vat: 10, incl_vat: 11 };
    writeFileSync(file, JSON.stringify({ ...tariff, elements: mixed, max_price }));
    assert.equal(tallystick(["tariff", "import", file, "--from", "ocpi"]).status, 1);
    writeFileSync(file, JSON.stringify({ ...tariff, elements: [] }));
    const refused = tallystick(["tariff", "import", file, "--from", "ocpi", "--json"]);
    assert.equal(refused.status, 3);
    assert.deepEqual(
      [refused.lines()[0].error.code, refused.lines()[0].error.file],
      ["import.shape", file],
    );
    assert.equal(tallystick(["tariff", "import", file, "--from", "xml"]).status, 2);
  });

  it("imports a folder of CGRateS, says by file and line what is not in it, and exports it again", () => {
    const plan = join(folder, "plan");
    mkdirSync(plan);
    for (const [name, text] of Object.entries(PLAN)) writeFileSync(join(plan, name), text);
    const from = ["tariff", "import", plan, "--from", "cgrates", "--currency", "EUR"];
    const imported = tallystick([...from, "--json"]);
    assert.equal(imported.status, 1);
    assert.match(imported.stderr, /RatingProfiles\.csv, line 6: NOT IN THE DOCUMENT/);
    const made = join(folder, "from-cgrates.json");
    writeFileSync(made, imported.stdout);
    assert.equal(tallystick(["tariff", "check", made]).status, 0);
    const out = join(folder, "out");
    const exported = tallystick(["tariff", "export", made, "--to", "cgrates", "--out", out]);
    assert.equal(exported.status, 0, exported.stderr);
    const again = tallystick(["tariff", "import", out, "--from", "cgrates", "--currency", "EUR"]);
    assert.equal(again.status, 0, again.stderr);
    const twice = tallystick(["tariff", "export", made, "--to", "cgrates", "--out", out, "--json"]);
    assert.deepEqual([twice.status, twice.lines()[0].error.code], [3, "file.exists"]);
    const ocpi = tallystick([
      "tariff",
      "export",
      made,
      "--to",
      "ocpi",
      "--party",
      "DE*ALD",
      "--json",
    ]);
    assert.deepEqual(
      [ocpi.status, ocpi.lines()[0].error.code, ocpi.lines()[0].error.file],
      [3, "export.not-expressible", made],
    );
    writeFileSync(
      join(plan, "Rates.csv"),
      PLAN["Rates.csv"]?.replace("R_DAY,0.2", "R_DAY,one") ?? "",
    );
    const refused = tallystick([...from, "--json"]);
    const { error } = refused.lines()[0];
    assert.deepEqual(
      [error.code, error.file, error.line],
      ["import.row-unusable", join(plan, "Rates.csv"), 3],
    );
    assert.equal(tallystick(["tariff", "export", made]).status, 2);
    // A tariff is somebody's: no code is made up.
    for (const party of [[], ["--party", "Alder"]]) {
      const { status, stdout } = tallystick(["tariff", "export", made, "--to", "ocpi", ...party]);
      assert.deepEqual([status, stdout], [2, ""]);
    }
  });

  it("prints a schema, and refuses what it does not know", () => {
    const { status, lines } = tallystick(["tariff", "schema", "--json"]);
    assert.equal(status, 0);
    assert.equal(lines()[0].type, "object");
    assert.equal(tallystick(["tariff", "sell"]).status, 2);
    assert.equal(tallystick(["tariff", "check"]).status, 2);
  });
});
