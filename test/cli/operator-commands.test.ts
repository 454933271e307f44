import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EPOCH, MemoryOperator, octoberUsage } from "../http/memory-operator.ts";
import { OPERATOR_TOKEN, type serve, serveOperator } from "../http/memory-server.ts";
import { startTallystick, tallystick } from "./run-tallystick.ts";

describe("the operator's commands", function () {
  this.timeout(240_000);
  let operator: MemoryOperator;
  let node: Awaited<ReturnType<typeof serve>>;
  let folder: string;
  const env = { TALLYSTICK_TOKEN: OPERATOR_TOKEN };
  const at = (...args: string[]) => tallystick([...args, "--node", node.url, "--json"], { env });

  before(async () => {
    operator = await MemoryOperator.start();
    await operator.pipeline.putAccounts([
      { id: "anna", label: "Anna", devices: [{ id: "+4915112345678" }] },
      { id: "bert", label: "Bert", devices: [{ id: "+4917600000002" }] },
    ]);
    folder = mkdtempSync(join(tmpdir(), "tallystick-cli-"));
    node = await serveOperator(operator, join(folder, "spool"), "http://127.0.0.1:9");
    const records = [
      ...octoberUsage(),
      { ...octoberUsage()[0], id: "stray", aParty: "+4915199999999" },
    ];
    const text = records.map((record) => JSON.stringify(record)).join("\n");
    writeFileSync(join(folder, "october.ndjson"), `${text}\n`);
    writeFileSync(
      join(folder, "broken.ndjson"),
      `${text.split("\n")[0]?.replace("anna-1", "x")}\n{"id":1}\n`,
    );
  });
  after(async () => {
    await node.close();
    await operator.stop();
    rmSync(folder, { recursive: true });
  });

  it("take a file in, print its balanced totals, and do it once", async () => {
    const first = await at("ingest", join(folder, "october.ndjson"));
    assert.equal(first.status, 0, first.stderr);
    const { file } = first.lines[0];
    assert.deepEqual([file.already, file.balanced], [false, true]);
    assert.deepEqual([file.in.records, file.classes.charged.records], [10, 7]);
    assert.equal(file.classes.suspended.records, 1);
    const again = await at("ingest", join(folder, "october.ndjson"));
    assert.deepEqual([again.status, again.lines[0].file.already], [0, true]);
  });

  it("watch a folder, archive what was taken in, keep what was refused, and end when told", async () => {
    const inbox = join(folder, "inbox");
    const archive = join(folder, "archive");
    mkdirSync(inbox);
    const record = { ...octoberUsage()[0], id: "watched-1", durationSeconds: 61 };
    writeFileSync(join(inbox, "good.ndjson"), `${JSON.stringify(record)}\n`);
    const cut = JSON.stringify({ ...record, id: "watched-2" });
    writeFileSync(join(inbox, "cut.ndjson"), `${cut}\n${cut.slice(0, 40)}`);
    const watching = startTallystick(
      [
        "ingest",
        "--watch",
        inbox,
        "--settle",
        "0.2",
        "--archive",
        archive,
        "--node",
        node.url,
        "--json",
      ],
      { env },
    );
    await watching.untilLines(2);
    const late = JSON.stringify({ ...record, id: "watched-3", durationSeconds: 62 });
    writeFileSync(join(inbox, "late.ndjson"), `${late}\n`);
    await watching.untilLines(3);
    watching.end("SIGINT");
    const { status, lines } = await watching.ended;
    const taken = lines.filter(({ file }) => file !== undefined).map(({ file }) => file.name);
    assert.deepEqual(taken, ["good.ndjson", "late.ndjson"]);
    const { code, line } = lines.find(({ error }) => error !== undefined).error;
    assert.deepEqual([code, typeof line], ["ingest.file-cut", "number"]);
    assert.equal(status, 3);
    assert.deepEqual(readdirSync(archive).sort(), ["good.ndjson", "late.ndjson"]);
    assert.deepEqual(readdirSync(inbox), ["cut.ndjson"]);
    assert.equal((await at("ingest")).status, 2);
    assert.equal((await at("ingest", "--watch", inbox, "--archive", inbox)).status, 2);
    assert.equal((await at("ingest", "--watch", join(folder, "nowhere"))).status, 3);
  });

  it("end with 1 when a record of a file was rejected", async () => {
    const { status, lines } = await at("ingest", join(folder, "broken.ndjson"));
    assert.equal(status, 1);
    assert.equal(lines[0].file.classes.rejected.records, 1);
    const [{ position, code }] = lines[0].file.rejections;
    assert.deepEqual([position, code], [2, "usage.bad-record"]);
  });

  it("refuse a file that is cut by its name, and go on with the next one", async () => {
    const cut = join(folder, "cut.xml");
    const twice = join(folder, "twice.ndjson");
    const entry = '<call number="+4915100000001" duration="60" date="1761000000000" type="2" />';
    writeFileSync(cut, `<calls count="2">${entry}<call num`);
    const row = JSON.stringify({ ...octoberUsage()[0], id: "row-twice", durationSeconds: 77 });
    writeFileSync(twice, `${row}\n${row}\n`);
    const { status, lines, stderr } = await at("ingest", cut, twice);
    assert.equal(status, 3);
    assert.deepEqual([lines[0].error.code, lines[0].error.file], ["xml.truncated", cut]);
    assert.ok(stderr.includes(cut));
    // The next one has a problem, which is told and is not the answer "yes".
    assert.equal(lines[1].file.problems[0].code, "file.duplicate-record");
    const [{ position, record, first }] = lines[1].file.duplicates;
    assert.deepEqual([position, record, first.file], [2, "row-twice", "twice.ndjson"]);
    assert.equal((await at("ingest", twice)).status, 1);
  });

  it("commit what was taken in beside a file that was refused, and nothing where all were", async () => {
    const ticks = async () => (await operator.pipeline.status()).books.map((b) => b.lastSequence);
    const before = await ticks();
    const cut = join(folder, "cut.xml");
    const refused = await at("ingest", cut, "--commit");
    assert.equal(refused.status, 3);
    assert.deepEqual(
      refused.lines.map(({ error }) => error?.code),
      ["xml.truncated"],
    );
    assert.deepEqual(await ticks(), before);
    const good = join(folder, "beside.ndjson");
    const call = { ...octoberUsage()[0], id: "beside-a-refused-one", durationSeconds: 78 };
    writeFileSync(good, `${JSON.stringify(call)}\n`);
    const some = await at("ingest", cut, good, "--commit");
    assert.deepEqual([some.status, some.lines.at(-1).summary.final], [3, true]);
    assert.notDeepEqual(await ticks(), before);
  });

  it("send nothing when one of several files is not there", async () => {
    const { status, lines } = await at("ingest", join(folder, "october.ndjson"), "/no/such/file");
    assert.equal(status, 3);
    assert.deepEqual([lines.length, lines[0].error.code], [1, "file.not-found"]);
  });

  it("list, correct and recycle what waits in suspense", async () => {
    const listed = await at("suspense", "list");
    const stray = listed.lines.find(({ suspended }) => suspended?.record.id === "stray");
    assert.equal(stray.suspended.code, "guide.unknown-owner");
    const still = await at("suspense", "recycle", "stray");
    assert.deepEqual([still.status, still.lines[0].outcome], [1, "suspended"]);
    for (const wrong of ["id=other", "bPartyy=1", "bParty"]) {
      assert.equal((await at("suspense", "correct", "stray", "--set", wrong)).status, 2, wrong);
    }
    const bad = await at("suspense", "correct", "stray", "--set", "durationSeconds=long");
    assert.deepEqual([bad.status, bad.lines[0].error.code], [3, "usage.bad-record"]);
    const good = ["--set", "aParty=+4915112345678", "--set", "durationSeconds=10"];
    assert.equal((await at("suspense", "correct", "stray", ...good)).status, 0);
    const recycled = await at("suspense", "recycle", "--all");
    assert.deepEqual(
      recycled.lines.find(({ id }) => id === "stray"),
      { id: "stray", outcome: "charged" },
    );
    // "x" is the content of "anna-1" under another id: only who names it has decided.
    assert.equal(
      recycled.lines.find(({ id }) => id === "x"),
      undefined,
    );
    const waiting = (await at("suspense", "list")).lines.flatMap(({ suspended }) =>
      suspended?.code === "duplicate.suspected" ? [suspended.record.id] : [],
    );
    assert.ok(waiting.includes("x"));
    assert.deepEqual(
      [recycled.status, recycled.lines.at(-1).summary.suspected],
      [1, waiting.length],
    );
    const decided = await at("suspense", "recycle", "x");
    assert.deepEqual([decided.status, decided.lines[0].outcome], [0, "charged"]);
    const none = await at("suspense", "recycle", "no-such-record");
    assert.deepEqual([none.status, none.lines[0].error.code], [3, "suspense.not-waiting"]);
    assert.equal((await at("suspense", "recycle")).status, 2);
    assert.equal((await at("suspense", "explode")).status, 2);
  });

  it("drop what is never charged, with who decided it and why, and count it as dropped", async () => {
    const reasons = (await at("suspense", "reasons")).lines;
    const suspected = reasons[0].reason;
    assert.equal(suspected.code, "duplicate.suspected");
    const summary = (await at("suspense", "list")).lines.at(-1).summary;
    assert.equal(summary.byReason[suspected.code].waiting.records, suspected.waiting.records);
    const decision = ["--by", "Ruth", "--reason", "test calls of the switch"];
    const wrong = [
      ["drop", "x"],
      ["drop", "x", "--by", "Ruth"],
      ["drop", ...decision],
      ["drop", "--all", ...decision],
      ["drop", "x", "--code", "guide.unknown-owner", ...decision],
    ];
    for (const call of wrong)
      assert.equal((await at("suspense", ...call)).status, 2, call.join(" "));
    const gone = await at("suspense", "drop", "no-such-record", ...decision);
    assert.deepEqual([gone.status, gone.lines[0].error.code], [3, "suspense.not-waiting"]);
    const all = ["drop", "--all", "--code", suspected.code, ...decision];
    const dropped = await at("suspense", ...all);
    assert.deepEqual(
      [dropped.status, dropped.lines.at(-1).summary.dropped],
      [0, suspected.waiting.records],
    );
    const [kept] = (await at("suspense", "dropped")).lines;
    assert.equal(kept.dropped.by, "Ruth");
    assert.equal(kept.dropped.reason, "test calls of the switch");
    assert.ok(kept.dropped.droppedAt.startsWith("2026-"));
    const { totals } = (await at("totals")).lines[0];
    assert.deepEqual(totals.classes.dropped, suspected.waiting);
    assert.deepEqual(
      (await at("suspense", "reasons")).lines.filter(
        ({ reason }) => reason?.code === suspected.code,
      ),
      [],
    );
  });

  it("show that everything balances, over all files, by file and by hour", async () => {
    const all = await at("totals");
    assert.deepEqual([all.status, all.lines.at(-1).summary.unbalanced], [0, 0]);
    const { in: taken } = all.lines[0].totals;
    for (const by of ["file", "hour"]) {
      const { status, lines } = await at("totals", "--by", by);
      assert.deepEqual([status, lines.at(-1).summary.unbalanced], [0, 0]);
      const sum = lines.slice(0, -1).reduce((records, line) => records + line[by].in.records, 0);
      assert.equal(sum, taken.records);
      assert.ok(lines.length > 2);
    }
    const [first] = (await at("totals", "--by", "hour")).lines;
    const to = await at("totals", "--by", "hour", "--to", first.hour.hour);
    assert.equal(to.lines.at(-1).summary.rows, 0);
    for (const wrong of [
      ["--by", "day"],
      ["--to", "2026-10-05T12"],
      ["--by", "hour", "--from", "noon"],
    ]) {
      assert.equal((await at("totals", ...wrong)).status, 2, wrong.join(" "));
    }
  });

  it("refuse the bill while charges wait, then commit, bill and commit", async () => {
    const early = await at("bill", "--period", EPOCH);
    assert.deepEqual([early.status, early.lines[0].error.code], [4, "bill.charges-pending"]);
    const watching = await at("ingest", "--watch", folder, "--commit");
    assert.deepEqual([watching.status, watching.lines[0].error.code], [2, "cli.usage"]);
    const committed = await at("ingest", join(folder, "october.ndjson"), "--commit");
    assert.deepEqual([committed.status, committed.lines.at(-1).summary.final], [0, true]);
    assert.ok(committed.lines.some(({ batch }) => batch !== undefined));
    const billed = await at("bill", "--period", "2026-10-01/2026-11-01");
    const { bill } = billed.lines[0];
    assert.deepEqual([billed.status, bill.invoices, bill.already], [0, 2, false]);
    assert.match(bill.total, /^\d+\.\d\d$/);
    assert.equal((await at("bill", "--period", EPOCH)).lines[0].bill.already, true);
    assert.equal((await at("commit")).status, 0);
    const open = await at("bill", "--period", "2026-12");
    assert.deepEqual([open.status, open.lines[0].error.code], [4, "bill.period-open"]);
  });

  it("refuse a period that is not one month", async () => {
    for (const period of ["2026", "2026-13", "2026-10-01/2026-12-01", "2026-10-02/2026-11-01"]) {
      const { status, lines } = await at("bill", "--period", period);
      assert.deepEqual([status, lines[0].error.code], [2, "cli.usage"], period);
    }
    const year = await at("bill", "--period", "2026-12-01/2027-01-01");
    assert.equal(year.lines[0].error.code, "bill.period-open");
  });

  it("write the evidence as a whole, for its owner only", async () => {
    const out = join(folder, "anna.json");
    const ran = await at("evidence", "--account", "anna", "--period", EPOCH, "--out", out);
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(
      [ran.lines[0].evidence.lines, ran.lines[0].evidence.billed],
      [JSON.parse(readFileSync(out, "utf8")).charges.length, true],
    );
    assert.equal(statSync(out).mode & 0o077, 0);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".part")),
      [],
    );
    const nowhere = join(folder, "no/such/folder.json");
    const lost = await at("evidence", "--account", "anna", "--period", EPOCH, "--out", nowhere);
    assert.deepEqual([lost.status, lost.lines[0].error.code], [3, "file.not-writable"]);
    const nobody = await at("evidence", "--account", "x", "--period", EPOCH, "--out", out);
    assert.deepEqual([nobody.status, nobody.lines[0].error.code], [3, "evidence.nothing"]);
    assert.equal(JSON.parse(readFileSync(out, "utf8")).format, "tallystick-evidence");
    const piped = await at("evidence", "--account", "anna", "--period", EPOCH, "--out", "-");
    assert.equal(piped.lines[0].format, "tallystick-evidence");
  });

  it("show the state, and check the store", async () => {
    const status = await at("status");
    assert.deepEqual([status.status, status.lines[0].status.operator], [0, "Alder Mobile"]);
    const words = await tallystick(["status", "--node", node.url], { env });
    assert.match(words.stdout, /charges +\d+ batches/);
    assert.match(words.stdout, /records +\d+ came in: \d+ charged.* in suspense, \d+ duplicates/);
    assert.match(words.stdout, /ledger +block \d+ of \S+ \(\d+ \w+ ago\)/);
    const check = await at("fsck");
    assert.deepEqual([check.status, check.lines.at(-1).summary.ok], [0, true]);
    assert.equal((await at("fsck", "--offline")).status, 2);
    const retention = await at("retention", "--now");
    const { summary } = retention.lines.at(-1);
    assert.deepEqual([retention.status, summary.done, summary.entriesDropped], [0, true, 0]);
    assert.ok(retention.lines.slice(0, -1).every(({ month }) => month.state === "kept"));
    const compacted = await at("compact");
    assert.deepEqual([compacted.status, compacted.lines[0].compaction.bytesMoved], [0, 0]);
  });

  it("end with 4 when no node answers, or it refuses the token", async () => {
    const away = ["status", "--node", "http://127.0.0.1:9", "--json"];
    const gone = await tallystick(away, { env });
    assert.deepEqual([gone.status, gone.lines[0].error.code], [4, "node.unreachable"]);
    const wrong = { TALLYSTICK_TOKEN: `0x${"00".repeat(32)}` };
    const refused = await tallystick(["status", "--node", node.url, "--json"], { env: wrong });
    assert.deepEqual([refused.status, refused.lines[0].error.code], [4, "access.not-operator"]);
    assert.doesNotMatch(refused.stderr, /at .*\.ts:/);
  });

  it("end with 2 without a token, without data, and for what is no URL", async () => {
    const data = join(folder, "empty");
    mkdirSync(data);
    for (const args of [
      ["status", "--node", node.url, "--data", data],
      ["status", "--data", data],
      ["status", "--node", "not a url"],
    ]) {
      const { status, lines } = await tallystick([...args, "--json"]);
      assert.deepEqual([status, lines[0].error.code], [2, "cli.usage"], args.join(" "));
    }
  });

  it("find the running node and its token in the data folder", async () => {
    const data = join(folder, "data");
    mkdirSync(join(data, "alder"), { recursive: true });
    writeFileSync(join(data, "alder", "node.json"), "{}");
    writeFileSync(join(data, "alder", "operator.token"), `${OPERATOR_TOKEN}\n`);
    const serving = { url: node.url, pid: process.pid };
    writeFileSync(join(data, "alder", "serving.json"), JSON.stringify(serving));
    const found = await tallystick(["status", "--json"], { env: { TALLYSTICK_DATA: data } });
    assert.deepEqual([found.status, found.lines[0].status.operator], [0, "Alder Mobile"]);
    const byUrl = ["status", "--node", node.url, "--data", data, "--json"];
    assert.equal((await tallystick(byUrl)).status, 0);
    const other = await tallystick(["status", "--operator", "birch", "--data", data, "--json"]);
    assert.deepEqual([other.status, other.lines[0].error.code], [2, "cli.usage"]);
    // A killed node leaves its file behind: its configuration is read next, and is unusable here.
    for (const left of [
      '{"url":"http://127.0.0.1:9","pid":999999999}',
      // It would stand for every process.
      `{"url":"${node.url}","pid":-1}`,
    ]) {
      writeFileSync(join(data, "alder", "serving.json"), left);
      const dead = await tallystick(["status", "--data", data, "--json"]);
      assert.deepEqual([dead.status, dead.lines[0].error.code], [3, "config.invalid"], left);
    }
  });
});
