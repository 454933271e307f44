import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CONTROL_CLASSES } from "../../node/engine/store/stored-types.ts";
import { openApiDocument } from "../../node/http/openapi.ts";
import { chargingRoutes } from "../../node/http/routes/charging-routes.ts";
import { operatorRoutes } from "../../node/http/routes/operator-routes.ts";
import { relayRoutes } from "../../node/http/routes/relay-routes.ts";
import { rpcRoute } from "../../node/http/routes/rpc-route.ts";
import { subscriberRoutes } from "../../node/http/routes/subscriber-routes.ts";
import { createServer } from "../../node/http/server.ts";
import { filled } from "../adapters/memory-members.ts";
import { PREPAID_TARIFF, pricersOf } from "../core/charging/charging-scene.ts";
import { EPOCH, MemoryOperator, runOctober } from "./memory-operator.ts";
import {
  OPERATOR_TOKEN,
  serve,
  serveOperator,
  serverParts,
  subscriberToken,
} from "./memory-server.ts";

interface Asked {
  method?: string;
  token?: string;
  json?: unknown;
  body?: string | ReadableStream<Uint8Array>;
  type?: string;
}

describe("the node's HTTP interface", () => {
  let operator: MemoryOperator;
  let node: Awaited<ReturnType<typeof serve>>;
  let ledger: Awaited<ReturnType<typeof serve>>;
  let spool: string;
  const ledgerCalls: string[] = [];

  before(async () => {
    operator = await MemoryOperator.start();
    await runOctober(operator);
    spool = mkdtempSync(join(tmpdir(), "tallystick-spool-"));
    ledger = await serve(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      ledgerCalls.push(text);
      response.setHeader("content-type", "application/json");
      response.end('{"jsonrpc":"2.0","id":1,"result":"0x7a69"}');
    });
    node = await serveOperator(operator, spool, ledger.url);
  });
  after(async () => {
    await node.close();
    await ledger.close();
    await operator.stop();
    rmSync(spool, { recursive: true });
  });

  async function ask(path: string, { method = "GET", token, json, body, type }: Asked = {}) {
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await fetch(`${node.url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { "content-type": type ?? "application/json" }),
      },
      ...(sent === undefined ? {} : { body: sent }),
      ...(sent instanceof ReadableStream ? { duplex: "half" } : {}),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
    const answer: any = text.startsWith("{") ? JSON.parse(text) : undefined;
    return { status: response.status, text, answer, code: answer?.error?.code, response };
  }

  const templates = Object.entries(openApiDocument.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => method !== "parameters")
      .map((method) => `${method.toUpperCase()} ${path}`),
  );

  it("has exactly the routes that its OpenAPI description names", async () => {
    const charging = await ChargingNode.open({
      log: new MemoryChargingLog(),
      pricers: pricersOf(PREPAID_TARIFF),
      now: () => 0,
    });
    const parts = serverParts(operator, spool, ledger.url);
    const app = createServer(parts);
    const mounted: [string, { stack: unknown }][] = [
      ["", app.router as unknown as { stack: unknown }],
      ["/rpc", rpcRoute({ ledgerUrl: ledger.url, contracts: [], timeoutMilliseconds: 1 })],
      ["/v1/relay", relayRoutes(parts.outbox, parts.ledger)],
      ["/v1/operator", operatorRoutes(parts.operator)],
      ["/v1/charging", chargingRoutes({ charging, token: parts.operator.token })],
      ["/v1", subscriberRoutes(parts.subscriber)],
    ];
    const registered = mounted.flatMap(([prefix, { stack }]) =>
      (stack as { route?: { path: string; methods: Record<string, boolean> } }[]).flatMap(
        ({ route }) =>
          Object.keys(route?.methods ?? {}).map((method) => {
            const path = `${prefix}${route?.path}`.replace(/\/$/, "").replace(/:(\w+)/g, "{$1}");
            return `${method.toUpperCase()} ${path}`;
          }),
      ),
    );
    assert.deepEqual(registered.sort(), templates.sort());
  });

  it("serves nothing of the operator's without its token, nor with a subscriber's", async () => {
    const anna = await subscriberToken(operator, "anna");
    const guarded = templates.filter((one) => /\/v1\/operator\/|\/metrics/.test(one));
    assert.ok(guarded.length >= 15);
    for (const template of guarded) {
      const [method = "GET", path = ""] = template.split(" ");
      const place = path.replace(/\{\w+\}/g, "x");
      assert.equal((await ask(place, { method })).code, "access.missing", template);
      assert.equal((await ask(place, { method })).status, 401, template);
      for (const token of [anna, filled("00", 32)]) {
        const refused = await ask(place, { method, token });
        assert.equal(refused.code, "access.not-operator", template);
        assert.equal(refused.status, 403, template);
      }
    }
  });

  it("counts for Prometheus what became of every record, and names nobody", async () => {
    await ask("/v1/session", { token: await subscriberToken(operator, "anna") });
    const { status, text, response } = await ask("/metrics", { token: OPERATOR_TOKEN });
    assert.equal(status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const figure = (name: string): number => {
      const line = text.split("\n").find((one) => one.startsWith(`tallystick_${name} `));
      assert.ok(line, name);
      return Number(line.split(" ").at(-1));
    };
    const totals = await operator.pipeline.control.overall();
    const counted = CONTROL_CLASSES.map((outcome) => figure(`records_total{outcome="${outcome}"}`));
    assert.equal(
      counted.reduce((sum, records) => sum + records, 0),
      totals.in.records,
    );
    assert.equal(figure('records_total{outcome="charged"}'), totals.classes.charged.records);
    assert.ok(totals.classes.charged.records > 0);
    assert.equal(figure("duplicates_total"), totals.classes.duplicate.records);
    const { books, suspended, records } = await operator.pipeline.status();
    assert.equal(figure("records_in_total"), records.in);
    const { charged, pricedAtZero } = records;
    assert.equal(figure("charges_total"), charged + pricedAtZero);
    assert.equal(figure('batches_total{book="charges"}'), Number(books[0]?.lastSequence));
    assert.equal(figure("suspended_records"), suspended);
    assert.equal(figure("ledger_reachable"), 1);
    assert.ok(figure("disk_free_bytes") > 0);
    assert.match(text, /tallystick_http_request_duration_seconds_count\{[^}]*status="200"/);
    for (const { id, devices } of await operator.pipeline.accounts()) {
      assert.ok(!text.includes(`"${id}"`));
      for (const device of devices) assert.ok(!text.includes(device.id.replace(/^\+/, "")));
    }
  });

  it("serves nothing of a subscriber's without a link's token, nor with the operator's", async () => {
    const guarded = ["session", "evidence", "invoice", "bill.csv", "disputes"];
    for (const name of guarded) {
      const path = `/v1/${name}?period=${EPOCH}`;
      assert.equal((await ask(path)).code, "access.missing", name);
      assert.equal((await ask(path, { token: "0x12" })).code, "access.missing", name);
      const refused = await ask(path, { token: OPERATOR_TOKEN });
      assert.equal(refused.status, 403, name);
      assert.equal(refused.code, "access.unknown", name);
    }
  });

  it("serves each subscriber their own data and nobody else's", async () => {
    const anna = await subscriberToken(operator, "anna");
    const bert = await subscriberToken(operator, "bert");
    for (const [token, own, other] of [
      [anna, "Anna", "Bert"],
      [bert, "Bert", "Anna"],
    ] as const) {
      const session = await ask("/v1/session", { token });
      assert.equal(session.answer.account.label, own);
      assert.ok(!session.text.includes(other));
    }
    const pseudonyms: string[] = [];
    for (const token of [anna, bert]) {
      // Naming another account changes nothing.
      const evidence = await ask(`/v1/evidence?period=${EPOCH}&account=bert`, { token });
      const names = new Set<string>(
        evidence.answer.charges.map(
          ({ account }: { account: { pseudonym: string } }) => account.pseudonym,
        ),
      );
      assert.equal(names.size, 1);
      pseudonyms.push(...names);
    }
    assert.notEqual(pseudonyms[0], pseudonyms[1]);
    const invoice = await ask(`/v1/invoice?period=${EPOCH}`, { token: anna });
    assert.equal(invoice.answer.account, "anna");
    const csv = await ask(`/v1/bill.csv?period=${EPOCH}`, { token: bert });
    assert.ok(!csv.text.includes("4915112345678"));
    assert.equal(csv.response.headers.get("cache-control"), "no-store");
  });

  it("tells a subscriber what is not there", async () => {
    const token = await subscriberToken(operator, "anna");
    assert.equal((await ask("/v1/evidence", { token })).code, "http.period");
    assert.equal((await ask("/v1/evidence?period=2026-13", { token })).code, "http.period");
    const nothing = await ask("/v1/evidence?period=2025-01", { token });
    assert.deepEqual([nothing.status, nothing.code], [404, "evidence.nothing"]);
    assert.equal((await ask("/v1/invoice?period=2025-01", { token })).code, "invoice.none");
    assert.equal((await ask("/v1/nothing", { token })).code, "http.not-found");
  });

  it("hands on calls that read the ledger, and no others", async () => {
    const call = (method: string) => ({ jsonrpc: "2.0", id: 1, method, params: [] });
    const post = (json: unknown) => ask("/rpc", { method: "POST", json });
    assert.equal((await post(call("eth_chainId"))).answer.result, "0x7a69");
    const before = ledgerCalls.length;
    for (const method of [
      "eth_sendRawTransaction",
      "eth_sendTransaction",
      "eth_newFilter",
      "anvil_setBalance",
      "evm_mine",
      "debug_traceCall",
      "personal_sign",
    ]) {
      const refused = await post(call(method));
      assert.deepEqual([refused.status, refused.code], [403, "rpc.method"], method);
      // Not in the shadow of an allowed one either.
      assert.equal((await post([call("eth_chainId"), call(method)])).code, "rpc.method", method);
    }
    assert.equal((await post([])).code, "rpc.batch");
    assert.equal((await post(new Array(101).fill(call("eth_chainId")))).code, "rpc.batch");
    assert.equal((await post({ method: "eth_chainId" })).code, "rpc.malformed");
    assert.equal(ledgerCalls.length, before);
    const preflight = await ask("/rpc", { method: "OPTIONS" });
    assert.equal(preflight.response.headers.get("access-control-allow-origin"), "*");
    const own = await ask("/health");
    assert.equal(own.response.headers.get("access-control-allow-origin"), null);
  });

  it("says that the ledger is away instead of hanging", async () => {
    const parts = serverParts(operator, spool, "http://127.0.0.1:9");
    const lonely = await serve(createServer(parts) as never);
    const response = await fetch(`${lonely.url}/rpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
    });
    const answer = (await response.json()) as { error: { code: string } };
    assert.deepEqual([response.status, answer.error.code], [503, "ledger.unreachable"]);
    await lonely.close();
  });

  it("refuses malformed bodies with 400 and a code, before anything happens", async () => {
    const token = OPERATOR_TOKEN;
    const cases: [string, string, unknown][] = [
      ["PUT", "/v1/operator/accounts", [{ id: "a b", label: "x", devices: [] }]],
      ["PUT", "/v1/operator/accounts", { id: "a" }],
      ["PUT", "/v1/operator/accounts", [{ id: "a", label: "x", devices: [], plan: 7 }]],
      ["POST", "/v1/operator/bill", { period: "October" }],
      ["POST", "/v1/operator/bill", {}],
      ["PUT", "/v1/operator/cadence", { seconds: -1 }],
      ["PUT", "/v1/operator/cadence", { seconds: 60, more: true }],
      ["POST", "/v1/operator/claims/0x00", { answer: "maybe" }],
      ["PATCH", "/v1/operator/suspense/x", []],
      ["POST", "/v1/relay/claims", {}],
      ["POST", "/v1/relay/claims", { kind: "mispriced", domain: "0x12" }],
      ["POST", "/v1/relay/conclusions", { claimId: filled("00", 32), step: "concede" }],
      ["POST", "/v1/relay/openings", { claimId: filled("00", 32), opening: [1, 2, 3] }],
    ];
    for (const [method, path, json] of cases) {
      const refused = await ask(path, { method, token, json });
      assert.deepEqual([refused.status, refused.code], [400, "http.body"], `${method} ${path}`);
    }
    const broken = await ask("/v1/operator/bill", { method: "POST", token, body: "{" });
    assert.equal(broken.status, 400);
    assert.match(broken.code, /^http\./);
    const large = JSON.stringify({ period: "x".repeat(3_000_000) });
    const refused = await ask("/v1/operator/bill", { method: "POST", token, body: large });
    assert.equal(refused.status, 413);
  });

  it("tells how far an upload is while it waits or is rated", async () => {
    const token = OPERATOR_TOKEN;
    const uploads = async () => (await ask("/v1/operator/usage", { token })).answer.uploads;
    assert.deepEqual(await uploads(), []);
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    // biome-ignore lint/correctness/useYield: a file without lines that takes its time
    const lines = (async function* () {
      await held;
    })();
    const before = operator.pipeline.ingest({ name: "before", sha256: "1f".repeat(32), lines });
    const row = { id: "told-1", service: "sms", direction: "outgoing", billable: false };
    const body = `${JSON.stringify({ ...row, start: "2026-10-30T10:00:00.000Z" })}\n{}\n`;
    const type = "application/octet-stream";
    const path = "/v1/operator/usage?name=told.ndjson";
    const answered = ask(path, { method: "POST", token, body, type });
    let seen = await uploads();
    while (seen[0]?.phase !== "rating") seen = await uploads();
    assert.deepEqual(seen, [{ name: "told.ndjson", phase: "rating", done: 0, records: 2 }]);
    go();
    await before;
    assert.equal((await answered).answer.in.records, 2);
    assert.deepEqual(await uploads(), []);
  });

  it("looks at the file behind meanwhile, and takes files in as their sender put them", async () => {
    const token = OPERATOR_TOKEN;
    const type = "application/octet-stream";
    const row = { service: "sms", direction: "outgoing", billable: false };
    const line = (id: string) =>
      `${JSON.stringify({ id, ...row, start: "2026-10-30T11:00:00.000Z" })}\n`;
    const post = (query: string, body: NonNullable<Asked["body"]>) =>
      ask(`/v1/operator/usage?${query}`, { method: "POST", token, body, type });
    const phases = async () => {
      const { answer } = await ask("/v1/operator/usage", { token });
      return answer.uploads.map(({ phase }: { phase: string }) => phase);
    };
    const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const ended: string[] = [];
    const first = post("name=a.ndjson&turn=a", readable).finally(() => ended.push("a"));
    await writer.write(new TextEncoder().encode(line("turn-1")));
    while ((await phases()).length < 1) await pause(5);
    const second = post("name=b.ndjson&turn=b&after=a", line("turn-2"));
    const told = second.finally(() => ended.push("b"));
    // One that is not known is not waited for.
    const other = await post("name=c.ndjson&turn=c&after=gone", line("turn-3"));
    assert.equal(other.answer.in.records, 1);
    while ((await phases())[1] !== "waiting") await pause(5);
    await writer.close();
    assert.deepEqual([(await first).status, (await told).status], [200, 200]);
    assert.deepEqual(ended, ["a", "b"]);
    // A file that is refused holds up nobody.
    const refused = post("name=d.ndjson&turn=d", "\u0000\u0001 nothing that is known");
    const behind = await post("name=e.ndjson&turn=e&after=d", line("turn-4"));
    assert.deepEqual([(await refused).status, behind.answer.in.records], [422, 1]);
    assert.equal((await post("name=f&turn=a%20b", line("turn-5"))).code, "http.turn");
  });

  it("takes a file in once, and leaves nothing in its spool", async () => {
    const token = OPERATOR_TOKEN;
    const usage = {
      id: "spooled-1",
      service: "sms",
      direction: "outgoing",
      start: "2026-10-30T10:00:00.000Z",
      units: 1,
      aParty: "+4915112345678",
      bParty: "+4915100000001",
      billable: true,
    };
    const body = `${JSON.stringify(usage)}\n`;
    const post = () =>
      ask("/v1/operator/usage?name=late.ndjson", {
        method: "POST",
        token,
        body,
        type: "application/octet-stream",
      });
    const first = (await post()).answer;
    assert.deepEqual([first.already, first.classes.charged.records], [false, 1]);
    const { receiving, looking, waiting, rating } = first.seconds;
    for (const seconds of [receiving, looking, waiting, rating]) assert.ok(seconds >= 0);
    assert.equal((await post()).answer.already, true);
    const unknown = await ask("/v1/operator/usage?name=noise", {
      method: "POST",
      token,
      body: "\u0000\u0001 nothing that is known",
      type: "application/octet-stream",
    });
    assert.equal(unknown.status, 422);
    assert.match(unknown.code, /^format\./);
    // A format that is named is believed: what is no record is rejected, line by line.
    const named = (format: string) =>
      ask(`/v1/operator/usage?name=noise&format=${format}`, {
        method: "POST",
        token,
        body: "no record\n",
        type: "application/octet-stream",
      });
    assert.equal((await named("usage-ndjson")).answer.classes.rejected.records, 1);
    assert.equal((await named("tap99")).code, "format.unknown-name");
    assert.equal((await named("bill-csv")).code, "ingest.no-usage");
    assert.deepEqual(readdirSync(spool), []);
  });

  it("refuses a file that is cut as a whole, and one whose ids contradict the zone", async () => {
    const post = (name: string, body: string) =>
      ask(`/v1/operator/usage?name=${name}`, {
        method: "POST",
        token: OPERATOR_TOKEN,
        body,
        type: "application/octet-stream",
      });
    const before = await operator.pipeline.status();
    const entry = (at: number) =>
      `<call number="+4915100000001" duration="60" date="${1_761_000_000_000 + at}" type="2" />`;
    const log = `<?xml version="1.0"?><calls count="2">${entry(0)}${entry(60_000)}</calls>`;
    const usage = (id: string, at: number) =>
      JSON.stringify({
        id,
        service: "sms",
        direction: "outgoing",
        start: new Date(Date.parse("2026-10-30T11:00:00.000Z") + at).toISOString(),
        units: 1,
        aParty: "+4915112345678",
        bParty: "+4915100000001",
        billable: true,
      });
    const rows = `${usage("cut-1", 0)}\n${usage("cut-2", 1000)}\n`;
    // Twelve o'clock in an id's epoch, and two hours and five minutes off on the clock.
    const csv =
      '"","4915112345678","030","default","""A""","SIP/1","SIP/2","Dial","","2026-10-29 14:05:00","2026-10-29 14:05:05","2026-10-29 14:06:05",65,60,"ANSWERED","DOCUMENTATION","1793275200.1",""\n';
    for (const [name, body, code] of [
      ["cut.xml", log.slice(0, -20), "xml.truncated"],
      ["broken.xml", log.replace("<calls", "<calls <"), "xml.not-well-formed"],
      ["cut.ndjson", rows.slice(0, -30), "ingest.file-cut"],
      ["zone.csv", csv, "asterisk.zone-contradicts-ids"],
    ] as const) {
      const refused = await post(name, body);
      assert.deepEqual([refused.status, refused.code], [422, code], name);
      assert.equal(refused.answer.error.file, name);
    }
    assert.deepEqual(await operator.pipeline.status(), before);
    assert.deepEqual(readdirSync(spool), []);
    const whole = await post("whole.ndjson", rows);
    assert.deepEqual([whole.status, whole.answer.in.records], [200, 2]);
  });

  it("is not ready while the ledger does not answer", async () => {
    assert.equal((await ask("/health")).status, 200);
    const parts = serverParts(operator, spool, ledger.url);
    const well = { store: true, disk: true, commits: true };
    const health = { live: true as const, ready: false, ledger: false, ...well };
    const away = await serve(createServer({ ...parts, health: async () => health }) as never);
    for (const path of ["health", "ready"]) {
      assert.equal((await ask(`/${path}`)).status, 200);
      const response = await fetch(`${away.url}/${path}`);
      assert.deepEqual([response.status, await response.json()], [503, health]);
    }
    const lives = await fetch(`${away.url}/live`);
    assert.deepEqual([lives.status, await lives.json()], [200, { live: true }]);
    await away.close();
  });

  it("answers a bill that takes long with how far it is, and later with what it made", async () => {
    const parts = serverParts(operator, spool, ledger.url);
    const progress = {
      period: "2026-10",
      phase: "compose",
      running: true,
      accounts: { done: 340_000, all: 1_000_000 },
      share: 0.4,
    };
    const done = { epoch: "2026-10", invoices: 1_000_000, totalNano: 5n, already: true };
    const outcomes: unknown[] = [progress, progress, done];
    const pipeline = {
      bill: () => new Promise(() => {}),
      billOutcome: async (period: string) =>
        period === progress.period ? outcomes.shift() : undefined,
    };
    const slow = { ...parts.operator, pipeline, finalWaitMilliseconds: 1 };
    const server = await serve(createServer({ ...parts, operator: slow as never }) as never);
    const answer = async (method: string, query = "", body?: string) => {
      const headers = {
        authorization: `Bearer ${OPERATOR_TOKEN}`,
        "content-type": "application/json",
      };
      const init = body === undefined ? { method, headers } : { method, headers, body };
      const response = await fetch(`${server.url}/v1/operator/bill${query}`, init);
      return [response.status, await response.json()];
    };
    const asked = await answer("POST", "", JSON.stringify({ period: "2026-10" }));
    assert.deepEqual(asked, [202, { progress }]);
    assert.deepEqual(await answer("GET", "?period=2026-10"), [202, { progress }]);
    const told = { ...done, totalNano: "5" };
    assert.deepEqual(await answer("GET", "?period=2026-10"), [200, told]);
    assert.equal((await answer("GET", "?period=2026-09"))[0], 404);
    assert.equal((await answer("GET", "?period=October"))[0], 400);
    await server.close();
  });

  it("refuses what can not be done yet with 409, and what is not there with 404", async () => {
    const token = OPERATOR_TOKEN;
    const open = await ask("/v1/operator/bill", {
      method: "POST",
      token,
      json: { period: "2026-12" },
    });
    assert.deepEqual([open.status, open.code], [409, "bill.period-open"]);
    const recycle = await ask("/v1/operator/suspense/none/recycle", { method: "POST", token });
    assert.deepEqual([recycle.status, recycle.code], [404, "http.not-found"]);
    const step = await ask("/v1/operator/settlement/steal", { method: "POST", token, json: {} });
    assert.deepEqual([step.status, step.code], [422, "settlement.step-unknown"]);
    const body = { method: "POST", token, json: { dispute: "0x00" } };
    const wrong = await ask("/v1/operator/settlement/decideDispute", body);
    assert.deepEqual([wrong.status, wrong.code], [422, "settlement.step-body"]);
  });

  it("sends pages that run no foreign script and are framed by nobody", async () => {
    const { response } = await ask("/health");
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(response.headers.get("x-powered-by"), null);
  });
});
