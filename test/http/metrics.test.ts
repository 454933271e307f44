import assert from "node:assert/strict";
import { emptyTotals } from "../../node/engine/intake/control-totals.ts";
import type { AllTotals } from "../../node/engine/store/stored-types.ts";
import { type MetricsSources, NodeMetrics } from "../../node/http/metrics.ts";

const MINUTE = 60_000;
const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString();

const STATUS = {
  books: [],
  bounds: { batchChargesMax: 65_536, batchBytesMax: 33_554_432 },
  suspended: 3,
  claims: {},
  ticksOpen: 7,
  // Of when it is asked for: tests of other files may come between.
  get oldestOpenTick() {
    return ago(10 * MINUTE);
  },
  retention: { done: true, entriesDropped: 0 },
  outbox: 2,
  cadenceSeconds: 60,
  faults: [],
  commitRefused: { tick: "4" },
};

/** Figures of a node whose ledger is at a block of five minutes ago, by their names. */
async function figures(totals: AllTotals, status: object = STATUS): Promise<Map<string, number>> {
  const sources = {
    status: async () => status,
    totals: async () => totals,
    disk: async () => ({ freeBytes: 5, sizeBytes: 9, hasRoom: false }),
    ledger: async () => ({ reachable: false, block: "41", blockTime: ago(5 * MINUTE) }),
    faults: async () => [],
  } as unknown as MetricsSources;
  const lines = (await new NodeMetrics(sources).text()).split("\n");
  return new Map(
    lines
      .filter((line) => line.startsWith("tallystick_"))
      .map((line) => {
        const [name = "", figure] = line.slice("tallystick_".length).split(" ");
        return [name, Number(figure)];
      }),
  );
}

const isAbout = (figure: number | undefined, seconds: number) =>
  assert.ok(Math.abs((figure ?? Number.NaN) - seconds) < 30, `${figure} s`);

describe("figures for Prometheus", () => {
  it("tell how far ledger and commitments are behind, and that the disk has no room", async () => {
    const found = await figures(emptyTotals());
    isAbout(found.get("commitment_lag_seconds"), 600);
    isAbout(found.get("ledger_height_age_seconds"), 300);
    for (const [name, figure] of [
      ["ledger_reachable", 0],
      ["ledger_height", 41],
      ["commitments_open", 7],
      ["commitments_refused", 1],
      ["outbox_transactions", 2],
      ["commit_cadence_seconds", 60],
      ["suspended_records", 3],
      ["disk_free_bytes", 5],
      ["disk_size_bytes", 9],
      ["disk_has_room", 0],
      ["batch_entries_max", 65_536],
      ["batch_bytes_max", 33_554_432],
    ] as const) {
      assert.equal(found.get(name), figure, name);
    }
    const { oldestOpenTick: _, commitRefused: __, ...well } = STATUS;
    const all = await figures(emptyTotals(), well);
    assert.deepEqual([all.get("commitment_lag_seconds"), all.get("commitments_refused")], [0, 0]);
  });

  it("tell what came in and became nothing, in records, seconds and octets", async () => {
    const none = emptyTotals();
    const lost = { records: 2, durationMilliseconds: "1500", octets: "4096" };
    const found = await figures({ ...none, in: lost });
    const difference = (quantity: string) =>
      found.get(`control_difference{quantity="${quantity}"}`);
    assert.deepEqual(["records", "seconds", "octets"].map(difference), [2, 1.5, 4096]);
    const charged = { ...none, in: lost, classes: { ...none.classes, charged: lost } };
    const balanced = await figures(charged);
    for (const quantity of ["records", "seconds", "octets"]) {
      assert.equal(balanced.get(`control_difference{quantity="${quantity}"}`), 0);
    }
    assert.equal(balanced.get('usage_seconds_total{outcome="charged"}'), 1.5);
    assert.equal(balanced.get('usage_octets_total{outcome="charged"}'), 4096);
  });
});
