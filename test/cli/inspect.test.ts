import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runCommand, sample } from "./run-command.ts";

const calls = readFileSync(sample("calls-september.xml"), "utf8");

describe("tallystick inspect", () => {
  it("prints a line for each record and one for the file", async () => {
    const { exitCode, lines, errors } = await runCommand([
      "inspect",
      sample("calls-september.xml"),
      "--json",
    ]);
    assert.equal(exitCode, 0);
    assert.equal(errors, "");
    assert.equal(lines.length, 8);
    assert.equal(lines[0]?.service, "voice");
    assert.equal(lines[7]?.file?.records, 7);
  });

  it("reads standard input, and its own output again", async () => {
    const first = await runCommand(["inspect", "-", "--json"], calls);
    assert.equal(first.exitCode, 0);
    const second = await runCommand(["inspect", "-", "--json"], first.out);
    assert.deepEqual(second.lines.slice(0, 7), first.lines.slice(0, 7));
  });

  it("rejects a first line that is too long, and reads the others", async () => {
    const first = await runCommand(["inspect", "-", "--json"], calls);
    const long = `{"payload":"${"x".repeat(100_000)}"}\n`;
    const { exitCode, lines } = await runCommand(["inspect", "-", "--json"], long + first.out);
    assert.equal(exitCode, 1);
    assert.deepEqual(lines[0]?.rejected, {
      code: "usage.line-too-long",
      message: "The line is longer than a record can be.",
      position: 1,
      line: 1,
      byte: 0,
    });
    assert.equal(lines.at(-1)?.file?.records, 7);
  });

  it("answers no when something is wrong with the file", async () => {
    const cut = await runCommand(["inspect", "-", "--json"], calls.slice(0, 600));
    assert.equal(cut.exitCode, 1);
    const file = cut.lines.at(-1)?.file;
    assert.ok(file?.problems.some(({ code }) => code === "xml.truncated"));
  });

  it("says with exit code 3 and a code what can not be used at all", async () => {
    const inputs: [string, string][] = [
      ["hello\n", "format.not-recognised"],
      ["", "format.empty-file"],
      ["<!DOCTYPE calls []><calls/>", "xml.doctype-forbidden"],
      ["line,number,start,amount_usd\n", "format.not-usage"],
    ];
    for (const [input, code] of inputs) {
      const { exitCode, lines, errors } = await runCommand(["inspect", "-", "--json"], input);
      assert.equal(exitCode, 3);
      assert.equal(lines.at(-1)?.error?.code, code);
      assert.ok(!errors.includes("    at "), errors);
    }
    const missing = await runCommand(["inspect", "/no/such/file", "--json"]);
    assert.equal(missing.exitCode, 3);
    assert.equal(missing.lines[0]?.error?.code, "file.not-found");
  });

  it("says with exit code 2 when the call is wrong", async () => {
    for (const args of [
      [],
      ["--format", "tap99", "-"],
      ["--zone", "Mars/Olympus", "-"],
      ["--nonsense", "-"],
    ]) {
      assert.equal((await runCommand(["inspect", ...args])).exitCode, 2, args.join(" "));
    }
  });
});
