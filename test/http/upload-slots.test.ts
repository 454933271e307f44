import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createServer } from "../../node/http/server.ts";
import { MemoryOperator } from "./memory-operator.ts";
import { OPERATOR_TOKEN, serve, serverParts } from "./memory-server.ts";

const AT_ONCE = 2;
const WAITING = 3;
const WAIT_MILLISECONDS = 400;

const row = (id: string) =>
  `${JSON.stringify({ id, service: "sms", direction: "outgoing", billable: false, start: "2026-10-30T11:00:00.000Z" })}\n`;

describe("many uploads at once", () => {
  let operator: MemoryOperator;
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-slots-"));
    operator = await MemoryOperator.start();
  });
  beforeEach(async () => {
    server = await serverWith({ inFlightMax: AT_ONCE, waitingMax: WAITING });
  });
  afterEach(() => server.close());
  after(async () => {
    await operator.stop();
    await rm(folder, { recursive: true });
  });

  type Operator = ReturnType<typeof serverParts>["operator"];
  function serverWith(
    uploads: NonNullable<Operator["uploads"]>,
    leastPace: NonNullable<Operator["leastPace"]> = {},
  ) {
    const parts = serverParts(operator, join(folder, "spool"), "");
    const its = { ...parts.operator, uploads, leastPace };
    return serve(createServer({ ...parts, operator: its }) as never);
  }

  /** Sends a file's first half at once, and the rest when it is told to. */
  function begin(id: string, first: string | Buffer = row(`${id}-1`)) {
    const call = request(`${server.url}/v1/operator/usage?name=${id}.ndjson`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${OPERATOR_TOKEN}`,
        "content-type": "application/octet-stream",
      },
      agent: false,
    });
    // Who is refused may meet a connection that is closed.
    call.on("error", () => {});
    call.write(first);
    const answered = once(call, "response").then(async ([answer]) => {
      const parts: Buffer[] = [];
      for await (const part of answer as IncomingMessage) parts.push(part);
      const body = JSON.parse(Buffer.concat(parts).toString("utf8"));
      return { status: (answer as IncomingMessage).statusCode, body };
    });
    answered.catch(() => {});
    const send = (bytes: Uint8Array) => call.write(bytes);
    return { answered, send, end: () => call.end(row(`${id}-2`)), leave: () => call.destroy() };
  }

  async function phases(): Promise<string[]> {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const answer = await fetch(`${server.url}/v1/operator/usage`, { headers });
    const { uploads } = (await answer.json()) as { uploads: { phase: string }[] };
    return uploads.map(({ phase }) => phase).sort();
  }

  async function untilPhases(...wanted: string[]): Promise<void> {
    while ((await phases()).join() !== wanted.join()) await pause(5);
  }

  const spooled = async () => (await readdir(join(folder, "spool")).catch(() => [])).length;

  /** A file is told as received, or answered, a moment before its spool is there, or gone. */
  async function untilSpooled(wanted: number): Promise<void> {
    while ((await spooled()) !== wanted) await pause(5);
  }

  it("are received so many at once, wait with their bytes, and are refused beyond that", async () => {
    const files = Array.from({ length: AT_ONCE + WAITING }, (_, at) => begin(`many-${at}`));
    const waiting = Array.from({ length: WAITING }, () => "waiting");
    await untilPhases("receiving", "receiving", ...waiting);
    const refused = await begin("too-many").answered;
    assert.deepEqual([refused.status, refused.body.error.code], [429, "ingest.too-many"]);
    // Nothing of those that wait was taken from their senders.
    await untilSpooled(AT_ONCE);
    for (const { end } of files) end();
    for (const { answered } of files) {
      const { status, body } = await answered;
      assert.deepEqual([status, body.in.records], [200, 2]);
    }
    await untilPhases();
    await untilSpooled(0);
    const late = begin("too-many");
    late.end();
    assert.equal((await late.answered).status, 200);
  });

  it("do not wait for ever, and one that goes away takes nobody's place", async () => {
    await server.close();
    server = await serverWith({ inFlightMax: 1, waitMillisecondsMax: WAIT_MILLISECONDS });
    const first = begin("first");
    await untilPhases("receiving");
    const second = begin("second");
    const { status, body } = await second.answered;
    assert.deepEqual([status, body.error.code], [429, "ingest.too-many"]);
    first.leave();
    await untilPhases();
    const third = begin("third");
    third.end();
    assert.equal((await third.answered).status, 200);
    assert.equal(await spooled(), 0);
  });

  it("go on over a line however slow, until others wait for a place and too little comes", async () => {
    await server.close();
    server = await serverWith({ inFlightMax: AT_ONCE }, { bytesMin: 60, milliseconds: 60 });
    const [slow, steady] = [begin("slow"), begin("steady")];
    const blank = Buffer.from("\n".repeat(120));
    const sending = setInterval(() => steady.send(blank), 20);
    try {
      await untilPhases("receiving", "receiving");
      await pause(250);
      assert.deepEqual(await phases(), ["receiving", "receiving"]);
      const third = begin("third");
      const { status, body } = await slow.answered;
      assert.deepEqual([status, body.error.code], [429, "ingest.too-slow"]);
      third.end();
      assert.equal((await third.answered).status, 200);
      assert.deepEqual(await phases(), ["receiving"]);
    } finally {
      clearInterval(sending);
    }
    steady.end();
    assert.equal((await steady.answered).status, 200);
    slow.leave();
    await untilSpooled(0);
  });

  it("are told that a file is refused before all of it was sent", async () => {
    const upload = begin("unknown", Buffer.alloc(1_048_576));
    for (let megabytes = 0; megabytes < 20; megabytes++) upload.send(Buffer.alloc(1_048_576));
    const { status, body } = await upload.answered;
    assert.deepEqual([status, body.error.code], [422, "format.not-recognised"]);
    upload.leave();
    await untilSpooled(0);
  });
});
