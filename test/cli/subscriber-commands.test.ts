import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../node/core/bytes.ts";
import { chargeGroupDigest } from "../../node/core/commitment/charge-groups.ts";
import { chargeFromJson } from "../../node/core/evidence/group-json.ts";
import { writeLinkSecret } from "../../node/core/evidence/subscriber-link.ts";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { SampleMonth } from "../../scripts/sample/play-month.ts";
import { tallystick } from "./run-tallystick.ts";

/** The line of the sample that a clerk priced wrongly. */
const WRONG_LINE = "9";

/** Everyone who answers at the ledger's true end point, but for one word that a call returns. */
async function lyingEndpoint(honestUrl: string): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const headers = { "content-type": "application/json" };
    const answer = await (await fetch(honestUrl, { method: "POST", headers, body })).text();
    // One word of 32 bytes that is a digest: a seal.
    const lie = answer.replace(
      /"result":"0x[1-9a-f][0-9a-f]{63}"/,
      `"result":"0x${"5a".repeat(32)}"`,
    );
    response.writeHead(200, headers).end(lie);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

describe("the subscriber's and auditor's commands on the sample network", function () {
  this.timeout(180_000);
  let sample: SampleNetwork;
  let folder: string;
  let data: string;
  let bundle: string;
  /** The same bill after the wrong line was disputed and credited. */
  let corrected: string;
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
    const { members, agree, offline, source } = summary.ledger;
    assert.deepEqual(
      { members, agree, offline, source },
      { members: 2, agree: 2, offline: false, source: "bundle" },
    );
    assert.match(summary.ledger.caveat, /only the end points that the file itself names/);
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

  it("dispute claims the breaches that the bundle shows, and tells of no others", async () => {
    const line = ["--line", WRONG_LINE, "--link", link];
    const late = await tallystick(["dispute", bundle, ...line, "--reason", "untimely-charge"]);
    assert.equal(late.status, 1, late.stderr);
    assert.match(late.stdout, new RegExp(`It shows line ${WRONG_LINE}: mispriced-charge\\.`));
    const of = async (...args: string[]) => (await at("dispute", bundle, ...line, ...args)).status;
    assert.equal(await of("--reason", "bad-weather"), 2);
    assert.equal(await of("--reason", "mispriced-charge", "--amount", "0.10"), 2);
  });

  it("dispute is carried by another member, contested, decided by the ledger and credited", async () => {
    const file = write("link.txt", link);
    const args = ["--line", WRONG_LINE, "--secret-file", file, "--node", sample.birch.url];
    // By its name as a breach it is opened with the evidence that every kind has.
    const breach = ["--reason", "mispriced-charge"];
    const { status, lines, stderr } = await at("dispute", bundle, ...args, ...breach, "--wait");
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

  it("verify shows the credit, proven, and the line that it corrects", async () => {
    corrected = join(folder, "credited.json");
    const { month } = sample.network;
    await at("evidence", "--account", "sample", "--period", month, "--out", corrected);
    const { lines, status } = await at("verify", corrected);
    const credit = lines.find((line) => line.credit === true);
    assert.deepEqual([credit.verdict, credit.amount], ["committed", "0.30"]);
    const line = lines.find((one) => one.line === WRONG_LINE);
    assert.deepEqual([line.verdict, line.creditedAmount], ["corrected", "0.30"]);
    assert.deepEqual([status, lines.at(-1).summary.ok], [0, true]);
    const told = await tallystick(["explain", corrected, "--line", WRONG_LINE]);
    assert.deepEqual([told.status, /it is corrected/.test(told.stdout)], [0, true]);
    assert.match(told.stdout, /asked only the end points that the file itself names/);
  });

  it("verify says who chose the end points, and never that all holds by the file's own word", async () => {
    const asked = await tallystick(["verify", corrected]);
    assert.equal(asked.status, 0, asked.stdout);
    assert.doesNotMatch(asked.stdout, /verything holds/);
    assert.match(asked.stdout, /asked only the end points that the file itself names/);
    const rpc = `${sample.birch.url}/rpc`;
    const chosen = await tallystick(["verify", corrected, "--rpc", rpc]);
    assert.deepEqual([chosen.status, /Everything holds\./.test(chosen.stdout)], [0, true]);
    const { source, caveat } = (await at("verify", corrected, "--rpc", rpc)).lines.at(-1).summary
      .ledger;
    assert.deepEqual([source, caveat], ["rpc", undefined]);
    const trust = join(folder, "corrected-trust.json");
    assert.equal((await at("verify", corrected, "--save-trust", trust)).status, 0);
    const pinned = await at("verify", corrected, "--trust", trust);
    assert.deepEqual([pinned.status, pinned.lines.at(-1).summary.ledger.source], [0, "trust"]);
  });

  it("verify counts one end point once, and finds no peace where end points differ", async () => {
    const honest = [`Birch=${sample.birch.url}/rpc`, `Alder=${sample.alder.url}/rpc`];
    const liar = await lyingEndpoint(`${sample.birch.url}/rpc`);
    try {
      const names = ["Cedar", "Elm", "Fir"].map((name) => `${name}=${liar.url}`);
      const { status, lines } = await at("verify", corrected, "--rpc", ...honest, ...names);
      const { summary } = lines.at(-1);
      const { members, agree, contradicted } = summary.ledger;
      assert.deepEqual([members, agree, contradicted], [3, 2, true]);
      assert.deepEqual([summary.byVerdict.committed, summary.byVerdict.corrected], [14, 1]);
      assert.deepEqual([status, summary.ok], [1, false]);
      const trust = join(folder, "contradicted-trust.json");
      const args = ["--rpc", ...honest, ...names];
      const read = await tallystick(["verify", corrected, "--save-trust", trust, ...args]);
      assert.match(read.stdout, /contradict each other/);
      assert.doesNotMatch(read.stdout, /Everything holds/);
      assert.throws(() => readFileSync(trust), /ENOENT/);
      const told = await at("explain", corrected, "--line", "1", ...args);
      assert.equal(told.status, 1);
    } finally {
      liar.server.close();
      liar.server.closeAllConnections();
    }
  });

  it("verify tells your own bill from another's", async () => {
    const yours = async (...args: string[]) => {
      const { status, lines } = await at("verify", corrected, ...args);
      const check = lines
        .at(-1)
        .summary?.checks.find(({ name }: { name: string }) => name === "yours");
      return [status, check?.ok];
    };
    assert.deepEqual(await yours(), [0, undefined]);
    assert.deepEqual(await yours("--link", link), [0, true]);
    const stranger = write("other-link.txt", `0x${"11".repeat(32)}\n`);
    assert.deepEqual(await yours("--secret-file", stranger), [1, false]);
    assert.deepEqual(await yours("--secret-file", stranger, "--link", link), [2, undefined]);
  });

  it("verify counts as good neither a line that is not shown nor a bundle without its bill", async () => {
    const closed = JSON.parse(readFileSync(bundle, "utf8"));
    const at9 = closed.charges.find(({ line }: { line: string }) => line === WRONG_LINE);
    at9.charge = {
      digest: toHex(chargeGroupDigest(chargeFromJson(at9.charge))),
    };
    const hidden = await at("verify", write("closed.json", JSON.stringify(closed)));
    const { ok, byVerdict } = hidden.lines.at(-1).summary;
    assert.deepEqual(
      [hidden.status, ok, byVerdict],
      [1, false, { committed: 14, "not-checked": 1 }],
    );
    const cut = JSON.parse(readFileSync(corrected, "utf8"));
    delete cut.invoice;
    cut.charges = cut.charges.slice(0, 10);
    const short = await at("verify", write("cut-off.json", JSON.stringify(cut)));
    assert.deepEqual([short.status, short.lines.at(-1).summary.ok], [1, false]);
  });

  it("a plain web server hands out what was published, and only the link finds and opens it", async () => {
    const published = join(folder, "published");
    const { month } = sample.network;
    const made = await at("evidence", "publish", month, "--to", published);
    assert.equal(made.status, 0, made.stderr);
    const told = made.lines.at(-1).published;
    assert.ok(told.files >= 1 && told.written === told.files);
    const again = await at("evidence", "publish", month, "--to", published);
    assert.deepEqual(again.lines.at(-1).published, { ...told, written: 0 });
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const path = String(request.url);
      asked.push(path);
      const file = join(published, path.slice("/bills/".length));
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bills/`;
    const rpc = ["--rpc", `${sample.alder.url}/rpc`];
    try {
      const ran = await at("verify", url, "--period", month, "--link", link, ...rpc);
      assert.equal(ran.status, 0, ran.stderr);
      const { summary } = ran.lines.at(-1);
      assert.deepEqual([summary.ok, summary.byVerdict], [true, { committed: 14, corrected: 1 }]);
      const names = new Set(asked);
      assert.ok([...names].every((name) => !name.includes("sample")));
      const file = join(published, String(asked[0]).slice("/bills/".length));
      const explained = await at("explain", file, "--link", link, "--line", "1", ...rpc);
      assert.equal(explained.status, 0, explained.stderr);
      const stranger = `${sample.alder.url}/#s=${writeLinkSecret(new Uint8Array(32).fill(7))}`;
      const codeOf = async (...args: string[]) => {
        const { status, lines } = await at("verify", ...args, ...rpc);
        return [status, lines[0].error.code];
      };
      const at3 = (code: string) => [3, `evidence-file.${code}`];
      assert.deepEqual(await codeOf(file, "--link", stranger), at3("not-opened"));
      assert.deepEqual(await codeOf(file), at3("no-link"));
      assert.deepEqual(await codeOf(url, "--period", month, "--link", stranger), at3("none"));
      assert.deepEqual(await codeOf(`${url}x`, "--link", link), at3("none"));
      assert.equal((await at("verify", url, "--link", link)).status, 2);
      const bytes = readFileSync(file);
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      const changed = join(folder, "changed.evidence");
      writeFileSync(changed, bytes);
      assert.deepEqual(await codeOf(changed, "--link", link), at3("not-opened"));
    } finally {
      server.close();
    }
    const away = await at("verify", url, "--period", month, "--link", link);
    assert.deepEqual([away.status, away.lines[0].error.code], [4, "published.unreachable"]);
  });

  it("nothing that a file says reaches the terminal as a command", async () => {
    const { stdout, stderr } = await tallystick(["explain", bundle, "--line", "\u001b[2J\u009b8m"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(stdout + stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
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
    assert.doesNotMatch(wrong.stdout, /Priced as of/);
    const early = JSON.parse(readFileSync(bundle, "utf8"));
    early.charges[2].charge.sessionMinutes = 7;
    const file = write("early.json", JSON.stringify(early));
    const told = await tallystick(["explain", file, "--line", "3"]);
    assert.match(told.stdout, /Priced as of .* when the session began, 7 minutes before/);
    assert.equal((await at("explain", bundle, "--line", "99")).status, 2);
    const away = await at("explain", bundle, "--line", "3", "--rpc", "http://127.0.0.1:9");
    assert.deepEqual([away.status, away.lines.at(-1).summary.verdict], [4, "not-checked"]);
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
