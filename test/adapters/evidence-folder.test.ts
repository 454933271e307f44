import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvidenceFolder } from "../../node/adapters/evidence-folder.ts";
import type { NewFile } from "../../node/engine/evidence/evidence-shelf.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { hasCode } from "../engine/engine-scene.ts";

const MANY = 100;
const random = new Seeded(3);

const bytesOf = (at: number): Uint8Array => new Uint8Array(50 + at).fill(at);
const placeOf = (at: number): string => `2026-10/${at % 7}/${at}.evidence`;

function newFiles(count: number): NewFile[] {
  return Array.from({ length: count }, (_, at) => ({
    place: placeOf(at),
    whole: new Uint8Array(bytesOf(at)),
    chunks: () => assert.fail("it is whole"),
  }));
}

describe("a folder of evidence files", () => {
  const { PATH } = process.env;
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "tallystick-folder-"));
  });
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(path, { recursive: true });
  });

  for (const [way, count, hasCommand] of [
    ["few", 5, true],
    ["many, by the whole file system", MANY, true],
    ["many, one by one where the system knows no other way", MANY, false],
  ] as const) {
    it(`keeps files whole under their names: ${way}`, async () => {
      if (!hasCommand) process.env.PATH = path;
      const folder = await EvidenceFolder.open(path);
      const lengths = await folder.put(newFiles(count));
      assert.deepEqual(
        lengths,
        newFiles(count).map((_, at) => bytesOf(at).length),
      );
      const at = random.below(count);
      assert.deepEqual(new Uint8Array(readFileSync(join(path, placeOf(at)))), bytesOf(at));
      assert.deepEqual(readdirSync(join(path, ".parts")), []);
      const asked = [placeOf(0), "2026-10/0/none.evidence", ...Array(MANY).fill(placeOf(4))];
      assert.deepEqual((await folder.lengths(asked)).slice(0, 3), [50, undefined, 54]);
      assert.deepEqual(await folder.lengths(asked.slice(0, 2)), [50, undefined]);
    });
  }

  it("is swept: what was begun goes, and names that are there become durable", async () => {
    const [commands, asked] = [join(path, "commands"), join(path, "asked")];
    const folder = await EvidenceFolder.open(path);
    await folder.put(newFiles(2));
    writeFileSync(join(path, ".parts", "begun"), "half");
    mkdirSync(commands);
    // Stands for the system's: tells what it was asked to make durable.
    writeFileSync(join(commands, "sync"), `#!/bin/sh\necho "$@" >> '${asked}'\n`, { mode: 0o755 });
    process.env.PATH = commands;
    await folder.sweep();
    assert.deepEqual(readdirSync(join(path, ".parts")), []);
    assert.equal(readFileSync(asked, "utf8"), `-f ${path}\n`);
  });

  it("says where many files can not be written", async () => {
    const folder = await EvidenceFolder.open(path);
    writeFileSync(join(path, "2026-10"), "a file in the way");
    await assert.rejects(folder.put(newFiles(MANY)), hasCode("publish.not-written"));
    await folder.sweep();
    assert.deepEqual(readdirSync(join(path, ".parts")), []);
  });

  it("has another thread at once where one died, for who tries again", async () => {
    const program = new URL("./dying-files-thread.ts", import.meta.url);
    const folder = await EvidenceFolder.open(path, program);
    writeFileSync(join(path, "die"), "");
    await assert.rejects(folder.put(newFiles(MANY)), hasCode("publish.not-written"));
    assert.equal((await folder.put(newFiles(MANY))).length, MANY);
  });
});
