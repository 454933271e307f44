import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInput, readPieces, requireReadable, sha256OfFile } from "../../node/adapters/files.ts";
import { filesOfFolder } from "../../node/adapters/watch-folder.ts";

const BYTES = 3_000_000;

describe("reading a file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-files-"));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const byChunks = async (file: string) => (await openInput(file)).chunks;
  type Read = (file: string) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

  /** What reading says when the file is changed after its first bytes. */
  async function readWhile(
    change: (file: string) => void,
    by: Read = byChunks,
  ): Promise<string | number> {
    const file = join(folder, "usage.csv");
    writeFileSync(file, Buffer.alloc(BYTES, 65));
    const chunks = await by(file);
    let read = 0;
    try {
      for await (const chunk of chunks) {
        if (read === 0) change(file);
        read += chunk.length;
      }
      return read;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  it("gives all of it when nobody writes to it", async () => {
    assert.equal(await readWhile(() => {}), BYTES);
  });

  it("refuses what grew, was cut, was written over or replaced meanwhile", async () => {
    const over = (file: string) => writeFileSync(file, Buffer.alloc(BYTES, 66), { flag: "r+" });
    const replace = (file: string) => {
      writeFileSync(`${file}.new`, Buffer.alloc(BYTES, 65));
      renameSync(`${file}.new`, file);
    };
    for (const by of [byChunks, readPieces]) {
      const more = (file: string) => appendFileSync(file, "more\n");
      assert.equal(await readWhile(more, by), "file.changed");
      assert.equal(await readWhile((file) => truncateSync(file, BYTES / 2), by), "file.changed");
      assert.equal(await readWhile(over, by), "file.changed");
      assert.equal(await readWhile(replace, by), "file.changed");
    }
  });

  it("gives pieces whole and in their order, each until the next is asked for", async () => {
    const file = join(folder, "pieces.csv");
    const bytes = Buffer.from(
      Uint8Array.from({ length: BYTES }, (_, at) => (at * 2_654_435_761) >>> 24),
    );
    writeFileSync(file, bytes);
    const copies: Buffer[] = [];
    for await (const piece of readPieces(file)) {
      // As long as somebody takes to send it, the next one is being read.
      await new Promise((resolve) => setTimeout(resolve, 20));
      copies.push(Buffer.from(piece));
    }
    assert.equal(Buffer.concat(copies).equals(bytes), true);
    assert.equal(copies.length, 3);
    for await (const piece of readPieces(file)) {
      assert.equal(piece.length, copies[0]?.length);
      break;
    }
    await assert.rejects(
      async () => {
        for await (const _ of readPieces(join(folder, "none"))) assert.fail("a piece of nothing");
      },
      { code: "file.not-found" },
    );
  });

  it("takes nothing out of a pipe by asking whether it can be read", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const written = writeFile(pipe, Buffer.alloc(BYTES, 65));
    await requireReadable(pipe);
    let read = 0;
    for await (const { length } of readPieces(pipe)) read += length;
    await written;
    assert.equal(read, BYTES);
    await assert.rejects(requireReadable(`${pipe}.not`), { code: "file.not-found" });
  });

  it("says what it is that can not be read", async () => {
    await assert.rejects(openInput(join(folder, "none")), { code: "file.not-found" });
    await assert.rejects(openInput(folder), { code: "file.is-a-directory" });
    await assert.rejects(sha256OfFile(join(folder, "none")), { code: "file.not-found" });
  });

  it("says that a file or a folder may not be read by this user", async () => {
    const closed = join(folder, "closed");
    await mkdir(closed);
    const file = join(folder, "secret.csv");
    writeFileSync(file, "x");
    chmodSync(file, 0);
    chmodSync(closed, 0);
    const signal = new AbortController().signal;
    const first = () => filesOfFolder(closed, { settleMilliseconds: 0, signal }).next();
    // The superuser may read everything: another one asks.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      await assert.rejects(openInput(file), { code: "file.unreadable" });
      await assert.rejects(first(), { code: "folder.unreadable" });
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(closed, 0o700);
    }
  });
});
