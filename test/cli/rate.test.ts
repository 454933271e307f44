import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

  it("prints a schema, and refuses what it does not know", () => {
    const { status, lines } = tallystick(["tariff", "schema", "--json"]);
    assert.equal(status, 0);
    assert.equal(lines()[0].type, "object");
    assert.equal(tallystick(["tariff", "sell"]).status, 2);
    assert.equal(tallystick(["tariff", "check"]).status, 2);
  });
});
