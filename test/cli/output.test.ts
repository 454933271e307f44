import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { createOutput, plainText } from "../../node/cli/output.ts";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));

describe("what commands write", () => {
  it("shows what a file says without anything that a terminal obeys", () => {
    assert.equal(plainText("a\u001b[2J\u009b8m\r\u0007b\u007f\u202ec"), "a[2J8mbc");
    assert.equal(plainText("two\nlines\tand a tab: ä €"), "two\nlines\tand a tab: ä €");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const character of plainText(text)) {
          const code = character.codePointAt(0) as number;
          const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
          assert.ok(!isControl || character === "\n" || character === "\t", `${code}`);
        }
      }),
    );
  });

  it("writes lines, remarks and JSON so that no control character is left in them", async () => {
    const hostile = "a\u001b[2J\u009b8m";
    const written: string[] = [];
    const { stdout, stderr } = process;
    const real = { out: stdout.write, err: stderr.write };
    const take = (text: unknown) => written.push(String(text)) > 0;
    Object.assign(stdout, { write: take });
    Object.assign(stderr, { write: take });
    try {
      await createOutput(false).say(hostile);
      createOutput(false).remark(hostile);
      await createOutput(true).record({ hostile });
    } finally {
      Object.assign(stdout, { write: real.out });
      Object.assign(stderr, { write: real.err });
    }
    assert.deepEqual(written.slice(0, 2), ["a[2J8m\n", "a[2J8m\n"]);
    assert.equal(written[2], '{"hostile":"a\\u001b[2J\\u009b8m"}\n');
    assert.deepEqual(JSON.parse(written[2] ?? ""), { hostile });
  });

  it("says in words that the disk is full", async function () {
    if (!existsSync("/dev/full")) this.skip();
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, "formats", "--json"], {
      stdio: ["ignore", full, "pipe"],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [status] = await once(child, "close");
    closeSync(full);
    assert.equal(status, 3);
    assert.match(stderr, /\[output\.not-writable\]/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });

  it("ends quietly when the reader of a pipe goes away", async () => {
    const child = spawn(process.execPath, [MAIN, "formats", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout?.destroy();
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [status] = await once(child, "close");
    assert.deepEqual([status, stderr], [0, ""]);
  });
});
