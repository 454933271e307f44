import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import fc from "fast-check";
import { AsteriskColumns } from "../../node/core/formats/asterisk-columns.ts";
import { type ColumnsOptions, readColumns } from "../../node/core/formats/columns-reader.ts";
import { NameTable } from "../../node/core/formats/name-table.ts";
import { formatByName } from "../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";
import type { UsageLines } from "../../node/core/formats/usage-columns.ts";
import type { ControlClass } from "../../node/engine/store/stored-types.ts";
import { chunksOf } from "../core/formats/chunks.ts";
import { NAME_KEY } from "../core/formats/name-key.ts";
import { ndjsonLine } from "../core/formats/ndjson-lines.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import { ANNA, BERT, EngineScene, STRANGER } from "./engine-scene.ts";
import { CARL, DORA, planScene } from "./plan-scene.ts";
import { SERVICES_TARIFF } from "./services-tariff.ts";

const OPTIONS: ColumnsOptions = {
  nameKey: NAME_KEY,
  file: "Master.csv",
  zone: "Europe/Berlin",
  sourceName: "switch",
  repetitions: () => NO_REPETITIONS,
  sha256: (bytes) => hash("sha256", bytes),
};
/** A call's start; the ledger's time of the scenes is noon of 5 October. */
const NOON = Date.parse("2026-10-05T12:00:00Z") / 1000;

interface Call {
  ago: number;
  ring: number;
  seconds: number;
  a: string;
  b: string;
  disposition: string;
  serial: number;
  /** Of the row: a wrong one, one that leaves columns, or none. */
  flaw: string;
}

const stampOf = (seconds: number) =>
  new Date((seconds + 7_200) * 1000).toISOString().slice(0, 19).replace("T", " ");

function rowOf({ ago, ring, seconds, a, b, disposition, serial, flaw }: Call): string {
  const start = NOON - ago;
  const answer = disposition === "ANSWERED" ? stampOf(start + ring) : "";
  const end = stampOf(start + ring + seconds);
  const written = flaw === "T" ? stampOf(start).replace(" ", "T") : stampOf(start);
  const device = flaw === "umlaut" ? "SIP/jörg" : flaw === "quote" ? 'SIP/"x' : "SIP/desk";
  const billed = flaw === "seconds" ? "x" : disposition === "ANSWERED" ? seconds : 0;
  return `"","${a}","${b}","default","""Desk"" <1>","${device}","SIP/trunk","Dial","x","${written}","${answer}","${end}",${ring + seconds},${billed},"${disposition}","DOCUMENTATION","${start}.${serial}",""\n`;
}

const callOf = (parties: string[], b: string[]): fc.Arbitrary<Call> =>
  fc.record({
    // Up to two months ago, and now and then of the future: the oldest age of the scenes is 45 days.
    ago: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 3_600, max: 40 * 86_400 }) },
      { weight: 1, arbitrary: fc.integer({ min: -600, max: 900 }) },
      { weight: 1, arbitrary: fc.integer({ min: 40 * 86_400, max: 60 * 86_400 }) },
    ),
    ring: fc.integer({ min: 0, max: 40 }),
    seconds: fc.integer({ min: 0, max: 4_000 }),
    a: fc.constantFrom(...parties),
    b: fc.constantFrom(...b),
    disposition: fc.constantFrom(
      "ANSWERED",
      "ANSWERED",
      "ANSWERED",
      "ANSWERED",
      "NO ANSWER",
      "BUSY",
    ),
    serial: fc.nat(3),
    flaw: fc.oneof(
      { weight: 8, arbitrary: fc.constant("") },
      fc.constantFrom("T", "umlaut", "quote", "seconds"),
    ),
  });

/** Files whose rows are now and then those of an earlier one, or its content under another id. */
const filesOf = (call: fc.Arbitrary<Call>) =>
  fc
    .tuple(
      fc.array(call, { minLength: 5, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
    )
    .map(([calls, again, pieces]) => {
      const rows = calls.map(rowOf);
      for (const [which, isTwin] of again) {
        const one = calls[which % calls.length] as Call;
        rows.push(rowOf(isTwin ? { ...one, serial: one.serial + 10 } : one));
      }
      const size = Math.ceil(rows.length / pieces);
      return Array.from({ length: pieces }, (_, at) =>
        rows.slice(at * size, (at + 1) * size).join(""),
      );
    });

const asterisk = formatByName("asterisk-csv");

function linesOf(text: string, by: "columns" | "objects"): UsageLines {
  assert.ok(asterisk.kind === "usage" && asterisk.columns && asterisk.parseBlocks);
  const chunks = chunksOf(text, 1_000);
  // A table of so few names is emptied all the time.
  const open = (options: ColumnsOptions) =>
    new AsteriskColumns(options, undefined, new NameTable(NAME_KEY, 4));
  const few = { ...asterisk.columns, open };
  return by === "columns"
    ? readColumns(chunks, text.length % 2 === 0 ? few : asterisk.columns, OPTIONS)
    : asterisk.parseBlocks(chunks, OPTIONS);
}

const ndjson = formatByName("usage-ndjson");

function recordsOf(text: string, by: "columns" | "objects"): UsageLines {
  assert.ok(ndjson.kind === "usage" && ndjson.columns && ndjson.parseBlocks);
  const chunks = chunksOf(text, 1_000);
  return by === "columns"
    ? readColumns(chunks, ndjson.columns, OPTIONS)
    : ndjson.parseBlocks(chunks, OPTIONS);
}

const ingest = (
  scene: EngineScene,
  name: string,
  text: string,
  by: "columns" | "objects",
  read = linesOf,
) =>
  scene.pipeline.ingest({
    name,
    sha256: createHash("sha256").update(name).digest("hex"),
    lines: read(text, by),
  });

/** Every value of the store, as it lies there; sums by hour name their classes in any order. */
async function everything(scene: EngineScene): Promise<[string, unknown][]> {
  const found: [string, unknown][] = [];
  for await (const { key, value } of scene.store.scan({ from: "", to: "\uffff" })) {
    const text = Buffer.from(value).toString("latin1");
    const [json = ""] = text.split("\n");
    found.push([key, key.startsWith("hour/") ? JSON.parse(json) : text]);
  }
  return found;
}

const PARTIES = [ANNA, ANNA, BERT, STRANGER, STRANGER, "0049 151 00000001", STRANGER, ""];
const OTHERS = [
  "+4930123456",
  "+498001234567",
  "+33123",
  "030 / 123-456",
  "anonymous",
  "",
  "+4930999",
];

const PLAIN: Call = {
  ago: 86_400,
  ring: 5,
  seconds: 61,
  a: ANNA,
  b: "+4930123456",
  disposition: "ANSWERED",
  serial: 0,
  flaw: "",
};
/** A row of each class; what is random beside them may lack one. */
const ROWS_OF_EACH = [
  { ...PLAIN },
  { ...PLAIN, serial: 1, b: "+498001234567" },
  { ...PLAIN, serial: 2, a: STRANGER, ago: 2 * 3_600 },
  { ...PLAIN },
  { ...PLAIN, serial: 3, flaw: "seconds" },
  { ...PLAIN, serial: 4, disposition: "BUSY" },
]
  .map(rowOf)
  .join("");

const recordLine = (fields: object) =>
  `${JSON.stringify({
    id: "switch:1",
    service: "voice",
    direction: "outgoing",
    start: new Date(1000 * (NOON - 86_400)).toISOString(),
    durationSeconds: 61,
    aParty: ANNA,
    bParty: "+4930123456",
    billable: true,
    ...fields,
  })}\n`;
const SIM = "262019876543210";
/** Told by device or SIM; one device changed hands within the time of the records. */
const THINGS = [
  { id: "meters", label: "Meters", devices: [{ id: "dev-7" }, { id: SIM }] },
  { id: "old", label: "Old", devices: [{ id: "dev-8", to: "2026-09-25T12:00:00Z" }] },
  { id: "new", label: "New", devices: [{ id: "dev-8", from: "2026-09-25T12:00:00Z" }] },
];
const LINES_OF_SERVICES = [
  { service: "sms" },
  { service: "mms", units: 2 },
  { service: "data", totalOctets: 1_000_000, durationSeconds: 60.5, deviceId: "dev-7" },
  { service: "data", totalOctets: 1_000_000, durationSeconds: 60.5, deviceId: "dev-9", imsi: SIM },
  { service: "data", uplinkOctets: "1", downlinkOctets: 2, partial: "last", imsi: SIM },
  { service: "data", deviceId: "dev-8" },
  { service: "energy", energyWattHours: "12.500", deviceId: "dev-8" },
  { service: "energy", energyWattHours: "12.500", partial: "first", deviceId: "dev-7" },
  { service: "time", durationSeconds: 3_600.5, application: "parking" },
  { service: "content", application: "parking" },
  { service: "event", units: 1_000_000, deviceId: "dev-7", visitedNetwork: "20801" },
  // A device that nobody owns is told by what else is said, now this and now that.
  { service: "event", deviceId: "dev-9", aParty: ANNA, imsi: SIM },
  { service: "event", deviceId: "dev-9", aParty: ANNA, imsi: "262010" },
  { service: "event", deviceId: "dev-9", aParty: BERT, imsi: "262010" },
];

const LINES_OF_EACH = [
  recordLine({}),
  recordLine({ id: "switch:2", bParty: "+498001234567" }),
  recordLine({ id: "switch:3", aParty: "+4915199999999" }),
  recordLine({}),
  recordLine({ id: "switch:4", direction: "sideways" }),
  recordLine({ id: "switch:5", billable: false }),
  recordLine({ id: "switch:6", durationSeconds: 0 }),
];

const CLASSES: ControlClass[] = [
  "charged",
  "pricedAtZero",
  "suspended",
  "duplicate",
  "rejected",
  "notBillable",
];

/** One number that two accounts had for some time, both of them for some days. */
const MOVED = [
  { id: "carl", from: "2026-09-05T00:00:00Z", to: "2026-09-25T12:00:00Z" },
  { id: "dora", from: "2026-09-20T00:00:00Z", to: "2026-10-03T00:00:00Z" },
].map(({ id, ...dates }) => ({ id, label: id, devices: [{ id: STRANGER, ...dates }] }));

describe("columns taken in", function () {
  this.timeout(240_000);

  it("leave the very store that records leave, one after the other", async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        filesOf(callOf(PARTIES, OTHERS)),
        fc.record({
          ingestUnitRecords: fc.constantFrom(1, 7, 16_384),
          seenEntriesInMemory: fc.constantFrom(10, 1_000_000),
          dealtChargesMin: fc.constantFrom(1, 1_000_000),
        }),
        async (files, options) => {
          const fast = await EngineScene.withAccounts({ seed: 7, ...options });
          const plain = await EngineScene.withAccounts({ seed: 7, ...options });
          for (const scene of [fast, plain]) await scene.pipeline.putAccounts(MOVED);
          for (const [at, text] of files.entries()) {
            const taken = await ingest(fast, `file-${at}`, text, "columns");
            assert.deepEqual(taken, await ingest(plain, `file-${at}`, text, "objects"));
            for (const [name, { records }] of Object.entries(taken.classes)) {
              outcomes.set(name, (outcomes.get(name) ?? 0) + records);
            }
          }
          assert.deepEqual(await everything(fast), await everything(plain));
          await fast.assertConsistent();
        },
      ),
      {
        numRuns: 40,
        examples: [
          [
            [ROWS_OF_EACH],
            { ingestUnitRecords: 7, seenEntriesInMemory: 10, dealtChargesMin: 1_000_000 },
          ],
        ],
      },
    );
    for (const name of CLASSES) assert.ok((outcomes.get(name) ?? 0) > 0, name);
  });

  it("leave it too for usage records as JSON lines", async () => {
    const outcomes = new Map<string, number>();
    const lines = ndjsonLine({
      id: fc.nat(300).map((serial) => `switch:${serial}`),
      start: fc.integer({ min: -600, max: 50 * 86_400 }).map((ago) => 1000 * (NOON - ago)),
      aParty: fc.constantFrom(...PARTIES.filter((party) => party !== "")),
      bParty: fc.constantFrom(...OTHERS.filter((party) => party !== "")),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(lines, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(3, 16_384),
        async (made, ingestUnitRecords) => {
          const options = { seed: 5, ingestUnitRecords, tariffs: SERVICES_TARIFF };
          const fast = await EngineScene.withAccounts(options);
          const plain = await EngineScene.withAccounts(options);
          for (const scene of [fast, plain]) await scene.pipeline.putAccounts(THINGS);
          for (const [at, part] of [made.slice(0, 20), made.slice(20)].entries()) {
            const text = part.join("");
            const taken = await ingest(fast, `file-${at}`, text, "columns", recordsOf);
            const same = await ingest(plain, `file-${at}`, text, "objects", recordsOf);
            assert.deepEqual(taken, same);
            for (const [name, { records }] of Object.entries(taken.classes)) {
              outcomes.set(name, (outcomes.get(name) ?? 0) + records);
            }
          }
          assert.deepEqual(await everything(fast), await everything(plain));
        },
      ),
      {
        numRuns: 40,
        examples: [
          [LINES_OF_EACH, 3],
          [LINES_OF_SERVICES.map((one, at) => recordLine({ id: `own:${at}`, ...one })), 16_384],
        ],
      },
    );
    for (const name of CLASSES) assert.ok((outcomes.get(name) ?? 0) > 0, name);
  });

  it("count what is not billable again in another file, never as a duplicate, nor what it shares an id with", async () => {
    const rung = { id: "switch:1", billable: false };
    const lines = [rung, { id: "switch:1" }, rung, { id: "switch:2", billable: false }];
    for (const by of ["columns", "objects"] as const) {
      const scene = await EngineScene.withAccounts();
      const take = (name: string, text: string) => ingest(scene, name, text, by, recordsOf);
      const text = lines.map(recordLine).join("");
      const { classes } = await take("switch", text);
      assert.deepEqual([classes.charged?.records, classes.notBillable?.records], [1, 3], by);
      const again = (await take("switch, again", text)).classes;
      assert.deepEqual([again.duplicate?.records, again.notBillable?.records], [1, 3], by);
      assert.equal(again.charged?.records, 0);
    }
  });

  it("leave it too where accounts have plans", async () => {
    await fc.assert(
      fc.asyncProperty(
        filesOf(callOf([ANNA, BERT, CARL, DORA, DORA], ["+4930123456"])),
        async (files) => {
          const fast = await planScene({ seed: 3, ingestUnitRecords: 20, dealtChargesMin: 8 });
          const plain = await planScene({ seed: 3, ingestUnitRecords: 20, dealtChargesMin: 8 });
          for (const [at, text] of files.entries()) {
            const taken = await ingest(fast, `file-${at}`, text, "columns");
            assert.deepEqual(taken, await ingest(plain, `file-${at}`, text, "objects"));
          }
          assert.deepEqual(await everything(fast), await everything(plain));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("charge late records in the month after the one that was billed", async () => {
    const calls = fc.sample(callOf([ANNA, BERT], ["+4930123456"]), { numRuns: 60, seed: 4 });
    const rows = calls.map((one, at) => {
      const ago = Math.min(one.ago, 30 * 86_400 - at);
      return rowOf({ ...one, ago, serial: at, flaw: "" });
    });
    const scenes = [];
    for (const by of ["columns", "objects"] as const) {
      const scene = await EngineScene.withAccounts({ seed: 6 });
      await ingest(scene, "early", rows.slice(0, 30).join(""), by);
      await scene.commit();
      await scene.pipeline.bill("2026-09");
      await ingest(scene, "late", rows.slice(30).join(""), by);
      scenes.push(scene);
    }
    const [fast, plain] = scenes as [EngineScene, EngineScene];
    assert.deepEqual(await everything(fast), await everything(plain));
    const late = (await fast.charges()).filter(({ opened, epoch }) => {
      const start = Number(opened.charge?.start ?? 0);
      return epoch === "2026-10" && start < Date.parse("2026-10-01");
    });
    assert.ok(late.length > 0);
  });

  it("take a clerk's price for a record that has one", async () => {
    const calls = fc.sample(callOf([ANNA, BERT], ["+4930123456"]), { numRuns: 40, seed: 9 });
    const text = calls.map((one, at) => rowOf({ ...one, serial: at, flaw: "" })).join("");
    const first = await EngineScene.withAccounts();
    await ingest(first, "use", text, "objects");
    const ids = (await first.charges()).map(({ recordId }) => recordId);
    const handPrices = Object.fromEntries(
      ids.slice(3, 6).map((id, at) => [id, { amount: `${at + 7}.5`, reason: "agreed by letter" }]),
    );
    const fast = await EngineScene.withAccounts({ seed: 2, handPrices });
    const plain = await EngineScene.withAccounts({ seed: 2, handPrices });
    await ingest(fast, "use", text, "columns");
    await ingest(plain, "use", text, "objects");
    assert.deepEqual(await everything(fast), await everything(plain));
    const amounts = (await fast.charges()).map(({ amountNano }) => amountNano);
    assert.ok(amounts.includes("9500000000"), amounts.join(" "));
  });

  it("go on where they were, wherever the node died, and however the file is read then", async () => {
    const calls = fc.sample(callOf(PARTIES, OTHERS), { numRuns: 60, seed: 5 });
    const text = calls.map(rowOf).join("");
    const clean = await EngineScene.withAccounts({ seed: 1, ingestUnitRecords: 10 });
    const expected = (await ingest(clean, "use", text, "objects")).classes;
    for (let dies = 1; dies < 30; dies += 2) {
      const scene = await EngineScene.withAccounts({ seed: 1, ingestUnitRecords: 10 });
      const fuse = new FusedStore(scene.store);
      await scene.reopen(fuse);
      fuse.dieAfter(dies, dies % 4 === 1);
      await ingest(scene, "use", text, "columns").catch(() => {});
      scene.crash();
      await scene.reopen();
      const { classes } = await ingest(scene, "use", text, dies % 3 === 0 ? "objects" : "columns");
      assert.deepEqual(classes, expected, `died at ${dies}`);
      await scene.assertConsistent();
    }
  });
});
