import assert from "node:assert/strict";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { type RequestListener, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LAID_STEP_BYTES } from "../../node/adapters/laid-step.ts";
import { Announcements } from "../../node/cli/announcements.ts";
import { LaidFile } from "../../node/cli/laid-file.ts";
import { NodeClient } from "../../node/cli/node-client.ts";
import type { Output } from "../../node/cli/output.ts";
import { beginUpload, type Taken } from "../../node/cli/upload-file.ts";
import { createServer } from "../../node/http/server.ts";
import { codeOf } from "../core/formats/chunks.ts";
import { MemoryOperator } from "../http/memory-operator.ts";
import { OPERATOR_TOKEN, serve, serverParts } from "../http/memory-server.ts";

/** Long enough to be laid. */
const LONG = 1_100;

const row = (id: string) =>
  `${JSON.stringify({ id, service: "sms", direction: "outgoing", billable: false, start: "2026-10-30T11:00:00.000Z" }).padEnd(4_096)}\n`;

const rows = (id: string, count: number) =>
  Array.from({ length: count }, (_, at) => row(`${id}-${at}`)).join("");

describe("a command that lays a file into its node's spool", () => {
  let operator: MemoryOperator;
  let folder: string;
  let app: RequestListener;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-lay-"));
    operator = await MemoryOperator.start();
    app = createServer(serverParts(operator, join(folder, "spool"), "")) as never;
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  after(async () => {
    await operator.stop();
    await rm(folder, { recursive: true });
  });

  /** A node, and how its files came: as told bytes or as bytes. */
  async function nodeWith(around: (own: RequestListener) => RequestListener = (own) => own) {
    const came: (string | undefined)[] = [];
    const listener = around(app);
    const server = await serve((request, response) => {
      if (request.method === "POST") came.push(request.headers["content-type"]);
      listener(request, response);
    });
    stops.push(server.close);
    return { node: new NodeClient(server.url, OPERATOR_TOKEN), came };
  }

  const answering =
    (body: object): ((own: RequestListener) => RequestListener) =>
    (own) =>
    (request, response) => {
      if (!request.url?.endsWith("/usage/spool")) return own(request, response);
      response.writeProcessing();
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(body));
    };

  async function take(node: NodeClient, id: string, count = LONG): Promise<Taken> {
    const file = join(folder, `${id}.ndjson`);
    await writeFile(file, rows(id, count));
    return await (await beginUpload({ node, output: silent }, file)).taken;
  }

  const silent = { remark: () => {} } as unknown as Output;

  const left = async (): Promise<string[]> =>
    (await readdir(join(folder, "spool"), { recursive: true })).filter((name) => name !== "laid");

  it("has it taken in without sending it; a short one is sent", async () => {
    const { node, came } = await nodeWith();
    assert.equal((await take(node, "long")).in.records, LONG);
    assert.equal((await take(node, "short", 2)).in.records, 2);
    assert.deepEqual(came, ["application/x-ndjson", "application/octet-stream"]);
    // The same bytes under another name, over the other way.
    const other = new NodeClient(node.url, OPERATOR_TOKEN);
    Object.defineProperty(other, "isNamedLocally", { value: false });
    assert.equal((await take(other, "long")).already, true);
    assert.deepEqual(await left(), []);
  });

  it("sends it where the spool is another one, or none that it alone may write to", async () => {
    const elsewhere = join(folder, "elsewhere");
    const [open, led] = [join(folder, "open"), join(folder, "led")];
    await mkdir(elsewhere, { mode: 0o700 });
    await mkdir(open, { mode: 0o755 });
    await symlink(elsewhere, led);
    const sent = "application/octet-stream";
    const cases: [object, (string | undefined)[]][] = [
      [{ folder: elsewhere }, ["application/x-ndjson", sent]],
      [{ folder: open }, [sent]],
      [{ folder: led }, [sent]],
      [{ folder: relative(process.cwd(), elsewhere) }, [sent]],
      [{ folder: join(folder, "nowhere") }, [sent]],
      [{ folder: 7 }, [sent]],
      [{}, [sent]],
    ];
    for (const [at, [answer, expected]] of cases.entries()) {
      const { node, came } = await nodeWith(answering(answer));
      assert.equal((await take(node, `elsewhere-${at}`)).in.records, LONG);
      assert.deepEqual(came, expected);
    }
    assert.deepEqual([...(await readdir(elsewhere)), ...(await readdir(open))], []);
    assert.deepEqual(await left(), []);
  });

  it("sends it through what keeps back that the node is at it, and waits for no word of it", async () => {
    const { node, came } = await nodeWith();
    const proxy = await serve((request, response) => {
      const { method, headers } = request;
      const further = send(`${node.url}${request.url}`, { method, headers, agent: false });
      further.once("response", (answer) => {
        response.writeHead(answer.statusCode as number, answer.headers);
        answer.pipe(response);
      });
      request.pipe(further);
    });
    stops.unshift(proxy.close);
    const through = new NodeClient(proxy.url, OPERATOR_TOKEN);
    assert.equal((await take(through, "proxy")).in.records, LONG);
    assert.deepEqual(came, ["application/octet-stream"]);
    assert.deepEqual(await left(), []);
  });

  it("writes nothing to the disk while the node has no place for it", async () => {
    const parts = serverParts(operator, join(folder, "spool"), "");
    const its = { ...parts.operator, uploads: { inFlightMax: 1 } };
    const narrow = createServer({ ...parts, operator: its }) as never;
    const { node } = await nodeWith(() => narrow);
    const gate = Promise.withResolvers<void>();
    async function* slow() {
      yield Buffer.from(row("slow"));
      await gate.promise;
    }
    const first = node.upload("/v1/operator/usage?name=slow.ndjson", slow());
    const phases = async () =>
      ((await node.get("/v1/operator/usage")).body.uploads as { phase: string }[])
        .map(({ phase }) => phase)
        .join();
    while ((await phases()) !== "receiving") await pause(5);
    const second = take(node, "waits");
    while ((await phases()) !== "receiving,waiting") await pause(5);
    await pause(50);
    const laid = join(folder, "spool", "laid");
    const [waiting] = await readdir(laid);
    assert.equal((await stat(join(laid, String(waiting)))).size, 0);
    gate.resolve();
    assert.equal((await first).body.already, false);
    assert.equal((await second).in.records, LONG);
  });

  it("lays nothing for a node that is named by another machine", async () => {
    for (const url of ["https://node.example", "http://10.0.0.1:80", "http://127.0.0.1.example"]) {
      assert.equal(await LaidFile.open(new NodeClient(url, "t"), 10_000_000), undefined);
    }
    for (const url of ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]) {
      assert.equal(new NodeClient(url, "t").isNamedLocally, true);
    }
  });

  it("is at most two steps ahead of what the node says that it saw", async () => {
    const { node } = await nodeWith();
    const laid = await LaidFile.open(node, 10_000_000);
    assert.ok(laid !== undefined);
    const steps = (count: number) => (count * LAID_STEP_BYTES) / 1_048_576;
    async function* pieces() {
      for (let piece = 0; piece < steps(4); piece++) yield new Uint8Array(1_048_576);
    }
    const announced = new Announcements();
    const words = laid.lay(pieces(), announced);
    let laidDown = 0;
    const goOn = async () => {
      while (!(await words.next()).done) laidDown++;
    };
    const isOver = goOn();
    const untilQuiet = async () => {
      for (let before = -1; before !== laidDown; ) {
        before = laidDown;
        await pause(50);
      }
    };
    for (const expected of [1, 2, 3]) {
      await untilQuiet();
      assert.equal(laidDown, steps(expected));
      announced.add();
    }
    await isOver;
    assert.equal(laidDown, steps(4) + 1);
    await laid.close();
  });

  it("takes back what it laid of a file that changes meanwhile; nothing of it is taken in", async () => {
    const { node } = await nodeWith();
    const file = join(folder, "grows.ndjson");
    await writeFile(file, rows("grows", LONG));
    class Growing extends NodeClient {
      override tell(path: string, lines: AsyncIterable<Uint8Array>, announced: Announcements) {
        return super.tell(path, grown(lines), announced);
      }
    }
    async function* grown(lines: AsyncIterable<Uint8Array>) {
      let isGrown = false;
      for await (const line of lines) {
        yield line;
        if (!isGrown) await appendFile(file, row("grown"));
        isGrown = true;
      }
    }
    const growing = new Growing(node.url, OPERATOR_TOKEN);
    const upload = await beginUpload({ node: growing, output: silent }, file);
    assert.equal(await codeOf(upload.taken), "file.changed");
    while ((await left()).length > 0) await new Promise(setImmediate);
    const again = await (await beginUpload({ node, output: silent }, file)).taken;
    assert.deepEqual([again.in.records, again.already], [LONG + 1, false]);
  });
});
