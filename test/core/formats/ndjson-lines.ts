import fc from "fast-check";
import { SERVICES } from "../../../node/core/records/usage-record.ts";

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
  ["units", "1"],
  ["totalOctets", '"123456"'],
  ["energyWattHours", '"12.5"'],
  ["partial", '"between"'],
  ["visitedNetwork", "20801"],
  ["application", '"Parken für alle"'],
  ["quality", '""'],
  ["powerKilowatts", "-1"],
  ["declaredCharge", '{"amount":"1.00","currency":"EUR"}'],
  ["laterField", '{"a":[1,2,{"b":null}]}'],
  ["__proto__", '{"billable":false}'],
  ["id", '"again"'],
  ["bill\\u0061ble", "true"],
  ["rejected", '{"code":"tap3.length-overflow","message":"m"}'],
  ["file", '"f"'],
];

const digits = (max: number) => fc.nat(max).map(String);
/** As programs write octets: a number, or its text where the number could pass 2^53. */
const octets = mostly(
  fc.oneof(
    digits(100_000),
    fc.nat(2 ** 31 - 1).map((n) => `"${n}"`),
  ),
  raw("999999999999999", '"999999999999999"', '"18446744073709551615"', '"1e3"', '"01"', "-1"),
  raw("1.0", "1e3", "01", '""', '"-0"', "null", "9007199254740993"),
);
const energy = mostly(
  fc
    .tuple(fc.nat(2_000_000), fc.nat(3))
    .map(([thousandths, decimals]) => `"${(thousandths / 1000).toFixed(decimals)}"`),
  raw('"999999999999.999"', '"1234567890123"', '"0.0001"', '"1."', '".5"', '"007"', '"-1"', "12.5"),
);
const units = mostly(digits(20), raw("1.5", '"1"', "-1", "1e1", "9007199254740991", "01"));

type Measures = Record<string, string | undefined>;

/** Octets of data in the ways in which sources tell them, and now and then such as contradict. */
const dataMeasures: fc.Arbitrary<Measures> = fc
  .tuple(fc.nat(5_000_000), fc.nat(9_000_000), fc.nat(11), octets)
  .map(([up, down, shape, written]) => {
    const [uplinkOctets, downlinkOctets] = [String(up), String(down)];
    const totalOctets = String(up + down);
    if (shape < 3) return { totalOctets: written };
    if (shape < 6) return { uplinkOctets, downlinkOctets };
    if (shape < 8) return { uplinkOctets: `"${up}"`, downlinkOctets, totalOctets };
    if (shape === 8) return { downlinkOctets, totalOctets: `"${up + down}"` };
    if (shape === 9) return { uplinkOctets };
    if (shape === 10) return { uplinkOctets, downlinkOctets, totalOctets: String(up) };
    return {};
  });

/** What is measured beside a duration. */
function measuresOf(service: string): fc.Arbitrary<Measures> {
  if (service.includes("data")) return dataMeasures;
  if (service.includes("energy"))
    return often(energy).map((energyWattHours) => ({ energyWattHours }));
  if (/voice|time/.test(service)) return fc.constant({});
  return often(units).map((one) => ({ units: one }));
}

/** What a source may tell beside it, and rating by a plain price does not ask for. */
const besides: [string, string][] = [
  ["partial", '"first"'],
  ["partial", '"last"'],
  ["homeNetwork", '"26201"'],
  ["visitedNetwork", '"20801"'],
  ["application", '"parking"'],
  ["quality", '"fast"'],
  ["account", '"anna"'],
  ["powerKilowatts", "11.5"],
  ["currentAmperes", '"16.000"'],
  ["sessionSeconds", "0"],
  ["sessionWattHours", '"1200.5"'],
];

export interface LineParts {
  id: fc.Arbitrary<string>;
  /** Milliseconds since 1970 UTC. */
  start: fc.Arbitrary<number>;
  aParty: fc.Arbitrary<string>;
  bParty: fc.Arbitrary<string>;
  /** Now and then. */
  imsi?: fc.Arbitrary<string>;
  deviceId?: fc.Arbitrary<string>;
}

/** Lines of usage records with their ends, and what stands between them in files that people edited. */
export function ndjsonLine(parts: LineParts): fc.Arbitrary<string> {
  const { id, start, aParty, bParty } = parts;
  const { imsi = raw("262019876543210", "262017"), deviceId = raw("dev-7", "dev-8") } = parts;
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
    imsi: fc.option(mostly(quoted(imsi), raw('""', "7", '"ü"')), { nil: undefined, freq: 3 }),
    deviceId: fc.option(mostly(quoted(deviceId), raw('"\\u0061"')), { nil: undefined, freq: 3 }),
    aParty: often(mostly(quoted(aParty), raw('""', '"Jörg"', '"\\ud800"', '"a\\"b"', "49"))),
    bParty: often(mostly(quoted(bParty), raw('""', '"\u007f1"', `"${"9".repeat(1_001)}"`))),
    sessionId: often(mostly(raw('"1791187200.7"'), raw('"ü"', '""'))),
    sequence: fc.oneof({ weight: 5, arbitrary: absent }, raw("1", "0", "-1", "1e1")),
    cause: often(mostly(raw('"ANSWERED"'), raw('"\t"', "true"))),
    billable: mostly(raw("true", "true", "true", "false"), raw('"true"', "True", "1", "tru")),
    source: often(source),
  });
  const service = mostly(
    quoted(raw(...SERVICES, "voice", "data", "energy", "sms")),
    raw('"fax"', '"Voice"'),
  );
  return fc
    .record({
      fields: service.chain((name) =>
        fc.tuple(fields, measuresOf(name)).map(([all, measures]) => {
          const { id, ...rest } = all;
          return { id, service: name, ...measures, ...rest };
        }),
      ),
      beside: fc.option(fc.constantFrom(...besides), { nil: undefined }),
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
      if (one.beside !== undefined) pairs.push(one.beside);
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
