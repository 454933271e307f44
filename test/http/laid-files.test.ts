import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskReserve } from "../../node/adapters/disk.ts";
import { LAID_STEP_BYTES } from "../../node/adapters/laid-step.ts";
import { LaidFiles } from "../../node/http/laid-files.ts";
import { createServer } from "../../node/http/server.ts";
import { codeOf } from "../core/formats/chunks.ts";
import { MemoryOperator } from "./memory-operator.ts";
import { OPERATOR_TOKEN, serve, serverParts } from "./memory-server.ts";

const HEADERS = { authorization: `Bearer ${OPERATOR_TOKEN}` };

const fileOf = (id: string): Buffer =>
  Buffer.from(
    [1, 2]
      .map(
        (at) =>
          `${JSON.stringify({ id: `${id}-${at}`, service: "sms", direction: "outgoing", billable: false, start: "2026-10-30T11:00:00.000Z" })}\n`,
      )
      .join(""),
  );

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** What is told of a file that was laid down at once. */
const allOf = (bytes: Buffer): object[] => [
  { bytes: 10 },
  { bytes: bytes.length },
  { bytes: bytes.length, sha256: sha256(bytes) },
];

describe("a file that is laid into the spool", () => {
  let operator: MemoryOperator;
  let folder: string;
  let laid: string;
  let server: Awaited<ReturnType<typeof serve>>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-laid-"));
    operator = await MemoryOperator.start();
  });
  beforeEach(async () => {
    server = await serverWith({});
    const answer = await fetch(`${server.url}/v1/operator/usage/spool`, { headers: HEADERS });
    laid = ((await answer.json()) as { folder: string }).folder;
  });
  afterEach(() => server.close());
  after(async () => {
    await operator.stop();
    await rm(folder, { recursive: true });
  });

  function serverWith(uploads: object) {
    const parts = serverParts(operator, join(folder, "spool"), "");
    const its = { ...parts.operator, uploads };
    return serve(createServer({ ...parts, operator: its }) as never);
  }

  async function lay(bytes: Buffer): Promise<string> {
    const name = randomUUID();
    await writeFile(join(laid, `${name}.usage`), bytes);
    return name;
  }

  /** Tells of a file what is to be told, once the node says that it is at it. */
  function begin(name: string, said = "laid.ndjson") {
    const path = `/v1/operator/usage?${new URLSearchParams({ name: said, laid: name })}`;
    const call = request(`${server.url}${path}`, {
      method: "POST",
      headers: HEADERS,
      agent: false,
    });
    call.on("error", () => {});
    call.flushHeaders();
    const isAsked = once(call, "information").then(([{ statusCode }]) => statusCode as number);
    isAsked.catch(() => {});
    let asked = 0;
    call.on("information", () => asked++);
    const answered = once(call, "response").then(async ([answer]) => {
      const parts: Buffer[] = [];
      for await (const part of answer as IncomingMessage) parts.push(part);
      const body = JSON.parse(Buffer.concat(parts).toString("utf8"));
      return { status: (answer as IncomingMessage).statusCode, body, asked };
    });
    answered.catch(() => {});
    const tell = (words: string) => call.end(words);
    return { isAsked, answered, tell, leave: () => call.destroy() };
  }

  async function take(name: string, words: readonly object[] | string) {
    const upload = begin(name);
    upload.tell(
      typeof words === "string" ? words : words.map((word) => JSON.stringify(word)).join("\n"),
    );
    return upload.answered;
  }

  const refusalOf = async (...its: Parameters<typeof take>) => {
    const { status, body } = await take(...its);
    return [status, body.error?.code];
  };

  const filesIn = async (where: string): Promise<string[]> =>
    (await readdir(where, { withFileTypes: true }))
      .filter((one) => !one.isDirectory())
      .map(({ name }) => name);

  async function requireEmpty(): Promise<void> {
    assert.deepEqual([...(await filesIn(join(folder, "spool"))), ...(await filesIn(laid))], []);
  }

  it("is taken in as one whose bytes were sent, and is the same file", async () => {
    const bytes = fileOf("same");
    const { status, body } = await take(await lay(bytes), allOf(bytes));
    assert.deepEqual([status, body.in.records, body.already], [200, 2, false]);
    const sent = await fetch(`${server.url}/v1/operator/usage?name=sent.ndjson`, {
      method: "POST",
      headers: { ...HEADERS, "content-type": "application/octet-stream" },
      body: new Uint8Array(bytes),
    });
    assert.equal(((await sent.json()) as { already: boolean }).already, true);
    await requireEmpty();
  });

  it("is asked for without a word before the answer where that is HTTP/1.0", async () => {
    const bytes = fileOf("old");
    const words = allOf(bytes)
      .map((word) => JSON.stringify(word))
      .join("\n");
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    const head = [
      `POST /v1/operator/usage?laid=${await lay(bytes)} HTTP/1.0`,
      `authorization: ${HEADERS.authorization}`,
      `content-length: ${words.length}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${words}`);
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part);
    const answer = Buffer.concat(parts).toString("utf8");
    assert.ok(answer.startsWith("HTTP/1.1 200 "), answer.slice(0, 100));
    await requireEmpty();
  });

  it("that ends in the middle of a line is refused as a whole, as one that was sent", async () => {
    const bytes = fileOf("cut").subarray(0, -20);
    const [status, code] = await refusalOf(await lay(bytes), allOf(bytes));
    assert.deepEqual([status, code], [422, "ingest.file-cut"]);
    await requireEmpty();
  });

  it("is asked for when there is a place, and nobody else's until then", async () => {
    await server.close();
    server = await serverWith({ inFlightMax: 1 });
    const [one, two] = [fileOf("one"), fileOf("two")];
    const name = await lay(two);
    const first = begin(await lay(one));
    assert.equal(await first.isAsked, 102);
    const second = begin(name);
    const asked = await Promise.race([
      second.isAsked.then(() => "asked"),
      new Promise((resolve) => setTimeout(() => resolve("waits"), 50)),
    ]);
    assert.equal(asked, "waits");
    assert.deepEqual(await filesIn(laid), [`${name}.usage`]);
    const words = (bytes: Buffer) => allOf(bytes).map((word) => `${JSON.stringify(word)}\n`);
    first.tell(words(one).join(""));
    assert.equal((await first.answered).status, 200);
    assert.equal(await second.isAsked, 102);
    // It has been claimed: nobody else finds it.
    assert.deepEqual(await filesIn(laid), []);
    second.tell(words(two).join(""));
    assert.equal((await second.answered).body.in.records, 2);
    assert.deepEqual(await refusalOf(name, []), [409, "ingest.not-laid"]);
  });

  it("has to lie in that folder itself, under a name of its own", async () => {
    const secret = join(folder, "secret.usage");
    const bytes = fileOf("secret");
    await writeFile(secret, bytes);
    const names = ["../../secret", secret, "", "laid", randomUUID().toUpperCase(), randomUUID()];
    for (const name of names) {
      assert.deepEqual(await refusalOf(name, allOf(bytes)), [409, "ingest.not-laid"], name);
    }
    const [linked, hard, dir] = [randomUUID(), randomUUID(), randomUUID()];
    await symlink(secret, join(laid, `${linked}.usage`));
    await link(secret, join(laid, `${hard}.usage`));
    await mkdir(join(laid, `${dir}.usage`));
    for (const name of [linked, hard, dir]) {
      assert.deepEqual(await refusalOf(name, allOf(bytes)), [409, "ingest.not-laid"]);
    }
    assert.equal((await readFile(secret)).equals(bytes), true);
    await requireEmpty();
  });

  it("is refused, and taken away, where what is told of it does not fit", async () => {
    const bytes = fileOf("told");
    const { length } = bytes;
    const whole = { bytes: length, sha256: sha256(bytes) };
    const differs = [422, "ingest.laid-differs"];
    const unusable = [400, "ingest.laid-words"];
    const cases: [readonly object[] | string, unknown[]][] = [
      [[], differs],
      [[{ bytes: length }], differs],
      [[{ ...whole, bytes: length - 1 }], differs],
      [[{ bytes: length + 1 }, whole], differs],
      [[{ bytes: 20 }, { bytes: 10 }, whole], unusable],
      [[whole, whole], unusable],
      [[{ ...whole, sha256: "00" }], unusable],
      [[{ bytes: -1 }], unusable],
      [[{ ...whole, path: "/etc/passwd" }], unusable],
      ["bytes", unusable],
      ["1".repeat(1_000), unusable],
    ];
    for (const [words, expected] of cases) {
      const name = await lay(bytes);
      assert.deepEqual(await refusalOf(name, words), expected, JSON.stringify(words));
    }
    await requireEmpty();
    // Nothing of it was taken in.
    const { body } = await take(await lay(bytes), [whole]);
    assert.deepEqual([body.in.records, body.already], [2, false]);
  });

  it("is asked for step by step, each looked at for room on the disk", async () => {
    const name = await lay(Buffer.from(""));
    await truncate(join(laid, `${name}.usage`), 3 * LAID_STEP_BYTES);
    const words = [0.5, 1, 2.5, 3].map((steps) => ({ bytes: steps * LAID_STEP_BYTES }));
    const { body, asked } = await take(name, words);
    // No digest followed; nothing in it is of any format either.
    assert.ok(["ingest.laid-differs", "format.not-recognised"].includes(body.error.code));
    assert.equal(asked, 1 + 3);
    await requireEmpty();
  });

  it("leaves nothing behind when who lays it goes away", async () => {
    const upload = begin(await lay(fileOf("gone")));
    await upload.isAsked;
    upload.leave();
    while ((await filesIn(join(folder, "spool"))).length > 0) await new Promise(setImmediate);
    await requireEmpty();
  });

  it("is not followed further than the disk has room", async () => {
    let looks = 0;
    const reserve = {
      requireRoom: async () => {
        if (++looks > 1) await new DiskReserve(folder, Number.MAX_SAFE_INTEGER).requireRoom();
      },
    } as DiskReserve;
    const files = new LaidFiles(join(folder, "spool"), reserve);
    const bytes = Buffer.alloc(17 * 1_048_576);
    const path = await files.claim(await lay(bytes));
    const told: number[] = [];
    async function* words() {
      for (const at of [1, 17]) yield Buffer.from(`${JSON.stringify({ bytes: at * 1_048_576 })}\n`);
    }
    const followed = files.follow(path, words(), (length) => told.push(length));
    assert.equal(await codeOf(followed), "disk.nearly-full");
    assert.deepEqual(told, [1_048_576]);
    await requireEmpty();
  });
});
