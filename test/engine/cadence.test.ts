import assert from "node:assert/strict";
import { TallystickError } from "../../node/core/errors.ts";
import { Cadence } from "../../node/engine/commit/cadence.ts";

describe("the cadence", () => {
  it("goes on sealing while claims and finality can not be asked for, and tells why", async () => {
    const away = async () => {
      throw new TallystickError("ledger.unreachable", "The ledger does not answer.");
    };
    let seals = 0;
    const told = new Set<string>();
    const seal = async () => {
      seals++;
      return { batches: [] };
    };
    const work = { followTariff: away, noteFinal: away, workClaims: away, workDemands: away, seal };
    const cadence = new Cadence(work, 1, {
      info: () => {},
      warn: (_event, fields) => told.add(`${fields?.component}: ${fields?.code}`),
    });
    cadence.start();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await cadence.stop();
    assert.equal(seals, 1);
    assert.deepEqual(
      [...told],
      [
        "tariff: ledger.unreachable",
        "finality: ledger.unreachable",
        "claims: ledger.unreachable",
        "demands: ledger.unreachable",
      ],
    );
  });
});
