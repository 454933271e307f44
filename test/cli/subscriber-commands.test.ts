import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLinkSecret } from "../../node/core/evidence/subscriber-link.ts";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { SampleMonth } from "../../scripts/sample/play-month.ts";
import { tallystick } from "./run-tallystick.ts";

/** The line of the sample that a clerk priced wrongly. */
const WRONG_LINE = "9";

describe("the subscriber's and auditor's commands on the sample network", function () {
  this.timeout(180_000);
  let sample: SampleNetwork;
  let folder: string;
  let data: string;
  let bundle: string;
  let link: string;
  let isStopped = false;
  const at = (...args: string[]) =>
    tallystick([...args, "--json"], { env: { TALLYSTICK_DATA: data } });
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-sample-"));
    data = join(folder, "data");
    const silent = () => {};
    const ports = { ledger: 0, alder: 0, birch: 0 };
    sample = await SampleNetwork.start({ directory: data, ports, say: silent, progress: silent });
    await new SampleMonth(sample, silent).play();
    bundle = join(folder, "bundle.json");
    const { month } = sample.network;
    const ran = await at("evidence", "--account", "sample", "--period", month, "--out", bundle);
    assert.equal(ran.status, 0, ran.stderr);
    const { accounts } = await sample.alder.ask("GET", "accounts");
    const { accessSecret } = accounts.find(({ id }: { id: string }) => id === "sample");
    const secret = Buffer.from(accessSecret.slice(2), "hex");
    link = `${sample.alder.url}/#s=${writeLinkSecret(secret)}&period=${month}`;
  });
  after(async () => {
    if (!isStopped) await sample?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("verify asks both members, and finds the one line that the tariff does not yield", async () => {
    const { status, lines } = await at("verify", bundle);
    const { summary } = lines.at(-1);
    assert.equal(status, 1);
    assert.deepEqual(summary.byVerdict, { committed: 14, "price-differs": 1 });
    const { members, agree, offline } = summary.ledger;
    assert.deepEqual({ members, agree, offline }, { members: 2, agree: 2, offline: false });
    const wrong = lines.find(({ verdict }) => verdict === "price-differs");
    assert.deepEqual(
      [wrong.line, wrong.amount, wrong.expectedAmount, wrong.currency],
      [WRONG_LINE, "0.80", "0.50", "EUR"],
    );
    assert.deepEqual(wrong.checks.filter(({ ok }: { ok: boolean }) => ok === false).length, 1);
  });

  it("verify pins what the ledger said, and needs no network with that", async () => {
    const trust = join(folder, "trust.json");
    assert.equal((await at("verify", bundle, "--save-trust", trust)).status, 1);
    const offline = await at("verify", bundle, "--trust", trust);
    assert.deepEqual(offline.lines.at(-1).summary.ledger.offline, true);
    assert.equal(offline.lines.at(-1).summary.byVerdict.committed, 14);
    // What the ledger says later is compared with what is pinned.
    const pinned = JSON.parse(readFileSync(trust, "utf8"));
    const [place] = Object.keys(pinned.seals);
    pinned.seals[place as string] = `0x${"5a".repeat(32)}`;
    const other = write("other-trust.json", JSON.stringify(pinned));
    const { url } = sample.birch;
    const compared = await at("verify", bundle, "--trust", other, "--rpc", `${url}/rpc`);
    assert.deepEqual(
      [compared.status, compared.lines.at(-1).error.code],
      [3, "trust.contradicted"],
    );
    const invalid = await at("verify", bundle, "--trust", other);
    assert.equal(invalid.status, 1);
    assert.ok(invalid.lines.at(-1).summary.byVerdict["proof-invalid"] >= 1);
  });

  it("verify does not let a bundle choose other contracts than the pinned ones", async () => {
    const trust = join(folder, "trust.json");
    const changed = JSON.parse(readFileSync(bundle, "utf8"));
    changed.ledger.contracts.tariffs = `0x${"66".repeat(20)}`;
    const file = write("other-contracts.json", JSON.stringify(changed));
    const refused = await at("verify", file, "--trust", trust);
    assert.deepEqual([refused.status, refused.lines.at(-1).error.code], [3, "trust.other-ledger"]);
    const asked = await at("verify", file, "--trust", trust, "--rpc", `${sample.birch.url}/rpc`);
    assert.equal(asked.status, 3);
  });

  it("verify says which check a changed bundle fails", async () => {
    const changed = JSON.parse(readFileSync(bundle, "utf8"));
    changed.charges[2].amountNano = `${BigInt(changed.charges[2].amountNano) + 1n}`;
    const { status, lines } = await at("verify", write("changed.json", JSON.stringify(changed)));
    assert.equal(status, 1);
    const line = lines.find((one) => one.line === "3");
    assert.equal(line.verdict, "proof-invalid");
    const failed = line.checks.filter(({ ok }: { ok: boolean }) => ok === false);
    assert.deepEqual(failed[0].name, "included");
  });

  it("verify ends with 3 for what is no bundle, with 4 when no end point answers", async () => {
    const text = readFileSync(bundle, "utf8");
    for (const [name, content, code] of [
      ["cut.json", text.slice(0, -40), "bundle.not-json"],
      ["other.json", "{}", "bundle.wrong-shape"],
    ] as const) {
      const { status, lines } = await at("verify", write(name, content));
      assert.deepEqual([status, lines.at(-1).error.code], [3, code]);
      assert.ok(lines.at(-1).error.file.endsWith(name));
    }
    assert.equal(
      (await at("verify", join(folder, "none.json"))).lines[0].error.code,
      "file.not-found",
    );
    const away = await at("verify", bundle, "--rpc", "http://127.0.0.1:9");
    assert.deepEqual([away.status, away.lines.at(-1).error.code], [4, "ledger.unreachable"]);
    const piped = await tallystick(["verify", "-", "--json"], { input: text });
    assert.equal(piped.lines.at(-1).summary.lines, 15);
  });

  it("explain tells why a line costs what it costs, and what is proven", async () => {
    const wrong = await tallystick(["explain", bundle, "--line", WRONG_LINE]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /5 started minutes at 0\.10: 0\.50/);
    assert.match(wrong.stdout, /0\.30 EUR more than the tariff/);
    assert.match(wrong.stdout, /DOES NOT HOLD \(priced\)/);
    const right = await at("explain", bundle, "--line", "3");
    assert.deepEqual([right.status, right.lines.at(-1).summary.verdict], [0, "committed"]);
    assert.equal((await at("explain", bundle, "--line", "99")).status, 2);
    const away = await at("explain", bundle, "--line", "3", "--rpc", "http://127.0.0.1:9");
    assert.deepEqual([away.status, away.lines.at(-1).summary.verdict], [4, "not-checked"]);
  });

  it("dispute refuses what there is nothing to claim for, and a stranger's link", async () => {
    const right = await at("dispute", bundle, "--line", "3", "--link", link);
    assert.deepEqual([right.status, right.lines.at(-1).summary.state], [1, "nothing-to-claim"]);
    const stranger = write("stranger.txt", `0x${"11".repeat(32)}\n`);
    const refused = await at("dispute", bundle, "--line", WRONG_LINE, "--secret-file", stranger);
    assert.deepEqual(
      [refused.status, refused.lines.at(-1).error.code],
      [3, "dispute.other-subscriber"],
    );
    const much = ["--line", WRONG_LINE, "--link", link, "--amount", "0.81"];
    assert.equal((await at("dispute", bundle, ...much)).status, 2);
    assert.equal((await at("dispute", bundle, "--line", WRONG_LINE)).status, 2);
  });

  it("dispute is carried by another member, contested, decided by the ledger and credited", async () => {
    const file = write("link.txt", link);
    const args = ["--line", WRONG_LINE, "--secret-file", file, "--node", sample.birch.url];
    const { status, lines, stderr } = await at("dispute", bundle, ...args, "--wait");
    assert.equal(status, 0, stderr);
    const states = lines.filter(({ claim }) => claim?.state).map(({ claim }) => claim.state);
    // A quick ledger may pass through a state between two looks.
    assert.ok(states.includes("contested"), states.join());
    const { summary } = lines.at(-1);
    assert.deepEqual(
      [summary.state, summary.claimed, summary.due, summary.settled],
      ["settled", "0.30", "0.30", true],
    );
    const again = await at("dispute", bundle, ...args, "--wait");
    assert.deepEqual([again.status, again.lines.at(-1).summary.id], [0, summary.id]);
  });

  it("verify shows the credit, proven, and which line it reduces", async () => {
    const file = join(folder, "credited.json");
    const { month } = sample.network;
    await at("evidence", "--account", "sample", "--period", month, "--out", file);
    const { lines } = await at("verify", file);
    const credit = lines.find((line) => line.credit === true);
    assert.deepEqual([credit.verdict, credit.amount], ["committed", "0.30"]);
    assert.equal(lines.find(({ line }) => line === WRONG_LINE).creditedAmount, "0.30");
  });

  it("commands work on the data of a node that does not run, ledger or not", async () => {
    const running = await at("fsck", "--offline");
    assert.deepEqual([running.status, running.lines.at(-1).error.code], [4, "fsck.node-runs"]);
    await sample.stop();
    isStopped = true;
    const offline = await at("fsck", "--offline");
    assert.deepEqual([offline.status, offline.lines.at(-1).summary.ok], [0, true]);
    assert.deepEqual((await at("fsck")).lines.at(-1).error.code, "ledger.unreachable");
    const status = await at("status");
    assert.deepEqual([status.status, status.lines[0].status.ledger.reachable], [4, false]);
    const { month } = sample.network;
    const file = join(folder, "offline.json");
    const made = await at("evidence", "--account", "sample", "--period", month, "--out", file);
    assert.equal(made.status, 0, made.stderr);
    const trust = join(folder, "trust.json");
    const checked = await at("verify", file, "--trust", trust);
    // The credit came after the facts were pinned.
    const byLine = new Map(checked.lines.slice(0, -1).map((one) => [one.line, one.verdict]));
    assert.equal(byLine.get("1"), "committed");
  });
});
