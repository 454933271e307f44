import fc from "fast-check";
import { PEAK_CALENDAR } from "../../core/tariff/tariff-fixture.ts";

/*
 * Tariff documents of every shape that rows can have, valid by the way they are made: tiers of a session
 * hold whole increments, tiers ascend, the last one has no end.
 */

const ZONES = [
  { name: "World", prefixes: [""] },
  { name: "Germany", prefixes: ["49"] },
  { name: "Mobile", prefixes: ["4915", "4916", "49170"] },
  { name: "Short", prefixes: ["49112", "1"] },
];

const amount = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 19), fc.integer({ min: 0, max: 999_999_999 }))
  .map(([whole, decimals]) => `${whole}.${String(decimals).padStart(9, "0")}`);
const scale = fc.integer({ min: 0, max: 9 });
const rounding = fc.record({
  mode: fc.constantFrom("half-up", "half-even", "up", "down"),
  scale,
});

/** How each service counts, and sizes of increments and packages that make sense or do not. */
const SERVICES = [
  { service: "voice", direction: "outgoing", unit: "s", sizes: [1, 6, 7, 30, 60], zones: true },
  { service: "data", unit: "KiB", sizes: [1, 10, 100, 1024, 1000], zones: false },
  { service: "energy", unit: "Wh", sizes: [1, 100, 250, 1000], zones: false },
  { service: "sms", direction: "outgoing", unit: "unit", sizes: [1, 2, 10], zones: true },
] as const;

function priceOf(unit: string, sizes: readonly number[]) {
  const size = fc.constantFrom(...sizes);
  const perUnits = fc.record({
    amount,
    per: fc.constantFrom(1, 3, 7, ...sizes),
    unit: fc.constant(unit),
  });
  const increments = fc.record({ first: size, further: size, unit: fc.constant(unit) });
  const bounds = {
    setUp: amount,
    minimum: fc.constantFrom("0.000000001", "0.05", "0.333333333"),
    maximum: fc.constantFrom("0.5", "8.25", "100"),
    rounding,
  };
  const beside = fc.record(bounds, { requiredKeys: [] });
  const linear = fc.record({ price: perUnits, increments });
  const steps = fc.array(fc.tuple(perUnits, fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 7,
  });
  const tiers = (over: "session" | "account") =>
    fc.record({ increments, steps }).map(({ increments, steps }) => {
      let upTo = increments.first;
      return {
        increments,
        tiers: {
          kind: "graduated",
          over,
          unit,
          steps: steps.map(([price, count], index) => {
            if (index === steps.length - 1) return { price };
            upTo += increments.further * count;
            return { upTo, price };
          }),
        },
      };
    });
  const ofKind = (kind: string) =>
    fc.record({
      increments,
      tiers: perUnits.map((price) => ({ kind, over: "account", unit, steps: [{ price }] })),
    });
  const withBounds = <T extends object>(shape: fc.Arbitrary<T>) =>
    fc.tuple(shape, beside).map(([one, two]) => ({ ...one, ...two }));
  return fc.oneof(
    { weight: 3, arbitrary: withBounds(linear) },
    { weight: 4, arbitrary: withBounds(tiers("session")) },
    { weight: 4, arbitrary: withBounds(tiers("account")) },
    { weight: 2, arbitrary: withBounds(ofKind("package")) },
    { weight: 1, arbitrary: ofKind("volume") },
  );
}

const services = fc.tuple(
  ...SERVICES.map(({ unit, sizes, zones, ...named }) => {
    const price = priceOf(unit, sizes);
    if (!zones) return price.map((one) => ({ ...named, prices: [one] }));
    const names = ZONES.map(({ name }) => name);
    return fc.tuple(price, price, price).map(([one, two, three]) => ({
      ...named,
      zones: names,
      prices: [
        { ...one, zones: ["World", "Short"] },
        { ...two, zones: ["Germany", "Mobile"], bands: ["peak"] },
        { ...three, zones: ["Germany", "Mobile"], bands: ["off-peak"] },
      ],
    }));
  }),
);

export const randomTariff = fc.tuple(services, rounding).map(([services, rounding]) => ({
  format: "tallystick-tariff-1",
  name: "Random",
  currency: "EUR",
  timeZone: "Europe/Berlin",
  validFrom: "2026-03-01",
  calendarUntil: "2026-04-15",
  numbering: { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" },
  rounding,
  calendar: PEAK_CALENDAR,
  zones: ZONES,
  services,
}));
