import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { NodeMetrics } from "../../node/http/metrics.ts";

const folder = new URL("../../samples/monitoring/", import.meta.url);
const RULES = new URL("tallystick-alerts.yml", folder);
const HAS_PROMTOOL = spawnSync("promtool", ["--version"]).status === 0;

const never = () => Promise.reject(new Error("not asked"));
const figures = new NodeMetrics({
  status: never,
  totals: never,
  disk: never,
  ledger: never,
  faults: async () => [],
});
const rules = readFileSync(RULES, "utf8");
const operations = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8");

/** Names of figures that are asked for, and that are written about. */
const namesIn = (text: string): string[] => [
  ...new Set(text.match(/\btallystick_[a-z_]+[a-z]\b/g) ?? []),
];

describe("sample of alert rules", () => {
  it("asks only for figures that the node has", async () => {
    const text = await figures.text();
    const known = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string));
    assert.ok(namesIn(rules).length >= 10);
    for (const name of namesIn(rules)) assert.ok(known.has(name), name);
    // The page that explains alarms names no other ones either, and explains every figure.
    for (const name of namesIn(operations)) assert.ok(known.has(name), name);
    for (const name of known) {
      if (name.startsWith("tallystick_")) assert.ok(operations.includes(name), name);
    }
  });

  it(`is taken by promtool${HAS_PROMTOOL ? "" : " (skipped: it is not installed)"}`, function () {
    if (!HAS_PROMTOOL) this.skip();
    const check = spawnSync("promtool", ["check", "rules", fileURLToPath(RULES)]);
    assert.equal(check.status, 0, String(check.stderr));
    const config = fileURLToPath(new URL("prometheus.yml", folder));
    const whole = spawnSync("promtool", ["check", "config", "--syntax-only", config]);
    assert.equal(whole.status, 0, String(whole.stderr));
  });
});
