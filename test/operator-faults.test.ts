import assert from "node:assert/strict";
import { TallystickError } from "../node/core/errors.ts";
import type { PipelineStatus } from "../node/engine/pipeline-status.ts";
import { faultOf } from "../node/engine/standing-fault.ts";
import { healthOf } from "../node/http/health.ts";
import { type FaultyParts, partChecks, standingFaults } from "../node/operator-faults.ts";

const failing = (code: string) => async () => {
  throw new TallystickError(code, "…");
};
const good = async () => {};
const stuck = { trouble: new TallystickError("ledger.refused", "…") };

const WELL: FaultyParts = {
  store: { requireUsable: good },
  ledger: { head: async () => ({ number: 1n, time: 1n }) },
  outbox: { pending: () => [] },
  pipeline: { requireCommitsTaken: good },
  tariffs: { lacking: undefined },
  tariffFollower: { trouble: undefined },
  cadence: { faults: [] },
  upkeep: { fault: undefined },
  publishing: { fault: undefined },
  charging: { requireWritable: good, upkeepFault: undefined },
  reserve: { requireRoom: good },
} as FaultyParts;
const BOOKS = {
  totalsBalance: true,
  leftToStaff: { claims: [], demands: [] },
} as unknown as PipelineStatus;

/** A part of a node that is otherwise well, as its interface. */
const ill = (change: object): FaultyParts => ({ ...WELL, ...change }) as FaultyParts;
const background = (part: string, code: string) => faultOf(part, new TallystickError(code, "…"));

async function toldOf(parts: FaultyParts, books: object = {}): Promise<string[]> {
  const health = await healthOf(partChecks(parts))();
  const faults = standingFaults(parts, health, { ...BOOKS, ...books });
  for (const { message } of faults) assert.ok(message.length > 0);
  return faults.map(({ part, code }) => `${part}: ${code}`);
}

describe("what stands in a node's way", () => {
  it("is nothing while all is well", async () => {
    assert.deepEqual(await toldOf(WELL), []);
  });

  it("is told of each part, with its code", async () => {
    const lacking = { version: 2, validFromSeconds: 0n };
    const waits = [{ id: "0x01", code: "demand.no-such-place" }];
    const cases: [parts: object, told: string, books?: object][] = [
      [{ store: { requireUsable: failing("store.removed") } }, "store: store.removed"],
      [{ ledger: { head: failing("ledger.unreachable") } }, "ledger: ledger.unreachable"],
      [{ reserve: { requireRoom: failing("disk.nearly-full") } }, "disk: disk.nearly-full"],
      [{ pipeline: { requireCommitsTaken: failing("commit.refused") } }, "commits: commit.refused"],
      [
        { cadence: { faults: [background("seal", "seal.trees-wrong")] } },
        "commits: seal.trees-wrong",
      ],
      [{ charging: { requireWritable: failing("store.removed") } }, "charging: store.removed"],
      [
        { charging: { ...WELL.charging, upkeepFault: background("charging-upkeep", "x.y") } },
        "charging-upkeep: x.y",
      ],
      [{ outbox: { pending: () => [{}, stuck] } }, "outbox: ledger.refused"],
      [{ tariffs: { lacking } }, "tariff: rating.tariff-lacking"],
      [
        { tariffs: { lacking }, tariffFollower: { trouble: new TallystickError("a.b", "") } },
        "tariff: a.b",
      ],
      [{ cadence: { faults: [background("claims", "x.y")] } }, "claims: x.y"],
      [
        { upkeep: { fault: background("upkeep", "publish.not-erased") } },
        "upkeep: publish.not-erased",
      ],
      [
        { publishing: { fault: background("publishing", "publish.not-written") } },
        "publishing: publish.not-written",
      ],
      [{}, "totals: totals.not-balanced", { totalsBalance: false }],
      [{}, "records-seen: store.value-damaged", { damagedRuns: 1 }],
      [{}, "demands: demand.no-such-place", { leftToStaff: { claims: [], demands: waits } }],
      [{}, "claims: demand.no-such-place", { leftToStaff: { claims: waits, demands: [] } }],
    ];
    for (const [parts, told, books] of cases) {
      assert.deepEqual(await toldOf(ill(parts), books), [told]);
    }
  });

  it("is told once, where one thing keeps many parts from their work", async () => {
    const away = "ledger.unreachable";
    const rounds = ["tariff", "finality", "claims", "demands"].map((part) =>
      background(part, away),
    );
    const parts = {
      ledger: { head: failing(away) },
      cadence: { faults: rounds },
      upkeep: { fault: background("upkeep", away) },
      publishing: { fault: background("publishing", away) },
    };
    assert.deepEqual(await toldOf(ill(parts)), [`ledger: ${away}`]);
    // Who keeps asking although it answers is told all the same.
    const { ledger: _, ...others } = parts;
    assert.deepEqual(await toldOf(ill(others)), [`tariff: ${away}`]);
    const gone = {
      store: { requireUsable: failing("store.removed") },
      pipeline: { requireCommitsTaken: failing("store.removed") },
      cadence: { faults: [background("seal", "store.removed")] },
      charging: {
        requireWritable: failing("store.removed"),
        upkeepFault: background("charging-upkeep", "charging.log-failed"),
      },
    };
    assert.deepEqual(await toldOf(ill(gone)), ["store: store.removed", "charging: store.removed"]);
  });
});
