import fc from "fast-check";

/** Mostly what programs write, and now and then what nobody should. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...odd: fc.Arbitrary<T>[]) =>
  fc.oneof({ weight: 60, arbitrary: usual }, ...odd.map((arbitrary) => ({ weight: 1, arbitrary })));
const raw = (...texts: string[]) => fc.constantFrom(...texts);
const quoted = (arbitrary: fc.Arbitrary<string>) => arbitrary.map((text) => JSON.stringify(text));
const absent = fc.constant(undefined);
const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary }, absent);

const DIGEST = "0123456789abcdef".repeat(4);
const source = mostly(
  fc
    .record({
      offset: fc.nat(1_000_000),
      length: fc.nat(400),
      position: fc.integer({ min: 1, max: 99 }),
    })
    .map(
      ({ offset, length, position }) =>
        `{"format":"asterisk-csv","file":"Master.csv","position":${position},"sha256":"${DIGEST}","byteOffset":${offset},"byteLength":${length}}`,
    ),
  raw(
    `{"format":"x","file":"","position":1,"sha256":"${DIGEST}"}`,
    `{"format":"x","file":"Größe.csv","position":1,"sha256":"${DIGEST}","byteLength":7}`,
    `{"format":"x","file":"f","position":0,"sha256":"${DIGEST}"}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST.toUpperCase()}"}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST}","sha256":"${DIGEST}"}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST}","byteOffset":5000000000}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST}","byteLength":5000000000}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST}","byteOffset":-1}`,
    `{"format":"x","file":"f","position":1,"sha256":"${DIGEST}","more":{"deep":[1]}}`,
    `{"format":"x","file":"f","position":1}`,
    `{"format" : "x" , "file":"f","position":1.0,"sha256":"${DIGEST}" }`,
    "{}",
    "[]",
    "null",
  ),
);

/** Fields that columns do not hold, each as it is written. */
const odd: [string, string][] = [
  ["eventsRoot", `"0x${DIGEST}"`],
  ["account", '"anna"'],
  ["deviceId", '"dev-7"'],
  ["imsi", '"262019876543210"'],
  ["units", "1"],
  ["totalOctets", '"123456"'],
  ["partial", '"intermediate"'],
  ["energyWattHours", '"12.5"'],
  ["visitedNetwork", '"20801"'],
  ["application", '"parking"'],
  ["quality", '"fast"'],
  ["declaredCharge", '{"amount":"1.00","currency":"EUR"}'],
  ["laterField", '{"a":[1,2,{"b":null}]}'],
  ["__proto__", '{"billable":false}'],
  ["id", '"again"'],
  ["bill\\u0061ble", "true"],
  ["rejected", '{"code":"tap3.length-overflow","message":"m"}'],
  ["file", '"f"'],
];

export interface LineParts {
  id: fc.Arbitrary<string>;
  /** Milliseconds since 1970 UTC. */
  start: fc.Arbitrary<number>;
  aParty: fc.Arbitrary<string>;
  bParty: fc.Arbitrary<string>;
}

/** Lines of usage records with their ends, and what stands between them in files that people edited. */
export function ndjsonLine({ id, start, aParty, bParty }: LineParts): fc.Arbitrary<string> {
  const iso = (ms: number) => JSON.stringify(new Date(ms).toISOString());
  const instant = mostly(
    start.map(iso),
    start.map((ms) => iso(ms).replace(/\.\d{3}/, "")),
    start.map((ms) => iso(ms).replace(/\d\dZ/, "Z")),
    raw(
      '"2026-02-29T10:00:00.000Z"',
      '"2026-09-05T24:00:00.000Z"',
      '"1969-12-31T23:59:59.999Z"',
      '"2026-09-05T10:00:00.000+02:00"',
      '"2026-09-05 10:00:00.000Z"',
      '"2026-09-05T10:00:00.00xZ"',
      '""',
      "1791187200",
    ),
  );
  const fields = fc.record({
    id: mostly(quoted(id), raw('""', '"jörg:1"', '"a\\u003a1"', `"${"x".repeat(99)}"`, "7")),
    service: mostly(
      quoted(raw("voice", "voice", "voice", "time")),
      raw('"sms"', '"fax"', '"Voice"'),
    ),
    direction: mostly(
      quoted(raw("outgoing", "outgoing", "incoming", "forwarded", "none")),
      raw('"sideways"', "null"),
    ),
    start: instant,
    sessionStart: fc.oneof({ weight: 2, arbitrary: instant }, absent),
    utcOffsetMinutes: often(mostly(raw("120", "0", "-210", "60"), raw("-0", "901", "1.5", "007"))),
    durationSeconds: mostly<string | undefined>(
      fc.nat(4_000).map(String),
      fc.nat(4_000_000).map((thousandths) => String(thousandths / 1000)),
      raw("1.50", "60.0", "1.2345", "0.0001", "-1", "-0", "1e2", "01", "1.", "12345678901", '"60"'),
      absent,
    ),
    aParty: often(mostly(quoted(aParty), raw('""', '"Jörg"', '"\\ud800"', '"a\\"b"', "49"))),
    bParty: often(mostly(quoted(bParty), raw('""', '"\u007f1"', `"${"9".repeat(1_001)}"`))),
    sessionId: often(mostly(raw('"1791187200.7"'), raw('"ü"', '""'))),
    sequence: fc.oneof({ weight: 5, arbitrary: absent }, raw("1", "0", "-1", "1e1")),
    cause: often(mostly(raw('"ANSWERED"'), raw('"\t"', "true"))),
    billable: mostly(raw("true", "true", "true", "false"), raw('"true"', "True", "1", "tru")),
    source: often(source),
  });
  return fc
    .record({
      fields,
      odd: fc.oneof({ weight: 12, arbitrary: absent }, fc.constantFrom(...odd)),
      isShuffled: fc.boolean(),
      seed: fc.nat(),
      spaces: mostly(raw(",", ", "), raw(" ,\t", ",\u00a0")),
      around: mostly(
        raw("{…}"),
        raw(" {…} ", "{…}x", "{…", "…}", "[{…}]", "{…,}", "\ufeff{…}", "x"),
      ),
      missing: mostly<string | undefined>(absent, raw("id", "service", "start", "billable")),
      end: mostly(raw("\n"), raw("\r\n", "\n\n", "\n \t\r\n", "\r\r\n", " \n", "")),
      before: mostly(raw(""), raw('{"file":{"name":"x"}}\n', "\n", `{"${"x".repeat(70_000)}\n`)),
    })
    .map((one) => {
      const named: Record<string, string | undefined> = one.fields;
      const pairs = Object.entries(named)
        .filter(([name, value]) => value !== undefined && name !== one.missing)
        .map(([name, value]) => [name, value as string] as const);
      if (one.odd !== undefined) pairs.splice(one.seed % (pairs.length + 1), 0, one.odd);
      if (one.isShuffled) {
        const turned = one.seed % pairs.length;
        pairs.push(...pairs.splice(0, turned).reverse());
      }
      const colon = one.spaces === "," ? ":" : ": ";
      const inside = pairs.map(([name, value]) => `"${name}"${colon}${value}`).join(one.spaces);
      return one.before + one.around.replace("…", () => inside) + one.end;
    });
}
