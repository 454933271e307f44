import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type OutputLine, runCommand, sample } from "./run-command.ts";

const BILL = sample("bill-september.csv");
const CALLS = sample("calls-september.xml");
const ZONE = ["--zone", "America/New_York", "--json"];

const brief = (lines: OutputLine[]): string[] =>
  lines
    .filter(({ line }) => line !== undefined)
    .map(
      ({ line, verdict, reason, disputedAmount }) =>
        `${line} ${reason ?? verdict} ${disputedAmount}`,
    );

describe("tallystick check-bill", () => {
  it("gives each line its verdict and sums what is disputed", async () => {
    const { exitCode, lines } = await runCommand([
      "check-bill",
      "--bill",
      BILL,
      "--device-log",
      CALLS,
      "--period",
      "2024-09-01/2024-10-01",
      ...ZONE,
    ]);
    assert.equal(exitCode, 1);
    assert.deepEqual(brief(lines), [
      "L01 matched 0.00",
      "L02 duration-differs 0.10",
      "L03 duplicate 0.20",
      "L04 unanswered-on-device 0.10",
      "L05 matched-weakly 0.00",
      "L06 time-zone-shift 0.00",
      "L07 not-on-device 0.20",
      "L08 forwarded-leg 0.00",
      "L09 not-a-logged-service 0.00",
      "L10 outside-period 0.10",
    ]);
    assert.deepEqual(lines.at(-1)?.summary, {
      lines: 10,
      byVerdict: {
        matched: 1,
        "matched-weakly": 1,
        "time-zone-shift": 1,
        "duration-differs": 1,
        duplicate: 1,
        "unanswered-on-device": 1,
        "not-on-device": 1,
        "outside-period": 1,
        undecided: 2,
      },
      disputedAmount: "0.70",
      undecidedAmount: "1.20",
      currency: "USD",
      clockOffsetSeconds: 0,
    });
    const deviceOnly = lines.filter((line) => "deviceOnly" in line);
    assert.equal(deviceOnly.length, 2);
  });

  it("answers yes when nothing is disputed", async () => {
    const [header, first] = readFileSync(BILL, "utf8").split("\n");
    const { exitCode } = await runCommand(
      ["check-bill", "--bill", "-", "--device-log", CALLS, ...ZONE],
      `${header}\n${first}\n`,
    );
    assert.equal(exitCode, 0);
  });

  it("accuses nobody by a log that was cut, or by one that is none", async () => {
    const cut = await runCommand(
      ["check-bill", "--bill", BILL, "--device-log", "-", ...ZONE],
      readFileSync(CALLS, "utf8").slice(0, 600),
    );
    assert.equal(cut.exitCode, 3);
    assert.deepEqual(
      cut.lines.map((line) => line.error?.code),
      ["xml.truncated"],
    );
    const none = await runCommand(["check-bill", "--bill", BILL, "--device-log", BILL, ...ZONE]);
    assert.deepEqual([none.exitCode, none.lines[0]?.error?.code], [3, "device-log.not-a-log"]);
    const swapped = await runCommand([
      "check-bill",
      "--bill",
      CALLS,
      "--device-log",
      CALLS,
      ...ZONE,
    ]);
    assert.deepEqual([swapped.exitCode, swapped.lines[0]?.error?.code], [3, "bill.not-a-bill"]);
  });

  it("takes a log that is given twice for one, and says so", async () => {
    const args = (...logs: string[]) => ["check-bill", "--bill", BILL, "--device-log", ...logs];
    const once = await runCommand([...args(CALLS), ...ZONE]);
    const twice = await runCommand([...args(CALLS, CALLS), ...ZONE]);
    assert.deepEqual(brief(twice.lines), brief(once.lines));
    const { sharedEntries, ...summary }: Record<string, unknown> = {
      ...twice.lines.at(-1)?.summary,
    };
    assert.deepEqual(summary, once.lines.at(-1)?.summary);
    assert.ok(Number(sharedEntries) > 0);
    assert.match(twice.errors, /stand in several of the logs and counted once/);
  });

  it("gives no advice that can not be followed", async () => {
    const { exitCode, lines } = await runCommand(
      ["check-bill", "--bill", BILL, "--device-log", "-", ...ZONE],
      "neither a log nor a bill\n",
    );
    assert.deepEqual([exitCode, lines[0]?.error?.code], [3, "format.not-recognised"]);
    assert.doesNotMatch(JSON.stringify(lines[0]), /--format/);
  });

  it("answers no when a line of the bill can not be read", async () => {
    const text = readFileSync(BILL, "utf8").split("\n").slice(0, 2).join("\n");
    const { exitCode, lines } = await runCommand(
      ["check-bill", "--bill", "-", "--device-log", CALLS, ...ZONE],
      `${text}\nL02,voice,out\n`,
    );
    assert.equal(exitCode, 1);
    assert.ok(lines.some((line) => "rejected" in line));
  });

  it("says with exit code 2 when the call is wrong", async () => {
    for (const more of [["--zone", "Mars/Olympus"], ["--period", "2024"], ["--nonsense"]]) {
      const { exitCode } = await runCommand([
        "check-bill",
        "--bill",
        BILL,
        "--device-log",
        CALLS,
        ...more,
      ]);
      assert.equal(exitCode, 2, more.join(" "));
    }
    assert.equal((await runCommand(["check-bill", "--bill", BILL])).exitCode, 2);
  });

  it("compares the prices with the tariff's", async () => {
    const tariff = sample("tariff-september.json");
    const header = "line,other_party,start_local,duration_s,amount_usd";
    const right = "L1,5555550117,2024-09-02 12:00:13,124,0.33";
    const wrong = "L2,5555550118,2024-09-06 12:00:10,505,1.00";
    const args = ["check-bill", "--bill", "-", "--device-log", CALLS, "--tariff", tariff, ...ZONE];
    const { exitCode, lines } = await runCommand(args, `${header}\n${right}\n${wrong}\n`);
    assert.equal(exitCode, 1);
    assert.deepEqual(brief(lines), ["L1 matched 0.00", "L2 price-differs 0.01"]);
  });

  it("finds what is wrong in the reference bill", async function () {
    const fixtures = process.env.TALLYSTICK_FIXTURES;
    if (fixtures === undefined || !existsSync(join(fixtures, "recon"))) {
      process.stdout.write("      set TALLYSTICK_FIXTURES to the folder of reference files\n");
      this.skip();
    }
    const bill = join(fixtures, "recon/invoice_lines_for_android_calls_A.csv");
    const log = join(fixtures, "calllog/android_calls_A.xml");
    const { exitCode, lines } = await runCommand([
      "check-bill",
      "--bill",
      bill,
      "--device-log",
      log,
      ...ZONE,
    ]);
    assert.equal(exitCode, 1);
    assert.deepEqual(brief(lines), [
      "S01 matched 0.00",
      "S02 matched 0.00",
      "S03 duration-differs 0.10",
      "S04 not-on-device 0.20",
    ]);
    assert.equal(lines.at(-1)?.summary?.disputedAmount, "0.30");
  });
});
