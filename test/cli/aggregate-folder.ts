import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";

/** When the first event of a test is. */
export const START = Date.parse("2026-10-01T00:00:00Z");

/** A line that `aggregate --json` gives, as far as tests look at it. */
export interface AggregateLine {
  summary?: Record<string, number>;
  file?: { events: number; rejected: number; already: boolean; unfinished: boolean };
  proof?: { present?: object; absent?: object };
  error?: { code: string; file?: string; message: string };
}

/** A folder of a test's own with the policy of a city's lamps. */
export class AggregateFolder {
  readonly path = mkdtempSync(join(tmpdir(), "tallystick-aggregate-"));
  readonly policy: object;

  /** @param quantity what of the events is charged */
  constructor(quantity: "count" | "sum") {
    const terms = { name: "lamps", service: "event", groupBy: ["device"], window: "hour" };
    this.policy = { ...terms, quantity };
    writeFileSync(this.at("policy.json"), JSON.stringify(this.policy));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** `aggregate --into events --json` with more arguments. */
  async run(...args: string[]) {
    const result = await runCommand(["aggregate", "--into", this.at("events"), "--json", ...args]);
    const lines = result.lines as unknown as AggregateLine[];
    return { ...result, lines, last: lines.at(-1) };
  }

  /** Every record without its root, which hangs on keys that are drawn anew in each run. */
  records(from = "events") {
    return readdirSync(this.at(`${from}/out`))
      .flatMap((file) =>
        readFileSync(join(this.at(`${from}/out`), file), "utf8")
          .trim()
          .split("\n"),
      )
      .map((line) => {
        const { eventsRoot, ...record } = JSON.parse(line);
        assert.match(eventsRoot, /^0x[0-9a-f]{64}$/);
        return record;
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
