import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { TallystickError } from "../../node/core/errors.ts";
import { type ColumnsOptions, readColumns } from "../../node/core/formats/columns-reader.ts";
import { formatByName } from "../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import type { NamedTariffs } from "../../node/engine/rate/follow-tariff.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import {
  type PublishedDocument,
  shelve,
  TariffShelf,
} from "../../node/engine/rate/tariff-shelf.ts";
import { RETAIL_ALDER } from "../adapters/memory-members.ts";
import { chunksOf } from "../core/formats/chunks.ts";
import { NAME_KEY } from "../core/formats/name-key.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { ANNA, calls, EngineScene, hasCode, NOON } from "./engine-scene.ts";

const perMinute = (amount: string, more: Partial<TariffDocument> = {}): TariffDocument =>
  tariffDocument({
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [{ ...PER_STARTED_MINUTE, price: { amount, per: 1, unit: "min" } }],
      },
    ],
    ...more,
  });
const BEGINS = NOON + 3_600n;
const first = { version: 1, validFromSeconds: NOON + 60n, document: perMinute("0.10") };
const second = { version: 2, validFromSeconds: BEGINS, document: perMinute("0.07") };
const third = {
  version: 3,
  validFromSeconds: BEGINS + 600n,
  document: perMinute("0.05", {
    plans: [{ name: "friendly" }],
  }),
};

const COLUMN_OPTIONS: ColumnsOptions = {
  nameKey: NAME_KEY,
  file: "Master.csv",
  zone: "Europe/Berlin",
  sourceName: "switch",
  repetitions: () => NO_REPETITIONS,
  sha256: (bytes) => hash("sha256", bytes),
};

/** A call of half a minute, in Berlin's summer time. */
function rowAt(start: number): string {
  const stamp = (seconds: number) =>
    new Date((seconds + 7_200) * 1000).toISOString().slice(0, 19).replace("T", " ");
  return `"","${ANNA}","+493023125000","default","x","SIP/desk","SIP/trunk","Dial","x","${stamp(start)}","${stamp(start)}","${stamp(start + 30)}",30,30,"ANSWERED","DOCUMENTATION","${start}.1",""\n`;
}

describe("a version of the tariff that is published while the node runs", () => {
  let named: PublishedDocument[];
  let isApproved: boolean;
  let scene: EngineScene;
  const configuration: NamedTariffs = {
    named: async (version) => named.find((one) => one.version === version),
    requireApproved: async () => {
      if (!isApproved) throw new TallystickError("tariff.not-approved", "Nobody did.");
    },
  };

  async function publish(published: PublishedDocument): Promise<void> {
    const { ledger } = scene;
    const { root } = shelve(published);
    const { version, validFromSeconds } = published;
    const args = [RETAIL_ALDER, version, root, validFromSeconds];
    const call = ledger.prepare({ contract: "tariffs", method: "publish", args });
    const nonce = await ledger.accountNonce(ledger.senderOf("govern"), "head");
    await ledger.broadcast((await ledger.sign(call, { duty: "govern", nonce })).raw);
  }
  /** Twenty calls of one started minute, one each minute; the eleventh starts with the second version. */
  const around = (prefix: string) =>
    calls(prefix, 20).map((one, at) => ({
      ...one,
      start: new Date(1000 * (Number(BEGINS) + 60 * (at - 10))).toISOString(),
    }));
  /** How many charges there are at each price. */
  async function prices(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const { amountNano } of await scene.charges()) {
      found[amountNano] = (found[amountNano] ?? 0) + 1;
    }
    return found;
  }

  beforeEach(async () => {
    named = [];
    isApproved = true;
    scene = await EngineScene.open({
      named: configuration,
      tariffs: new TariffShelf([first]),
      ingestUnitRecords: 4,
    });
    await publish(first);
    await scene.pipeline.putAccounts([{ id: "anna", label: "Anna", devices: [{ id: ANNA }] }]);
  });

  it("prices what starts from its beginning on, and nothing before", async () => {
    await publish(second);
    named = [second];
    scene.at(BEGINS + 3_600n);
    await scene.ingest("around", around("a"));
    assert.deepEqual(await prices(), { 100000000: 10, 70000000: 10 });
  });

  it("is taken in the middle of a file, which is charged once over a crash", async () => {
    scene.at(BEGINS - 1n);
    let taken = 0;
    const file = () => ({
      name: "around",
      sha256: "ab".repeat(32),
      lines: (async function* () {
        for (const line of around("a")) {
          // The ledger is asked when half of a unit is gathered, here with the next one.
          if (taken++ === 5) {
            await publish(second);
            named = [second];
            scene.at(BEGINS + 3_600n);
          }
          if (taken === 15) throw new Error("kill");
          yield line;
        }
      })(),
    });
    await assert.rejects(scene.pipeline.ingest(file()));
    scene.crash();
    scene.tariffs = new TariffShelf([first, second]);
    await scene.reopen();
    await scene.pipeline.ingest(file());
    assert.deepEqual(await prices(), { 100000000: 10, 70000000: 10 });
    assert.equal((await scene.pipeline.status()).suspended, 0);
    await scene.assertConsistent();
  });

  it("is asked for with the ledger's time when half of a unit is gathered, so that nobody waits for it", async () => {
    let gathered = 0;
    const askedAt: number[] = [];
    const time = {
      seconds: async () => {
        askedAt.push(gathered);
        if (askedAt.length === 5) throw new Error("no ledger says that");
        return scene.network.head().time;
      },
    };
    scene.at(BEGINS + 3_600n);
    await scene.reopen(scene.store, time);
    const file = (prefix: string) => ({
      name: prefix,
      sha256: prefix.repeat(32),
      lines: (async function* () {
        for (const line of around(prefix).slice(0, 9)) {
          gathered++;
          yield line;
        }
      })(),
    });
    await scene.pipeline.ingest(file("aa"));
    assert.deepEqual(askedAt, [0, 2, 6]);
    // What goes wrong meanwhile is told, and what was stored stays.
    await assert.rejects(scene.pipeline.ingest(file("bb")), /no ledger says that/);
    assert.deepEqual(askedAt.slice(3), [9, 11]);
    await scene.assertConsistent();
    assert.equal((await scene.pipeline.ingest(file("bb"))).in.records, 9);
  });

  it("is taken in the middle of columns, whose numbers were guided before", async () => {
    let asked = 0;
    const time = {
      seconds: async () => {
        if (++asked === 3) {
          await publish(second);
          named = [second];
          scene.at(BEGINS + 3_600n);
        }
        return scene.network.head().time;
      },
    };
    scene.at(BEGINS - 1n);
    await scene.reopen(scene.store, time);
    const format = formatByName("asterisk-csv");
    assert.ok(format.kind === "usage" && format.columns);
    const text = Array.from({ length: 20 }, (_, at) => rowAt(Number(BEGINS) + 60 * (at - 10)));
    const lines = readColumns(chunksOf(text.join("")), format.columns, COLUMN_OPTIONS);
    const taken = await scene.pipeline.ingest({
      name: "Master.csv",
      sha256: "cd".repeat(32),
      lines,
    });
    assert.equal(taken.classes.charged.records, 20);
    assert.deepEqual(await prices(), { 100000000: 10, 70000000: 10 });
  });

  it("that is not at hand lets wait what starts from then on, until it is, and refuses the bill", async () => {
    await publish(second);
    scene.at(BEGINS + 3_600n);
    await scene.ingest("around", around("a"));
    assert.deepEqual(await prices(), { 100000000: 10 });
    const waiting = await scene.pipeline.suspense();
    assert.deepEqual([...new Set(waiting.map(({ code }) => code))], ["rating.tariff-lacking"]);
    assert.equal(waiting.length, 10);
    scene.at("2026-11-02T00:00:00Z");
    await assert.rejects(scene.pipeline.bill("2026-10"), hasCode("bill.tariff-lacking"));
    named = [second];
    await scene.pipeline.followTariff(true);
    for (const { record } of waiting) await scene.pipeline.recycle(record.id);
    assert.deepEqual(await prices(), { 100000000: 10, 70000000: 10 });
    await scene.commit();
    assert.equal((await scene.pipeline.bill("2026-10")).totalNano, 1_700_000_000n);
  });

  it("is not taken where it is another document, begins elsewhere, or nobody approved it", async () => {
    await publish(second);
    const lacks = async () => {
      await scene.pipeline.followTariff(true);
      return scene.tariffs.lacksAt(1000 * Number(BEGINS));
    };
    named = [{ ...second, document: first.document }];
    assert.ok(await lacks());
    named = [{ ...second, validFromSeconds: BEGINS + 1n }];
    assert.ok(await lacks());
    named = [second];
    isApproved = false;
    assert.ok(await lacks());
    isApproved = true;
    assert.ok(!(await lacks()));
    assert.equal(scene.tariffs.inForce(1000 * Number(BEGINS))?.version, 2);
  });

  it("brings its plans with it", async () => {
    await publish(second);
    await publish(third);
    named = [second, third];
    const dora = { id: "dora", label: "Dora", devices: [], plan: "friendly" };
    await assert.rejects(scene.pipeline.putAccounts([dora]), hasCode("accounts.plan-unknown"));
    await scene.pipeline.followTariff();
    await scene.pipeline.putAccounts([dora]);
  });

  it("prices sessions that begin later, and is kept out where the accounts on charge do not fit", async () => {
    await publish(second);
    named = [second];
    const pricers = new TariffPricers(scene.tariffs);
    await scene.pipeline.followTariff();
    const begins = 1000 * Number(BEGINS);
    assert.equal(pricers.inForce(begins - 1).tariff.version, 1);
    assert.equal(pricers.inForce(begins).tariff.version, 2);
    await publish(third);
    named.push(third);
    scene.tariffs.onAdd(() => {
      throw new TallystickError("accounts.plan-unknown", "No.");
    });
    await scene.pipeline.followTariff();
    assert.equal(scene.tariffs.lacking?.version, 3);
    assert.equal(scene.tariffs.versions.length, 2);
  });
});
