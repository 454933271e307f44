import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { runCommand } from "./run-command.ts";

const record = (id: string, changes: object) =>
  JSON.stringify({
    id,
    service: "voice",
    start: "2026-03-05T10:00:00.000Z",
    bParty: "+493023125001",
    ...changes,
  });

const PER_SECOND = {
  price: { amount: "0.10", per: 1, unit: "min" as const },
  increments: { first: 1, further: 1, unit: "s" as const },
};

describe("tallystick twin", () => {
  let folder: string;
  let tariff: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-twin-"));
    tariff = write("old.json", tariffDocument({ rounding: { mode: "half-up", scale: 2 } }));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, document: object): string {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(document));
    return file;
  }

  const twin = async (draft: string, usage: string) => {
    const args = ["twin", "--tariff", tariff, "--draft", draft, "-", "--json"];
    const { exitCode, lines } = await runCommand(args, usage);
    // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
    return { exitCode, lines: lines as any[] };
  };

  it("shows each record whose price changes and the sums, as if the draft were in force", async () => {
    const draft = write(
      "draft.json",
      tariffDocument({
        validFrom: "2027-01-01",
        rounding: { mode: "half-up", scale: 2 },
        services: [
          { service: "voice", direction: "outgoing", prices: [PER_SECOND] },
          {
            service: "sms",
            direction: "outgoing",
            prices: [{ price: { amount: "0.05", per: 1, unit: "unit" } }],
          },
        ],
      }),
    );
    const { exitCode, lines } = await twin(
      draft,
      [
        record("same", { durationSeconds: 60 }),
        record("cheaper", { durationSeconds: 30 }),
        record("unanswered", { durationSeconds: 0, billable: false }),
        record("message", { service: "sms" }),
      ].join("\n"),
    );
    assert.equal(exitCode, 1);
    const [cheaper, message, { summary }] = lines;
    assert.equal(cheaper.usageId, "cheaper");
    assert.deepEqual(
      [cheaper.before.amount, cheaper.after.amount, cheaper.difference],
      ["0.10", "0.05", "-0.05"],
    );
    assert.equal(message.before.suspended.code, "rating.service-not-in-tariff");
    assert.equal(message.after.amount, "0.05");
    assert.deepEqual(summary.before, { EUR: "0.20" });
    assert.deepEqual(summary.after, { EUR: "0.20" });
    assert.deepEqual(
      [summary.records, summary.changed, summary.suspendedBefore, summary.suspendedAfter],
      [3, 2, 1, 0],
    );
    assert.equal(summary.notBillable, 1);
    assert.deepEqual(summary.byService.voice.difference, { EUR: "-0.05" });
  });

  it("answers yes when nothing changes", async () => {
    const draft = write(
      "same.json",
      tariffDocument({
        rounding: { mode: "half-up", scale: 2 },
        services: [
          {
            service: "voice",
            direction: "outgoing",
            prices: [{ ...PER_STARTED_MINUTE, split: 2 }],
          },
        ],
      }),
    );
    const { exitCode, lines } = await twin(draft, record("same", { durationSeconds: 61 }));
    assert.equal(exitCode, 0);
    assert.equal(lines.length, 1);
    assert.equal(lines[0].summary.changed, 0);
  });

  it("refuses a draft that is no tariff, by its file", async () => {
    const draft = write("broken.json", { ...tariffDocument(), currency: "EUX" });
    const { exitCode, lines } = await twin(draft, "");
    assert.equal(exitCode, 3);
    assert.equal(lines[0].error.code, "tariff.currency-unknown");
    assert.equal(lines[0].error.file, draft);
  });
});
