import assert from "node:assert/strict";
import { healthOf } from "../../node/http/health.ts";

const head = async () => ({ number: 1n, time: 1n });
const get = async () => undefined;

describe("the health of a node", () => {
  const yes = async () => true;
  const well = { ledger: { head }, store: { get }, hasRoom: yes, commitsAreTaken: yes };
  const WELL = { live: true, ready: true, ledger: true, store: true, disk: true, commits: true };

  it("is ready while every part is well", async () => {
    assert.deepEqual(await healthOf(well)(), WELL);
  });

  it("lives, is not ready and says which part, whatever fails or hangs", async () => {
    const never = () => new Promise<never>(() => {});
    const no = async () => false;
    const fails = async () => {
      throw new Error("gone");
    };
    const cases = [
      [{ ledger: { head: never } }, { ledger: false }],
      [{ ledger: { head: fails } }, { ledger: false }],
      [{ store: { get: fails } }, { store: false }],
      [{ store: { get: never } }, { store: false }],
      [{ hasRoom: no }, { disk: false }],
      [{ hasRoom: fails }, { disk: false }],
      [{ commitsAreTaken: no }, { commits: false }],
    ] as const;
    for (const [ill, told] of cases) {
      const health = healthOf({ ...well, ...ill, answerMilliseconds: 20 });
      assert.deepEqual(await health(), { ...WELL, ready: false, ...told });
    }
  });

  it("asks the ledger once however many ask at once", async () => {
    let asked = 0;
    const counted = async () => {
      asked++;
      return head();
    };
    const health = healthOf({ ...well, ledger: { head: counted } });
    await Promise.all(Array.from({ length: 50 }, () => health()));
    assert.equal(asked, 1);
  });
});
