import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const scripts = fileURLToPath(new URL("../../scripts/", import.meta.url));

describe("set-up", function () {
  this.timeout(240_000);
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-setup-"));
  });
  after(() => rm(base, { recursive: true, force: true }));

  /** A fresh clone without dependencies, so that installing needs no network. */
  const clone = async () => {
    const root = join(base, String(count++));
    await mkdir(join(root, "scripts"), { recursive: true });
    for (const name of ["run.mjs", "set-up.mjs", "set-up", "end-with-parent.mjs"]) {
      await cp(join(scripts, name), join(root, "scripts", name), { recursive: true });
    }
    const about = { name: "clone", version: "1.0.0" };
    const lock = { ...about, lockfileVersion: 3, requires: true, packages: { "": about } };
    await writeFile(join(root, "package.json"), JSON.stringify(about));
    await writeFile(join(root, "package-lock.json"), JSON.stringify(lock));
    await writeFile(
      join(root, "target.ts"),
      `const [what]: string[] = process.argv.slice(2);
       if (what === "wait") {
         process.on("SIGTERM", () => { console.log("ended"); process.exit(7); });
         setInterval(() => {}, 1000);
       } else process.exitCode = 3;
       console.log(JSON.stringify([Number(process.version.slice(1, 3)) >= 24, what]));`,
    );
    return root;
  };
  const start = (root: string, ...args: string[]) => {
    const child = spawn(process.execPath, [join(root, "scripts", "run.mjs"), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const take = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    return { child, output: () => output };
  };
  const ended = async (child: ChildProcess) => (await once(child, "close"))[0] as number | null;

  it("installs in a fresh clone, runs the target and hands on its arguments and exit code", async () => {
    const root = await clone();
    const { child, output } = start(root, "target.ts", "hello");
    assert.equal(await ended(child), 3, output());
    assert.deepEqual(JSON.parse(output().trim().split("\n").at(-1) ?? ""), [true, "hello"]);
    const recorded = await readFile(join(root, "node_modules", ".tallystick-node"), "utf8");
    assert.equal(recorded.trim(), process.execPath);
  });

  it("does nothing the second time, and installs again when the lock file changed", async () => {
    const root = await clone();
    const marker = join(root, "node_modules", ".tallystick-installed");
    await ended(start(root, "target.ts").child);
    const first = (await stat(marker)).mtimeMs;
    await ended(start(root, "target.ts").child);
    assert.equal((await stat(marker)).mtimeMs, first);
    const lock = await readFile(join(root, "package-lock.json"), "utf8");
    await writeFile(join(root, "package-lock.json"), `${lock}\n`);
    await ended(start(root, "target.ts").child);
    assert.notEqual((await stat(marker)).mtimeMs, first);
  });

  it("may be started twice at once", async () => {
    const root = await clone();
    const both = [start(root, "target.ts", "1"), start(root, "target.ts", "2")];
    const codes = await Promise.all(both.map(({ child }) => ended(child)));
    assert.deepEqual(codes, [3, 3], both.map(({ output }) => output()).join("\n"));
    assert.deepEqual(await readdir(join(root, ".tallystick")), []);
  });

  it("waits for another set-up that is under way", async () => {
    const root = await clone();
    const lock = join(root, ".tallystick", "set-up.lock");
    await mkdir(join(root, ".tallystick"));
    await writeFile(lock, String(process.pid));
    const { child, output } = start(root, "target.ts");
    while (!output().includes("Waiting")) await once(child.stderr, "data");
    assert.ok(!(await readdir(root)).includes("node_modules"));
    await rm(lock);
    assert.equal(await ended(child), 3);
  });

  it("passes over the lock of a set-up that was killed", async () => {
    const root = await clone();
    const dead = spawn(process.execPath, ["-e", ""]);
    await once(dead, "exit");
    await mkdir(join(root, ".tallystick"));
    await writeFile(join(root, ".tallystick", "set-up.lock"), String(dead.pid));
    assert.equal(await ended(start(root, "target.ts").child), 3);
  });

  it("installs from a lock file that lacks the builds for other platforms", async () => {
    const root = await clone();
    const package_ = { name: "clone", version: "1.0.0", dependencies: { part: "file:part" } };
    const part = { name: "part", version: "1.0.0", optionalDependencies: { far: "file:../far" } };
    const far = { name: "far", version: "1.0.0", os: ["!linux", "!darwin", "!win32"] };
    const lock = {
      name: "clone",
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": package_,
        "node_modules/part": { resolved: "part", link: true },
        part: { version: "1.0.0", optionalDependencies: part.optionalDependencies },
      },
    };
    await mkdir(join(root, "part"));
    await mkdir(join(root, "far"));
    await writeFile(join(root, "part", "package.json"), JSON.stringify(part));
    await writeFile(join(root, "far", "package.json"), JSON.stringify(far));
    await writeFile(join(root, "package.json"), JSON.stringify(package_));
    const text = JSON.stringify(lock);
    await writeFile(join(root, "package-lock.json"), text);
    const { child, output } = start(root, "target.ts");
    assert.equal(await ended(child), 3, output());
    assert.equal(await readFile(join(root, "package-lock.json"), "utf8"), text);
    assert.ok((await readdir(join(root, "node_modules"))).includes("part"));
  });

  it("shows what failed and exits with 4", async () => {
    const root = await clone();
    await writeFile(join(root, "package-lock.json"), "{");
    const { child, output } = start(root, "target.ts");
    assert.equal(await ended(child), 4);
    assert.match(output(), /Set-up failed/);
  });

  it("hands a signal on, and takes the target along when it is killed itself", async () => {
    const root = await clone();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const { child, output } = start(root, "target.ts", "wait");
      while (!output().includes("wait")) await once(child.stdout, "data");
      child.kill(signal);
      // Closes when the target, which holds the same pipe, has ended too.
      const code = await ended(child);
      assert.match(output(), /ended/);
      assert.equal(code, signal === "SIGTERM" ? 7 : null);
    }
  });

  it("ends with npm, whose shell hands no signal on", async () => {
    const root = await clone();
    const about = { name: "clone", version: "1.0.0" };
    const start = "node scripts/run.mjs target.ts wait; true";
    await writeFile(join(root, "package.json"), JSON.stringify({ ...about, scripts: { start } }));
    const child = spawn("npm", ["start"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    while (!output.includes('"wait"')) await once(child.stdout, "data");
    child.kill("SIGTERM");
    await ended(child);
    assert.match(output, /ended/);
  });
});
