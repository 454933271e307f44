import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encryptKeystoreJson, type Wallet } from "ethers";
import type { ApprovalSignature } from "../../node/core/twin/approval.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { APPROVERS, addressOf } from "../core/twin/signed-approval.ts";
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

  it("takes an id once, and passes over a line that is too long", async () => {
    const one = record("r1", { durationSeconds: 30 });
    const usage = [one, one, "x".repeat(1_100_000), record("r2", { durationSeconds: 60 })];
    const { exitCode, lines } = await twin(tariff, usage.join("\n"));
    assert.equal(exitCode, 1);
    assert.deepEqual(
      [lines[0].rejected.code, lines[0].rejected.position],
      ["usage.line-too-long", 3],
    );
    const { records, rejected, duplicates } = lines.at(-1).summary;
    assert.deepEqual([records, rejected, duplicates], [2, 1, 1]);
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

  describe("as a gate", () => {
    const RECORDS = [
      record("cheaper", { durationSeconds: 30, visitedNetwork: "26202" }),
      record("<b>dearer</b>", { durationSeconds: 90, aParty: "+491711" }),
    ].join("\n");
    const draftOf = (amount: string) =>
      write(
        `draft-${amount}.json`,
        tariffDocument({
          rounding: { mode: "half-up", scale: 2 },
          services: [
            {
              service: "voice",
              direction: "outgoing",
              prices: [{ ...PER_SECOND, price: { amount, per: 1, unit: "min" } }],
            },
          ],
        }),
      );
    let keys: string;
    before(async () => {
      keys = join(folder, "keys");
      mkdirSync(keys);
      process.env.TALLYSTICK_PASSPHRASE = "of a test";
      for (const name of ["ada", "grace"]) {
        const { address, privateKey } = APPROVERS[name] as Wallet;
        const weak = { scrypt: { N: 1024 } };
        const text = await encryptKeystoreJson({ address, privateKey }, "of a test", weak);
        writeFileSync(join(keys, `approver-${name}.json`), text);
      }
    });
    after(() => {
      delete process.env.TALLYSTICK_PASSPHRASE;
    });
    const run = async (args: string[], usage = RECORDS) => {
      const whole = ["twin", "--tariff", tariff, ...args, "-", "--json"];
      const { exitCode, lines } = await runCommand(whole, usage);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      return { exitCode, lines: lines as any[] };
    };

    it("writes an approval that holds for this draft and this usage alone", async () => {
      const draft = draftOf("0.12");
      const approval = join(folder, "approval.json");
      const approve = ["--approve", approval, "--by", "ada", "--keys", keys, "--sums"];
      const made = await run(["--draft", draft, ...approve]);
      assert.equal(made.exitCode, 1);
      assert.deepEqual(made.lines[0].summary.difference, { EUR: "-0.06" });
      const signers = ({ lines }: typeof made) =>
        lines.at(-1).approval.signed.map(({ by, signer }: ApprovalSignature) => [by, signer]);
      assert.deepEqual(signers(made), [["ada", addressOf("ada")]]);
      const gate = ["--approval", approval, "--sums"];
      const again = await run(["--draft", draft, ...gate, "--by", "grace", "--keys", keys]);
      assert.equal(again.exitCode, 0);
      const both = [
        ["ada", addressOf("ada")],
        ["grace", addressOf("grace")],
      ];
      assert.deepEqual(signers(again), both);
      assert.deepEqual(signers(await run(["--draft", draft, ...gate])), both);
      const codeOf = ({ lines }: { lines: { error?: { code: string } }[] }) =>
        lines.at(-1)?.error?.code;
      assert.equal(
        codeOf(await run(["--draft", draftOf("0.13"), ...gate])),
        "approval.other-draft",
      );
      const more = `${RECORDS}\n${record("another", { durationSeconds: 1 })}`;
      assert.equal(codeOf(await run(["--draft", draft, ...gate], more)), "approval.other-usage");
      const closing = [...gate, "--close", "2026-03-01/2026-04-01"];
      assert.equal(codeOf(await run(["--draft", draft, ...closing])), "approval.other-usage");
    });

    it("approves no other end of a period unseen", async () => {
      const fee = (amount: string) =>
        write(`fee-${amount}.json`, {
          ...JSON.parse(readFileSync(tariff, "utf8")),
          plans: [
            { name: "S", recurring: [{ name: "f", amount, per: "account", proration: "none" }] },
          ],
          defaultPlan: "S",
        });
      const approval = join(folder, "fees.json");
      const signing = ["--approve", approval, "--by", "ada", "--keys", keys, "--sums", "-"];
      const whole = ["twin", "--tariff", fee("1"), "--draft", fee("100"), "--json", ...signing];
      const unseen = await runCommand(whole, RECORDS);
      assert.equal(unseen.exitCode, 3);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      assert.equal((unseen.lines.at(-1) as any).error.code, "approval.period-end-missing");
      assert.equal(existsSync(approval), false);
      const seen = await runCommand([...whole, "--close", "2026-03-01/2026-04-01"], RECORDS);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      assert.equal((seen.lines.at(-1) as any).approval.signed[0].by, "ada");
    });

    it("has a key made for somebody who has no node", async () => {
      const own = join(folder, "own");
      const { lines } = await runCommand(["tariff", "approver", "carol", "--keys", own, "--json"]);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      const { approver } = lines[0] as any;
      const kept = JSON.parse(readFileSync(join(own, "approver-carol.json"), "utf8"));
      assert.equal(`0x${kept.address.replace(/^0x/, "").toLowerCase()}`, approver.address);
    });

    it("needs whoever approves, and a key", async () => {
      const approve = ["--draft", draftOf("0.12"), "--approve", join(folder, "x")];
      assert.equal((await run(approve)).exitCode, 2);
      const stranger = await run([...approve, "--by", "bob", "--keys", keys]);
      assert.equal(stranger.lines.at(-1).error.code, "approval.key-missing");
    });

    it("sums by product, customer group and partner, with the period's end", async () => {
      const accounts = join(folder, "accounts.json");
      writeFileSync(
        accounts,
        JSON.stringify([
          { id: "a", groups: ["gold"] },
          { id: "b", plan: "S" },
        ]),
      );
      const planned = (commitment: string) =>
        write(`plan-${commitment}.json`, {
          ...tariffDocument({ rounding: { mode: "half-up", scale: 2 } }),
          plans: [{ name: "S", commitment }],
        });
      const args = ["--draft", planned("5.00"), "--accounts", accounts];
      const usage = [
        record("r1", { durationSeconds: 60, account: "a", visitedNetwork: "26202" }),
        record("r2", { durationSeconds: 60, account: "b" }),
      ].join("\n");
      const whole = ["twin", "--tariff", planned("1.00"), ...args, "--sums"];
      const close = ["--close", "2026-03-01/2026-04-01", "-", "--json"];
      const { lines } = await runCommand([...whole, ...close], usage);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      const { summary } = lines[0] as any;
      assert.deepEqual(summary.difference, { EUR: "4.00" });
      assert.deepEqual(Object.keys(summary.byPartner), ["network 26202", "split 1", "period end"]);
      assert.equal(summary.byProduct["voice outgoing"].records, 2);
      assert.deepEqual(summary.byCustomerGroup.gold.difference, { EUR: "0.00" });
      assert.deepEqual(summary.byCustomerGroup.S.difference, { EUR: "4.00" });
      const told = await runCommand([...whole, "--close", "2026-03-01/2026-04-01", "-"], usage);
      for (const name of ["service voice", "customer group gold", "partner network 26202"]) {
        assert.ok(told.out.includes(`${name}: `), name);
      }
    });

    it("sums what sponsors pay, too: what changes is who pays", async () => {
      const accounts = join(folder, "sponsored.json");
      writeFileSync(
        accounts,
        JSON.stringify([{ id: "a", sponsors: [{ account: "shop" }] }, { id: "shop" }]),
      );
      const sponsored = (percent: string) =>
        write(`sponsored-${percent}.json`, {
          ...JSON.parse(readFileSync(tariff, "utf8")),
          plans: [{ name: "S", sponsored: [{ name: "s", percent }] }],
          defaultPlan: "S",
        });
      const usage = record("r1", { durationSeconds: 6000, account: "a" });
      const close = ["--accounts", accounts, "--close", "2026-03-01/2026-04-01", "-", "--json"];
      const rated = await runCommand(["rate", "--tariff", sponsored("0"), ...close], usage);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      const whole = (rated.lines.at(-1) as any).summary.totals;
      const shared = await runCommand(["rate", "--tariff", sponsored("75"), ...close], usage);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      assert.deepEqual((shared.lines.at(-1) as any).summary.totals, whole);
      const tariffs = ["--tariff", sponsored("0"), "--draft", sponsored("75"), "--sums"];
      const { lines } = await runCommand(["twin", ...tariffs, ...close], usage);
      // biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
      const { summary } = lines.at(-1) as any;
      assert.deepEqual([summary.changed, summary.before], [1, whole]);
      assert.deepEqual(summary.difference, { EUR: "0.00" });
    });

    it("writes a page with a picture, in which nothing of the input is markup", async () => {
      const report = join(folder, "report.html");
      await run(["--draft", draftOf("0.12"), "--report", report, "--sums"]);
      const page = readFileSync(report, "utf8");
      assert.match(page, /<svg [^>]*viewBox/);
      assert.match(page, /voice outgoing/);
      assert.match(page, /&lt;b&gt;dearer/);
      assert.doesNotMatch(page, /<b>|<script|https?:/);
    });
  });
});
