import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
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
    const faults = cadence.faults.map(({ part, code, message }) => [part, code, message]);
    assert.deepEqual(
      faults,
      ["tariff", "finality", "claims", "demands"].map((part) => [
        part,
        "ledger.unreachable",
        "The ledger does not answer.",
      ]),
    );
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

  it("commits a credit at the next beat, and before it only where it would be overdue by then", async () => {
    const MINUTES = 60;
    /** How often it seals within a look, when a credit is due in so many seconds and the next beat in others. */
    const sealsOf = async (creditDueSeconds: number | undefined, beatSeconds: number) => {
      let seals = 0;
      let looks = 0;
      const good = async () => {};
      const work = {
        followTariff: good,
        noteFinal: good,
        // Found waiting once: the first commitment takes it along.
        workClaims: async () => (looks++ === 0 ? creditDueSeconds : undefined),
        workDemands: good,
        seal: async () => {
          seals++;
          return { batches: [] };
        },
      };
      const cadence = new Cadence(work, beatSeconds, { info: () => {}, warn: () => {} });
      cadence.start();
      while (looks === 0) await pause(10);
      await cadence.stop();
      return seals;
    };
    const HOUR = 60 * MINUTES;
    assert.deepEqual(
      await Promise.all([
        sealsOf(24 * HOUR, HOUR),
        sealsOf(HOUR + 11 * MINUTES, HOUR),
        sealsOf(undefined, HOUR),
        // Conceded late in the window, or overdue; too early for what showing it takes.
        sealsOf(HOUR + 9 * MINUTES, HOUR),
        sealsOf(30 * MINUTES, HOUR),
        sealsOf(-1, HOUR),
        // Without a cadence there is no next beat.
        sealsOf(24 * HOUR, 0),
        sealsOf(undefined, 0),
      ]),
      [0, 0, 0, 1, 1, 1, 1, 0],
    );
  });

  it("tells no more of what failed once it is done", async () => {
    let isAway = true;
    let rounds = 0;
    const good = async () => {};
    const cadence = new Cadence(
      {
        followTariff: good,
        noteFinal: async () => {
          if (isAway) throw new Error("a secret");
        },
        workClaims: async () => undefined,
        workDemands: async () => void rounds++,
        seal: async () => ({ batches: [] }),
      },
      0,
      { info: () => {}, warn: () => {} },
    );
    const round = async () => {
      for (const until = rounds + 1; rounds < until; ) await pause(20);
      await pause(1);
    };
    cadence.start();
    await round();
    const [fault] = cadence.faults;
    assert.deepEqual([fault?.part, fault?.code], ["finality", "internal"]);
    assert.doesNotMatch(fault?.message ?? "", /secret/);
    isAway = false;
    await round();
    await cadence.stop();
    assert.deepEqual(cadence.faults, []);
  });
});
