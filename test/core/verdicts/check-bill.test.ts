import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDecimalNano } from "../../../node/core/money/decimal.ts";
import { readStamp } from "../../../node/core/records/local-stamp.ts";
import type { BillLine } from "../../../node/core/verdicts/bill-line.ts";
import { type CheckBillInput, checkBill } from "../../../node/core/verdicts/check-bill.ts";
import type { DeviceEntry } from "../../../node/core/verdicts/device-entry.ts";

const NEW_YORK = "America/New_York";

function line(
  name: string,
  start: string,
  more: Partial<BillLine> & { amount?: string } = {},
): BillLine {
  const { amount = "0.10", ...fields } = more;
  return {
    line: name,
    position: 1,
    service: "voice",
    direction: "outgoing",
    otherParty: "5555550017",
    start: readStamp(start)!,
    durationSeconds: 50,
    billedUnits: 1,
    unitSeconds: 60,
    amountNano: parseDecimalNano(amount),
    currency: "USD",
    ...fields,
  };
}

function entry(start: string, more: Partial<DeviceEntry> = {}): DeviceEntry {
  return {
    id: start,
    log: "phone.xml",
    service: "voice",
    direction: "outgoing",
    startMs: Date.parse(start),
    durationSeconds: 50,
    number: "+15555550017",
    answered: true,
    answeredElsewhere: false,
    units: 1,
    ...more,
  };
}

/** Entries long before and after, so that the log covers everything between. */
const COVER = [
  entry("2014-01-01T00:00:00Z", { number: "+15550000001", durationSeconds: 11 }),
  entry("2015-12-31T00:00:00Z", { number: "+15550000002", durationSeconds: 13 }),
];

function check(lines: BillLine[], entries: DeviceEntry[], more: Partial<CheckBillInput> = {}) {
  const result = checkBill({ lines, deviceEntries: [...COVER, ...entries], zone: "UTC", ...more });
  const verdicts = Object.fromEntries(
    result.lines.map(({ line: { line: name }, verdict, reason }) => [name, reason ?? verdict]),
  );
  return { ...result, verdicts };
}

const disputed = (amount: string): bigint => parseDecimalNano(amount);

describe("checking a bill against the device's log", () => {
  it("matches a line whose notation, start and duration differ as they usually do", () => {
    const { lines, verdicts } = check(
      [line("1", "2014-12-03 11:37:49", { durationSeconds: 51 })],
      [entry("2014-12-03T16:37:41.510Z")],
      { zone: NEW_YORK },
    );
    assert.deepEqual(verdicts, { 1: "matched" });
    assert.equal(lines[0]?.startDifferenceSeconds, 8);
    assert.equal(lines[0]?.durationDifferenceSeconds, 1);
    assert.equal(lines[0]?.disputedNano, 0n);
  });

  it("recomputes a longer duration by the price per started unit that the bill shows", () => {
    const { lines, verdicts, summary } = check(
      [line("1", "2014-12-03T18:21:11Z", { durationSeconds: 103, billedUnits: 2, amount: "0.20" })],
      [entry("2014-12-03T18:21:06Z", { durationSeconds: 43 })],
    );
    assert.deepEqual(verdicts, { 1: "duration-differs" });
    assert.equal(lines[0]?.disputedNano, disputed("0.10"));
    assert.equal(summary.disputedNano, disputed("0.10"));
  });

  it("disputes nothing when the device's duration is the longer one", () => {
    const { lines, verdicts } = check(
      [line("1", "2014-12-03T18:21:11Z")],
      [entry("2014-12-03T18:21:06Z", { durationSeconds: 430 })],
    );
    assert.deepEqual(verdicts, { 1: "duration-differs" });
    assert.equal(lines[0]?.disputedNano, 0n);
  });

  it("rounds the device's duration where the bill shows rounded minutes alone", () => {
    const rounded = (name: string, minutes: number): BillLine => {
      const { durationSeconds: _, ...rest } = line(name, "2014-12-03T18:21:11Z");
      return { ...rest, billedUnits: minutes };
    };
    const log = [entry("2014-12-03T18:21:06Z", { durationSeconds: 103 })];
    assert.deepEqual(check([rounded("1", 2)], log).verdicts, { 1: "matched" });
    assert.deepEqual(check([rounded("1", 3)], log).verdicts, { 1: "duration-differs" });
  });

  it("disputes the whole of a line that is not on the device", () => {
    const { lines, verdicts } = check([line("1", "2014-12-03T18:21:11Z", { amount: "0.20" })], []);
    assert.deepEqual(verdicts, { 1: "not-on-device" });
    assert.equal(lines[0]?.disputedNano, disputed("0.20"));
  });

  it("takes an entry that several logs have for one, which vouches for one line", () => {
    const twice = [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-03T18:21:11Z")];
    const one = entry("2014-12-03T18:21:06Z");
    const older = [{ ...one, log: "older.xml" }, one];
    const { verdicts, summary, deviceOnly } = check(twice, older);
    assert.deepEqual(verdicts, { 1: "matched", 2: "duplicate" });
    assert.equal(summary.sharedEntries, 1);
    assert.equal(deviceOnly.length, 0);
    assert.deepEqual(check(twice, [one, { ...one, id: "another" }]).summary.sharedEntries, 0);
  });

  it("lets a backup that overlaps speak for all of its time", () => {
    const early = [entry("2014-03-01T10:00:00Z"), entry("2014-03-10T10:00:00Z")];
    const late = [...early.map((one) => ({ ...one, log: "b.xml" }))];
    late.push(entry("2014-03-20T10:00:00Z", { log: "b.xml", durationSeconds: 7 }));
    const { lines } = checkBill({
      lines: [line("1", "2014-03-15T10:00:00Z")],
      deviceEntries: [...early, ...late],
      zone: "UTC",
    });
    assert.equal(lines[0]?.verdict, "not-on-device");
  });

  it("judges thousands of lines that say the same in seconds", function () {
    this.timeout(240_000);
    const many = Array.from({ length: 20_000 }, (_, i) =>
      line(String(i), "2014-12-03T18:21:11Z", { position: i + 1 }),
    );
    const log = (count: number) =>
      Array.from({ length: count }, (_, i) => entry("2014-12-03T18:21:06Z", { id: `e${i}` }));
    // The processor's time, because the machine has other work.
    const before = process.cpuUsage();
    assert.deepEqual(check(many, log(20_000)).summary.byVerdict, { matched: 20_000 });
    assert.ok(process.cpuUsage(before).user < 5_000_000);
    assert.deepEqual(check(many.slice(0, 2000), log(1000)).summary.byVerdict, {
      matched: 1000,
      duplicate: 1000,
    });
  });

  it("finds a call that is twice on the bill", () => {
    const twice = [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-03T18:21:11Z")];
    const { lines, verdicts } = check(twice, [entry("2014-12-03T18:21:06Z")]);
    assert.deepEqual(verdicts, { 1: "matched", 2: "duplicate" });
    assert.equal(lines[1]?.disputedNano, disputed("0.10"));
    const both = [entry("2014-12-03T18:21:06Z"), entry("2014-12-03T18:21:08Z")];
    assert.deepEqual(check(twice, both).verdicts, { 1: "matched", 2: "matched" });
  });

  it("finds the duplicate also when another call of the same length is near", () => {
    const { verdicts } = check(
      [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-03T18:21:11Z")],
      [entry("2014-12-03T18:21:06Z"), entry("2014-12-03T21:02:00Z")],
    );
    assert.deepEqual(verdicts, { 1: "matched", 2: "duplicate" });
  });

  it("takes one of two lines that are on no device for a duplicate of the other", () => {
    const { verdicts } = check(
      [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-03T18:21:11Z")],
      [],
    );
    assert.deepEqual(verdicts, { 1: "not-on-device", 2: "duplicate" });
  });

  it("disputes the whole of a call that nobody answered", () => {
    const missed = { answered: false, durationSeconds: 0 };
    for (const direction of ["incoming", "outgoing"] as const) {
      const { lines, verdicts } = check(
        [line("1", "2014-12-03T18:21:11Z")],
        [entry("2014-12-03T18:21:06Z", { ...missed, direction })],
      );
      assert.deepEqual(verdicts, { 1: "unanswered-on-device" });
      assert.equal(lines[0]?.disputedNano, disputed("0.10"));
    }
  });

  it("leaves what was answered elsewhere undecided", () => {
    const { verdicts, summary } = check(
      [line("1", "2014-12-03T18:21:11Z", { direction: "incoming" })],
      [
        entry("2014-12-03T18:21:06Z", {
          direction: "incoming",
          answeredElsewhere: true,
          durationSeconds: 0,
        }),
      ],
    );
    assert.deepEqual(verdicts, { 1: "answered-elsewhere" });
    assert.equal(summary.undecidedNano, disputed("0.10"));
    assert.equal(summary.disputedNano, 0n);
  });

  it("does not take an incoming call for an outgoing one", () => {
    const log = [entry("2014-12-03T18:21:06Z", { direction: "incoming" })];
    assert.deepEqual(check([line("1", "2014-12-03T18:21:11Z")], log).verdicts, {
      1: "not-on-device",
    });
  });

  it("recognises a line that is off by a whole number of quarter hours", () => {
    for (const at of ["17:21:11", "18:36:11", "19:51:11", "12:36:11"]) {
      const { lines, verdicts } = check(
        [line("1", `2014-12-03T${at}Z`)],
        [entry("2014-12-03T18:21:06Z")],
      );
      assert.deepEqual(verdicts, { 1: "time-zone-shift" }, at);
      assert.equal(lines[0]?.disputedNano, 0n);
    }
  });

  it("tells a time that differs otherwise", () => {
    const { verdicts } = check(
      [line("1", "2014-12-03T18:28:11Z")],
      [entry("2014-12-03T18:21:06Z")],
    );
    assert.deepEqual(verdicts, { 1: "time-differs" });
  });

  it("tells a number that differs", () => {
    const log = [entry("2014-12-03T18:21:06Z", { number: "+15555559999" })];
    assert.deepEqual(check([line("1", "2014-12-03T18:21:11Z")], log).verdicts, {
      1: "number-differs",
    });
  });

  it("matches weakly where bill or device withholds the number, or masks it", () => {
    const { otherParty: _, ...withheld } = line("1", "2014-12-03T18:21:11Z");
    const { number: __, ...anonymous } = entry("2014-12-03T18:21:06Z");
    const log = [entry("2014-12-03T18:21:06Z")];
    assert.deepEqual(check([withheld], log).verdicts, { 1: "matched-weakly" });
    assert.deepEqual(check([line("1", "2014-12-03T18:21:11Z")], [anonymous]).verdicts, {
      1: "matched-weakly",
    });
    const masked = line("1", "2014-12-03T18:21:11Z", { otherParty: "+1555555xxxx" });
    assert.deepEqual(check([masked], log).verdicts, { 1: "matched-weakly" });
  });

  it("leaves forwarded calls undecided", () => {
    const { verdicts } = check([line("1", "2014-12-03T18:21:11Z", { direction: "forwarded" })], []);
    assert.deepEqual(verdicts, { 1: "forwarded-leg" });
  });

  it("leaves undecided what lies before the log's first or after its last entry", () => {
    const lines = [line("1", "2013-12-31T23:00:00Z"), line("2", "2015-12-31T00:00:01Z")];
    const { verdicts, summary } = check(lines, []);
    assert.deepEqual(verdicts, { 1: "log-does-not-cover", 2: "log-does-not-cover" });
    assert.equal(summary.undecidedNano, disputed("0.20"));
  });

  it("lets each log speak only for its own time", () => {
    const logs = ["a.xml", "b.xml"].flatMap((log, i) => [
      entry(`2014-0${3 * i + 1}-01T00:00:00Z`, { log, number: "+15550000001" }),
      entry(`2014-0${3 * i + 2}-01T00:00:00Z`, { log, number: "+15550000001" }),
    ]);
    const lines = [
      line("1", "2014-01-10T00:00:00Z"),
      line("2", "2014-03-10T00:00:00Z"),
      line("3", "2014-04-10T00:00:00Z"),
    ];
    const { lines: found } = checkBill({ lines, deviceEntries: logs, zone: "UTC" });
    assert.deepEqual(
      found.map(({ verdict }) => verdict),
      ["not-on-device", "undecided", "not-on-device"],
    );
  });

  it("leaves undecided what the log never holds", () => {
    const { verdicts } = check(
      [
        line("1", "2014-12-03T18:21:11Z", { service: "data" }),
        line("2", "2014-12-03T18:21:11Z", { service: "sms" }),
      ],
      [],
    );
    assert.deepEqual(verdicts, { 1: "not-a-logged-service", 2: "not-a-logged-service" });
  });

  it("disputes lines outside the period, whose end is not part of it", () => {
    const lines = [
      line("1", "2014-12-01 00:00:00"),
      line("2", "2015-01-01 00:00:00"),
      line("3", "2014-11-30 23:59:59"),
    ];
    const { verdicts, summary } = check(lines, [], {
      zone: NEW_YORK,
      period: "2014-12-01/2015-01-01",
    });
    assert.deepEqual(verdicts, { 1: "not-on-device", 2: "outside-period", 3: "outside-period" });
    assert.equal(summary.disputedNano, disputed("0.30"));
  });

  it("tries both readings of a time in the night when clocks are set back", () => {
    for (const utc of ["05:30:00", "06:30:00"]) {
      const { verdicts, lines } = check(
        [line("1", "2014-11-02 01:30:05")],
        [entry(`2014-11-02T${utc}Z`)],
        { zone: NEW_YORK },
      );
      assert.deepEqual(verdicts, { 1: "matched" }, utc);
      assert.match(lines[0]!.because, /twice that night/);
    }
  });

  it("keeps two calls apart that have the same local time in that night", () => {
    const { verdicts } = check(
      [line("1", "2014-11-02 01:30:05"), line("2", "2014-11-02 01:30:05")],
      [entry("2014-11-02T05:30:00Z"), entry("2014-11-02T06:30:00Z")],
      { zone: NEW_YORK },
    );
    assert.deepEqual(verdicts, { 1: "matched", 2: "matched" });
  });

  it("reviews a time that does not exist because clocks were set forward", () => {
    const { verdicts } = check(
      [line("1", "2014-03-09 02:30:05")],
      [entry("2014-03-09T07:30:00Z")],
      { zone: NEW_YORK },
    );
    assert.deepEqual(verdicts, { 1: "time-zone-shift" });
  });

  it("reads a line by its own offset or zone before the default one", () => {
    const own = line("1", "2014-12-03T13:21:11-05:00");
    const zoned = line("2", "2014-12-04 19:21:11");
    zoned.start.zone = "Europe/Berlin";
    const log = [entry("2014-12-03T18:21:06Z"), entry("2014-12-04T18:21:06Z")];
    assert.deepEqual(check([own, zoned], log, { zone: "Asia/Tokyo" }).verdicts, {
      1: "matched",
      2: "matched",
    });
  });

  it("takes a bill without seconds at its minute", () => {
    const log = [entry("2014-12-03T18:21:50Z")];
    assert.deepEqual(check([line("1", "2014-12-03 18:21")], log).verdicts, { 1: "matched" });
    assert.deepEqual(check([line("1", "2014-12-03 18:20:59")], log).verdicts, {
      1: "time-differs",
    });
  });

  it("recognises a clock that is off by a constant", () => {
    const starts = [0, 1, 2, 3, 4].map((day) => Date.UTC(2014, 5, 1 + day, 9 + day, 7 * day));
    const durations = [31, 77, 122, 43, 95];
    const lines = starts.map((at, i) =>
      line(String(i), new Date(at + 200_000 + 3000 * i).toISOString(), {
        durationSeconds: durations[i]!,
        billedUnits: 3,
      }),
    );
    const log = starts.map((at, i) =>
      entry(new Date(at).toISOString(), { durationSeconds: durations[i]! }),
    );
    const { summary, lines: found } = check(lines, log, { priceLine: () => disputed("0.10") });
    assert.deepEqual(summary.byVerdict, { matched: 5 });
    assert.equal(summary.clockOffsetSeconds, 200);
    assert.equal(found[0]?.startDifferenceSeconds, 200);
  });

  it("calls a whole bill in the wrong zone shifted, also where calls follow each other hourly", () => {
    const hours = [0, 1, 2, 3, 4, 5].map((hour) => Date.UTC(2014, 5, 1, 9 + hour));
    const lines = hours.map((at, i) =>
      line(String(i), new Date(at + 3_605_000).toISOString(), {
        durationSeconds: 40 + 5 * i,
        billedUnits: 2,
      }),
    );
    const log = hours.map((at, i) =>
      entry(new Date(at).toISOString(), { durationSeconds: 40 + 5 * i }),
    );
    const { summary } = check(lines, log);
    assert.deepEqual(summary.byVerdict, { "time-zone-shift": 6 });
    assert.equal(summary.clockOffsetSeconds, 0);
  });

  it("compares the amount with the tariff's", () => {
    const log = [entry("2014-12-03T18:21:06Z")];
    const lines = [line("1", "2014-12-03T18:21:11Z", { amount: "0.15" })];
    const dear = check(lines, log, { priceLine: () => disputed("0.10") });
    assert.deepEqual(dear.verdicts, { 1: "price-differs" });
    assert.equal(dear.summary.disputedNano, disputed("0.05"));
    const cheap = check(lines, log, { priceLine: () => disputed("0.20") });
    assert.deepEqual(cheap.verdicts, { 1: "price-differs" });
    assert.equal(cheap.summary.disputedNano, 0n);
    assert.deepEqual(check(lines, log, { priceLine: () => undefined }).verdicts, { 1: "matched" });
  });

  it("accepts the price of either band where ringing and answer lie on both sides of a change", () => {
    const change = Date.parse("2014-12-03T18:21:08Z");
    const log = [entry("2014-12-03T18:21:06Z")];
    for (const amount of ["0.10", "0.20", "0.30"]) {
      const { verdicts } = check([line("1", "2014-12-03T18:21:11Z", { amount })], log, {
        priceLine: (_, { startMs }) => disputed(startMs < change ? "0.20" : "0.10"),
      });
      assert.deepEqual(verdicts, { 1: amount === "0.30" ? "price-differs" : "matched" });
    }
  });

  it("asks the tariff for the device's duration where durations differ", () => {
    const { summary } = check(
      [line("1", "2014-12-03T18:21:11Z", { durationSeconds: 500, amount: "5.00" })],
      [entry("2014-12-03T18:21:06Z")],
      { priceLine: (_, { durationSeconds }) => BigInt(durationSeconds!) * disputed("0.01") },
    );
    assert.equal(summary.disputedNano, disputed("4.50"));
  });

  it("disputes units that were billed beyond the line's own duration", () => {
    const { verdicts, summary } = check(
      [line("1", "2014-12-03T18:21:11Z", { billedUnits: 4, amount: "0.40" })],
      [entry("2014-12-03T18:21:06Z")],
    );
    assert.deepEqual(verdicts, { 1: "price-differs" });
    assert.equal(summary.disputedNano, disputed("0.30"));
  });

  it("matches messages by number and time, a long one as often as it has segments", () => {
    const sms = { service: "sms" as const };
    const message = (name: string): BillLine => {
      const {
        durationSeconds: _,
        billedUnits: __,
        unitSeconds: ___,
        ...rest
      } = line(name, "2014-12-03T18:21:11Z", sms);
      return rest;
    };
    const cover = COVER.map((one) => ({ ...one, ...sms, id: `${one.id} sms` }));
    const sent = { ...entry("2014-12-03T18:21:10Z", sms), units: 2 };
    const { verdicts } = check([message("1"), message("2"), message("3")], [...cover, sent]);
    assert.deepEqual(verdicts, { 1: "matched", 2: "matched", 3: "duplicate" });
  });

  it("keeps a true pair although breaking it would give two doubtful ones", () => {
    const later = { durationSeconds: 500, billedUnits: 9 };
    const { verdicts } = check(
      [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-03T18:21:31Z", later)],
      [entry("2014-12-03T18:21:06Z"), entry("2014-12-03T18:19:50Z", { durationSeconds: 300 })],
    );
    assert.deepEqual(verdicts, { 1: "matched", 2: "not-on-device" });
  });

  it("names device entries of the period that are on no line", () => {
    const { deviceOnly } = check(
      [line("1", "2014-12-03T18:21:11Z"), line("2", "2014-12-05T18:21:11Z")],
      [
        entry("2014-12-03T18:21:06Z"),
        entry("2014-12-04T10:00:00Z", { direction: "incoming", durationSeconds: 9 }),
        entry("2014-12-05T18:21:06Z"),
        entry("2014-12-06T10:00:00Z", { durationSeconds: 9 }),
      ],
    );
    assert.deepEqual(
      deviceOnly.map((one) => one.entry.id),
      ["2014-12-04T10:00:00Z"],
    );
  });

  it("refuses a bill without lines, and one in two currencies", () => {
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "none";
    };
    assert.equal(
      code(() => check([], [])),
      "bill.no-lines",
    );
    const mixed = [
      line("1", "2014-12-03T18:21:11Z"),
      line("2", "2014-12-03T18:21:11Z", { currency: "EUR" }),
    ];
    assert.equal(
      code(() => check(mixed, [])),
      "bill.mixed-currencies",
    );
    const one = [line("1", "2014-12-03T18:21:11Z")];
    assert.equal(
      code(() => check(one, [], { zone: "Mars/Olympus" })),
      "zone.unknown",
    );
    assert.equal(
      code(() => check(one, [], { period: "2015-01-01/2014-01-01" })),
      "period.not-a-period",
    );
  });
});

const calls = fc.uniqueArray(
  fc.record({
    minute: fc.nat(20_000),
    number: fc.integer({ min: 0, max: 5 }),
    durationSeconds: fc.integer({ min: 1, max: 400 }),
    ringSeconds: fc.nat(60),
  }),
  // No two calls at once on one phone.
  { selector: ({ minute }) => Math.floor(minute / 10), maxLength: 30, minLength: 1 },
);

interface Call {
  minute: number;
  number: number;
  durationSeconds: number;
  ringSeconds: number;
}

function logOf(made: Call[]): DeviceEntry[] {
  return made.map(({ minute, number, durationSeconds }, i) =>
    entry(new Date(Date.UTC(2014, 5, 1) + minute * 60_000).toISOString(), {
      id: String(i),
      number: `+1555555000${number}`,
      durationSeconds,
    }),
  );
}

function billOf(made: Call[]): BillLine[] {
  return made.map(({ minute, number, durationSeconds, ringSeconds }, i) =>
    line(
      `L${i}`,
      new Date(Date.UTC(2014, 5, 1) + minute * 60_000 + ringSeconds * 1000).toISOString(),
      {
        otherParty: `555555000${number}`,
        durationSeconds,
        billedUnits: Math.ceil(durationSeconds / 60),
      },
    ),
  );
}

describe("checking any bill", () => {
  it("matches every line of a bill that was made from the log", () => {
    fc.assert(
      fc.property(calls, (made) => {
        const { summary } = checkBill({
          lines: billOf(made),
          deviceEntries: logOf(made),
          zone: "UTC",
        });
        assert.deepEqual(summary.byVerdict, { matched: made.length });
      }),
    );
  });

  it("comes to the same verdicts in whatever order lines and entries stand", () => {
    const shuffled = calls.chain((made) => {
      // Some lines false, some twice, some entries missing.
      const bill = billOf(made);
      const lines = [
        ...bill.map((one, i) => (i % 3 === 0 ? { ...one, durationSeconds: 999 } : one)),
        ...bill.filter((_, i) => i % 4 === 1).map((one) => ({ ...one, line: `${one.line} again` })),
      ];
      const entries = logOf(made).filter((_, i) => i % 5 !== 2);
      return fc.tuple(
        fc.constant({ lines, entries }),
        fc.shuffledSubarray(lines, { minLength: lines.length }),
        fc.shuffledSubarray(entries, { minLength: entries.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([{ lines, entries }, otherLines, otherEntries]) => {
        const verdictsOf = (some: BillLine[], log: DeviceEntry[]): Map<string, string> => {
          const found = checkBill({ lines: some, deviceEntries: [...COVER, ...log], zone: "UTC" });
          return new Map(
            found.lines
              .map((one): [string, string] => [
                one.line.line,
                `${one.verdict} ${one.disputedNano} ${one.deviceEntry?.id}`,
              ])
              .sort(),
          );
        };
        assert.deepEqual(verdictsOf(otherLines, otherEntries), verdictsOf(lines, entries));
      }),
    );
  });
});
