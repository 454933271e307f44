import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { startTallystick, tallystick } from "../cli/run-tallystick.ts";
import { EPOCH, MemoryOperator, octoberUsage } from "../http/memory-operator.ts";
import { OPERATOR_TOKEN, type serve, serveOperator } from "../http/memory-server.ts";

const FILES = 12;
const RECORDS = 25;

/** Calls of one day, each of another second. */
function dayOfCalls(day: number): UsageRecord[] {
  const [sample] = octoberUsage();
  return Array.from({ length: RECORDS }, (_, at) => ({
    ...(sample as UsageRecord),
    id: `day-${day}-${at}`,
    start: new Date(Date.UTC(2026, 9, 2 + day, 8, 0, 7 * at)).toISOString(),
    durationSeconds: 20 + at,
  }));
}

const text = (records: readonly UsageRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** A node's HTTP interface over an engine in memory, and the real commands as its clients. */
class Site {
  readonly folder = mkdtempSync(join(tmpdir(), "tallystick-twelve-"));
  readonly inbox = join(this.folder, "inbox");
  readonly archive = join(this.folder, "archive");
  readonly operator: MemoryOperator;
  readonly node: Awaited<ReturnType<typeof serve>>;

  private constructor(operator: MemoryOperator, node: Awaited<ReturnType<typeof serve>>) {
    this.operator = operator;
    this.node = node;
    mkdirSync(this.inbox);
  }

  static async open(): Promise<Site> {
    const operator = await MemoryOperator.start();
    const devices = [{ id: "+4915112345678" }];
    await operator.pipeline.putAccounts([{ id: "anna", label: "Anna", devices }]);
    const spool = mkdtempSync(join(tmpdir(), "tallystick-twelve-spool-"));
    const node = await serveOperator(operator, spool, "http://127.0.0.1:9");
    return new Site(operator, node);
  }

  readonly #env = { TALLYSTICK_TOKEN: OPERATOR_TOKEN };

  run(...args: string[]) {
    return tallystick([...args, "--node", this.node.url, "--json"], { env: this.#env });
  }

  watch() {
    const { inbox, archive } = this;
    const args = ["ingest", "--watch", inbox, "--archive", archive, "--settle", "0.2"];
    return startTallystick([...args, "--node", this.node.url, "--json"], { env: this.#env });
  }

  put(name: string, content: string): void {
    const part = join(this.folder, `${name}.part`);
    writeFileSync(part, content);
    renameSync(part, join(this.inbox, name));
  }

  async untilArchived(count: number): Promise<void> {
    const archived = () => {
      try {
        return readdirSync(this.archive).length;
      } catch {
        return 0;
      }
    };
    for (let look = 0; archived() < count; look++) {
      assert.ok(look < 2_000, `${archived()} of ${count} files were taken in`);
      await pause(50);
    }
  }

  /** What must not depend on how the files came. */
  async books() {
    await this.operator.commit();
    const { totals } = (await this.run("totals")).lines[0];
    const { charges } = await this.operator.pipeline.evidence("anna", EPOCH);
    const { books } = await this.operator.pipeline.status();
    const sums = books.map(({ kind, runningCount, runningSumNano }) => ({
      kind,
      runningCount,
      runningSumNano,
    }));
    const told = charges.map(({ amountNano }) => amountNano).sort();
    return { sums, told, charged: totals.classes.charged, balanced: totals.balanced };
  }

  async close(): Promise<void> {
    await this.node.close();
    await this.operator.stop();
    rmSync(this.folder, { recursive: true });
  }
}

describe("twelve files of a watched folder", function () {
  this.timeout(120_000);
  let clean: Site;
  let untidy: Site;

  before(async () => {
    clean = await Site.open();
    untidy = await Site.open();
  });
  after(async () => {
    await clean.close();
    await untidy.close();
  });

  it("of which two came twice and one in pieces, with the watcher killed, give the clean set's books", async () => {
    const days = Array.from({ length: FILES }, (_, day) => dayOfCalls(day));
    const names = days.map((records, day) => {
      const file = join(clean.folder, `day-${day}.ndjson`);
      writeFileSync(file, text(records));
      return file;
    });
    const taken = await clean.run("ingest", ...names);
    assert.equal(taken.status, 0, taken.stderr);

    const first = untidy.watch();
    for (const [day, records] of days.slice(0, 6).entries()) {
      untidy.put(`day-${day}.ndjson`, text(records));
    }
    await first.untilLines(2);
    first.end("SIGKILL");
    await first.ended;

    const second = untidy.watch();
    for (const [day, records] of days.entries()) {
      if (day < 6) continue;
      if (day === 7) {
        // In pieces that overlap, the last first.
        untidy.put("day-7-b.ndjson", text(records.slice(10)));
        untidy.put("day-7-a.ndjson", text(records.slice(0, 12)));
      } else untidy.put(`day-${day}.ndjson`, text(records));
    }
    // The same bytes under another name, and the same records in another order.
    untidy.put("day-3-again.ndjson", text(days[3] ?? []));
    untidy.put("day-9-again.ndjson", text([...(days[9] ?? [])].reverse()));
    await untidy.untilArchived(FILES + 3);
    second.end("SIGINT");
    const { status, lines } = await second.ended;
    assert.equal(status, 0);
    assert.ok(lines.every(({ file }) => file === undefined || file.balanced));

    const wanted = await clean.books();
    assert.equal(wanted.charged.records, FILES * RECORDS);
    assert.equal(wanted.balanced, true);
    assert.deepEqual(await untidy.books(), wanted);
    const { totals } = (await untidy.run("totals")).lines[0];
    assert.equal(totals.classes.duplicate.records, 2 + RECORDS);
    assert.equal((await untidy.run("totals", "--by", "hour")).lines.at(-1).summary.unbalanced, 0);
    assert.deepEqual((await untidy.operator.pipeline.checks.run()).problems, []);
  });
});
