import assert from "node:assert/strict";
import { healthOf } from "../../node/http/health.ts";

const head = async () => ({ number: 1n, time: 1n });
const get = async () => undefined;

describe("the health of a node", () => {
  it("is ready while ledger and store answer", async () => {
    const health = healthOf({ ledger: { head }, store: { get } });
    assert.deepEqual(await health(), { live: true, ready: true, ledger: true, store: true });
  });

  it("lives and is not ready while the ledger hangs or refuses, or the store fails", async () => {
    const never = () => new Promise<never>(() => {});
    const fails = async () => {
      throw new Error("gone");
    };
    const cases = [
      [{ head: never }, { get }, false, true],
      [{ head: fails }, { get }, false, true],
      [{ head }, { get: fails }, true, false],
      [{ head }, { get: never }, true, false],
    ] as const;
    for (const [ledger, store, hasLedger, hasStore] of cases) {
      const health = healthOf({ ledger, store, answerMilliseconds: 20 });
      assert.deepEqual(await health(), {
        live: true,
        ready: false,
        ledger: hasLedger,
        store: hasStore,
      });
    }
  });

  it("asks the ledger once however many ask at once", async () => {
    let asked = 0;
    const counted = async () => {
      asked++;
      return head();
    };
    const health = healthOf({ ledger: { head: counted }, store: { get } });
    await Promise.all(Array.from({ length: 50 }, () => health()));
    assert.equal(asked, 1);
  });
});
