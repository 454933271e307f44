import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex } from "../../node/core/bytes.ts";
import { parseBundle } from "../../node/core/evidence/bundle.ts";
import { evidencePlace, openEvidenceFile } from "../../node/core/evidence/evidence-file.ts";
import { EPOCH, MemoryOperator, runOctober } from "./memory-operator.ts";
import { OPERATOR_TOKEN, type serve, serveOperator, subscriberToken } from "./memory-server.ts";

describe("published evidence over HTTP", () => {
  let operator: MemoryOperator;
  let node: Awaited<ReturnType<typeof serve>>;
  let folder: string;
  const publish = (body: object, token: string = OPERATOR_TOKEN) =>
    fetch(`${node.url}/v1/operator/evidence/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const codeOf = async (response: Response) => [
    response.status,
    ((await response.json()) as { error: { code: string } }).error.code,
  ];
  const periods = async () => {
    const headers = { authorization: `Bearer ${await subscriberToken(operator, "anna")}` };
    const session = await (await fetch(`${node.url}/v1/session`, { headers })).json();
    return (session as { periods: { published?: number }[] }).periods;
  };

  before(async () => {
    operator = await MemoryOperator.start();
    folder = mkdtempSync(join(tmpdir(), "tallystick-published-"));
    node = await serveOperator(operator, join(folder, "spool"), "http://127.0.0.1:9");
  });
  after(async () => {
    await node.close();
    await operator.stop();
    rmSync(folder, { recursive: true });
  });

  it("is refused before the bill, without the operator's token, and into half a path", async () => {
    assert.deepEqual(await codeOf(await publish({ period: EPOCH })), [409, "publish.not-billed"]);
    await runOctober(operator);
    const token = await subscriberToken(operator, "anna");
    assert.deepEqual(await codeOf(await publish({ period: EPOCH }, token)), [
      403,
      "access.not-operator",
    ]);
    for (const body of [{}, { period: "2026" }, { period: EPOCH, to: "here" }]) {
      assert.deepEqual(await codeOf(await publish(body)), [400, "http.body"]);
    }
    assert.equal((await periods())[0]?.published, undefined);
  });

  it("is handed out for ever to whoever knows the name, and tells nothing else", async () => {
    const told = (await (await publish({ period: EPOCH })).json()) as Record<string, unknown>;
    assert.deepEqual([told.done, told.written], [true, 2]);
    assert.equal((await periods())[0]?.published, 1);
    const account = (await operator.pipeline.accounts()).find(({ id }) => id === "anna");
    const secret = fromHex(account?.accessSecret ?? "", 32);
    const place = evidencePlace(secret, EPOCH, 1);
    const response = await fetch(`${node.url}/published/${place}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.ok(response.headers.get("etag"));
    const file = new Uint8Array(await response.arrayBuffer());
    const bundle = parseBundle(await openEvidenceFile(file, secret));
    assert.equal(bundle.invoice?.body.lastChargeNumber, String(bundle.charges.length));
    const manifest = await fetch(`${node.url}/published/${EPOCH}/manifest.json`);
    assert.equal(manifest.headers.get("cache-control"), "no-cache");
    for (const path of ["", ".parts/", EPOCH, `${EPOCH}/`, evidencePlace(secret, EPOCH, 2)]) {
      assert.equal((await fetch(`${node.url}/published/${path}`)).status, 404, path);
    }
  });

  it("goes into another folder that this machine names", async () => {
    const to = join(folder, "elsewhere");
    const told = (await (await publish({ period: EPOCH, to })).json()) as Record<string, unknown>;
    assert.deepEqual([told.done, told.written, told.folder], [true, 2, to]);
    // The node's own folder is not known to be up to date any more.
    assert.equal((await periods())[0]?.published, undefined);
  });
});
