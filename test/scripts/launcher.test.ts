import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../../bin/tallystick", import.meta.url));

interface Ran {
  code: number;
  out: string;
  err: string;
}

function run(file: string, args: string[], options: { cwd?: string; path?: string } = {}) {
  return new Promise<Ran>((resolve) => {
    const env = { ...process.env, PATH: options.path ?? process.env.PATH };
    execFile(file, args, { cwd: options.cwd ?? "/", env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err });
    });
  });
}

describe("launcher", () => {
  let base: string;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick launcher-"));
  });
  after(() => rm(base, { recursive: true, force: true }));

  /** A checkout that prints its arguments, and a PATH with the given `node`. */
  const checkout = async (name: string, node: string) => {
    const root = join(base, name);
    await mkdir(join(root, "node", "cli"), { recursive: true });
    await mkdir(join(root, "node_modules"), { recursive: true });
    await mkdir(join(root, "path"), { recursive: true });
    await cp(dirname(launcher), join(root, "bin"), { recursive: true });
    const script = "const all: string[] = process.argv.slice(2); console.log(JSON.stringify(all));";
    await writeFile(join(root, "node", "cli", "main.ts"), script);
    await writeFile(join(root, "path", "node"), `#!/bin/sh\n${node}\n`, { mode: 0o755 });
    const path = `${join(root, "path")}:/usr/bin:/bin`;
    return { root, path, command: join(root, "bin", "tallystick") };
  };
  const newNode = `exec "${process.execPath}" "$@"`;
  const oldNode = "echo v20.20.2";

  it("answers --help in under half a second, from any directory", async () => {
    await run(launcher, ["--help"]);
    const started = performance.now();
    const { code, out } = await run(launcher, ["--help"], { cwd: tmpdir() });
    assert.ok(performance.now() - started < 500);
    assert.equal(code, 0);
    assert.match(out, /^Usage: tallystick COMMAND/);
  });

  it("finds its checkout behind symbolic links and passes arguments on as they are", async () => {
    const { root, path, command } = await checkout("with links", newNode);
    await symlink(command, join(root, "absolute"));
    await symlink("absolute", join(root, "relative"));
    const args = ["a b", "", "$HOME", "*", '"'];
    for (const file of [command, join(root, "absolute"), join(root, "relative")]) {
      const { out } = await run(file, args, { path });
      assert.deepEqual(JSON.parse(out), args);
    }
  });

  it("takes the recorded Node when the one on PATH is too old", async () => {
    const { root, path, command } = await checkout("old node", oldNode);
    await writeFile(join(root, "node_modules", ".tallystick-node"), `${process.execPath}\n`);
    assert.deepEqual(JSON.parse((await run(command, ["x"], { path })).out), ["x"]);
  });

  it("asks npx when the recorded one is gone, and records the answer", async () => {
    const { root, path, command } = await checkout("npx", oldNode);
    await writeFile(join(root, "node_modules", ".tallystick-node"), "/nowhere/node\n");
    const npx = `#!/bin/sh\necho asked >>"${root}/asked"\necho "${process.execPath}"\n`;
    await writeFile(join(root, "path", "npx"), npx, { mode: 0o755 });
    assert.deepEqual(JSON.parse((await run(command, ["x"], { path })).out), ["x"]);
    await writeFile(join(root, "path", "npx"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    assert.deepEqual(JSON.parse((await run(command, ["y"], { path })).out), ["y"]);
  });

  it("says what to do when there is no Node or nothing is installed", async () => {
    const { root, path, command } = await checkout("nothing", oldNode);
    await writeFile(join(root, "path", "npx"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const noNode = await run(command, ["x"], { path });
    assert.equal(noNode.code, 4);
    assert.match(noNode.err, /Node 24/);
    await rm(join(root, "node_modules"), { recursive: true });
    const notInstalled = await run(command, ["x"], { path });
    assert.equal(notInstalled.code, 4);
    assert.match(notInstalled.err, /npm ci/);
  });
});
