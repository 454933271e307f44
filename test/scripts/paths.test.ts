import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

describe("a checkout whose path has a blank and a percent sign", () => {
  it("starts its nodes as any other", function () {
    this.timeout(30_000);
    const base = mkdtempSync(join(tmpdir(), "tallystick-paths-"));
    try {
      const checkout = join(base, "my 100%25 dir");
      for (const part of ["node", "scripts", "package.json"]) {
        cpSync(join(CHECKOUT, part), join(checkout, part), { recursive: true });
      }
      symlinkSync(join(CHECKOUT, "node_modules"), join(checkout, "node_modules"));
      const code = `
        import { OperatorProcess } from "./scripts/network/operator-process.ts";
        const options = { name: "A node", folder: "nowhere", say: () => {} };
        await OperatorProcess.start(options).catch((error) => console.log(error.code));
      `;
      writeFileSync(join(checkout, "start-a-node.ts"), code);
      const { stdout } = spawnSync(process.execPath, ["start-a-node.ts"], {
        cwd: checkout,
        encoding: "utf8",
        env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
      });
      // The node itself was found, and says what it lacks.
      assert.equal(stdout.trim(), "config.unreadable");
    } finally {
      rmSync(base, { recursive: true });
    }
  });

  it("is nowhere named by a URL's path, in which both are escaped", () => {
    for (const folder of ["node", "scripts", "test", "bin"]) {
      const files = readdirSync(join(CHECKOUT, folder), { recursive: true, withFileTypes: true });
      for (const file of files) {
        if (!file.isFile() || !/(\.m?ts|\.mjs|^tallystick)$/.test(file.name)) continue;
        const path = join(file.parentPath, file.name);
        assert.doesNotMatch(readFileSync(path, "utf8"), /import\.meta\.url\)\s*\.pathname/, path);
      }
    }
    assert.doesNotMatch(
      readFileSync(join(CHECKOUT, "scripts/network/sample-network.ts"), "utf8"),
      /\.pathname/,
    );
  });
});
