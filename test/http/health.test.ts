import assert from "node:assert/strict";
import { TallystickError } from "../../node/core/errors.ts";
import { healthOf } from "../../node/http/health.ts";

describe("the health of a node", () => {
  const good = async () => {};
  const well = { ledger: good, store: good, disk: good, commits: good };
  const WELL = { live: true, ready: true, ledger: true, store: true, disk: true, commits: true };
  const gone = async () => {
    throw new TallystickError("store.removed", "It is gone; put it back.");
  };

  it("is ready while every part is well", async () => {
    assert.deepEqual(await healthOf(well)(), WELL);
    assert.deepEqual(await healthOf({ ...well, charging: good })(), { ...WELL, charging: true });
  });

  it("lives, is not ready and says which part and why, whatever fails or hangs", async () => {
    const never = () => new Promise<never>(() => {});
    const fails = async () => {
      throw new Error("a secret");
    };
    for (const part of ["ledger", "store", "disk", "commits", "charging"] as const) {
      for (const [ill, code] of [
        [never, "health.no-answer"],
        [fails, "internal"],
        [gone, "store.removed"],
      ] as const) {
        const { faults = [], ...parts } = await healthOf({ ...well, [part]: ill }, 20)();
        assert.deepEqual(parts, { ...WELL, ready: false, [part]: false });
        assert.deepEqual(
          faults.map((fault) => [fault.part, fault.code]),
          [[part, code]],
        );
        assert.doesNotMatch(JSON.stringify(faults), /secret/);
      }
    }
  });

  it("tells once why nothing is committed while the store is away, and twice that two folders are", async () => {
    const { faults, ...parts } = await healthOf({
      ...well,
      store: gone,
      commits: gone,
      charging: gone,
    })();
    const ill = { store: false, commits: false, charging: false };
    assert.deepEqual(parts, { ...WELL, ready: false, ...ill });
    assert.deepEqual(
      faults?.map(({ part }) => part),
      ["store", "charging"],
    );
  });

  it("asks the ledger once however many ask at once", async () => {
    let asked = 0;
    const ledger = async () => {
      asked++;
    };
    const health = healthOf({ ...well, ledger });
    await Promise.all(Array.from({ length: 50 }, () => health()));
    assert.equal(asked, 1);
  });
});
