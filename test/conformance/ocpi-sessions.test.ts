import assert from "node:assert/strict";
import { readOcpiSession } from "../../node/core/formats/ocpi-sessions.ts";
import { formatNano } from "../../node/core/money/decimal.ts";
import { importOcpiTariff } from "../../node/core/tariff/import-ocpi.ts";
import { accountScene } from "../core/rating/account-scene.ts";

/*
 * The sessions that OCPI works out (2.2.1 and 2.3.0, mod_tariffs and mod_cdrs), each as its tariff and
 * as a charge detail record: imported, read and rated, without a hand on either.
 */

type Component = { type: string; price: number; vat?: number; step_size: number };
const component = (type: string) => (price: number, step_size: number, vat?: number) => ({
  type,
  price,
  ...(vat === undefined ? {} : { vat }),
  step_size,
});
const [energy, time, parking] = ["ENERGY", "TIME", "PARKING_TIME"].map(component) as [
  ReturnType<typeof component>,
  ReturnType<typeof component>,
  ReturnType<typeof component>,
];
const flat = (price: number, vat?: number) => component("FLAT")(price, 1, vat);
const when = (restrictions: object, ...price_components: Component[]) => ({
  price_components,
  restrictions,
});
const always = (...price_components: Component[]) => ({ price_components });

/** A period's minutes from the session's start, and its dimensions. */
type Period = [minute: number, dimensions: Record<string, number>];
const hours = (minutes: number) => minutes / 60;

interface Session {
  what: string;
  elements: object[];
  more?: object;
  /** In UTC, the charge point's zone. */
  start?: string;
  periods: Period[];
  net: string;
  total?: string;
}

const WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"];
const COMPLEX = [
  always(flat(2.5, 15)),
  when({ max_current: 32 }, time(1, 900, 20)),
  when({ min_current: 32, day_of_week: WEEKDAYS }, time(2, 600, 20)),
  when({ min_current: 32, day_of_week: ["SATURDAY", "SUNDAY"] }, time(1.25, 600, 20)),
  when({ start_time: "09:00", end_time: "18:00", day_of_week: WEEKDAYS }, parking(5, 300, 10)),
  when({ start_time: "10:00", end_time: "17:00", day_of_week: ["SATURDAY"] }, parking(6, 300, 10)),
];
const STEPS = [
  when({ start_time: "00:00", end_time: "17:00" }, time(1.2, 1800), parking(1, 900)),
  when({ start_time: "17:00", end_time: "20:00" }, time(2.4, 900), parking(1, 900)),
  when({ start_time: "20:00", end_time: "00:00" }, time(2.4, 900)),
];
const reserved = (kind: string, ...components: Component[]) =>
  when({ reservation: kind }, ...components);
const CHARGING = always(flat(0.5, 20), energy(0.25, 1, 10));
const kWh = (volume: number): Period[] => [[0, { ENERGY: volume }]];
const afterReservation = (minutes: number): Period[] => [
  [0, { RESERVATION_TIME: hours(minutes) }],
  [minutes, { ENERGY: 20 }],
];

const sessions: Session[] = [
  {
    what: "0.25 a kWh",
    elements: [always(energy(0.25, 1, 10))],
    periods: kWh(20),
    net: "5.00",
    total: "5.50",
  },
  { what: "and a start fee", elements: [CHARGING], periods: kWh(20), net: "5.50", total: "6.10" },
  {
    what: "and a minimum that is reached",
    elements: [always(energy(0.25, 1, 10))],
    more: { min_price: { excl_vat: 0.5, incl_vat: 0.55 } },
    periods: kWh(20),
    net: "5.00",
    total: "5.50",
  },
  {
    what: "and a minimum that is not",
    elements: [always(energy(0.25, 1, 10))],
    more: { min_price: { excl_vat: 0.5, incl_vat: 0.55 } },
    periods: kWh(1),
    net: "0.50",
    total: "0.55",
  },
  {
    what: "and a parking fee",
    elements: [always(flat(0.5, 20), energy(0.25, 1, 10), parking(2, 900, 20))],
    periods: [
      [0, { ENERGY: 20 }],
      [60, { PARKING_TIME: hours(40) }],
    ],
    net: "7.00",
    total: "7.90",
  },
  {
    what: "below its maximum",
    elements: [CHARGING],
    more: { max_price: { excl_vat: 10, incl_vat: 11 } },
    periods: kWh(30),
    net: "8.00",
    total: "8.85",
  },
  {
    what: "2.00 an hour",
    elements: [always(time(2, 60, 10))],
    periods: [[0, { TIME: 2.5 }]],
    net: "5.00",
    total: "5.50",
  },
  {
    what: "2.10 an hour with taxes of a rate that is not told",
    elements: [always(time(2.1, 1))],
    more: { currency: "CAD", tax_included: "YES" },
    periods: [[0, { TIME: 2.5 }]],
    net: "5.25",
  },
  {
    what: "3.00 an hour and 5.00 of parking",
    elements: [always(time(3, 60, 10), parking(5, 300, 20))],
    periods: [
      [0, { TIME: 2.5 }],
      [150, { PARKING_TIME: 0.7 }],
    ],
    net: "11.25",
    total: "12.75",
  },
  {
    what: "0.25 a kWh in steps of 0.1",
    elements: [always(flat(0.5, 20), energy(0.25, 100, 10))],
    periods: kWh(20.45),
    net: "5.625",
    total: "6.2375",
  },
  {
    what: "complex, a Monday at 16 A",
    elements: COMPLEX,
    start: "2026-03-02T09:30:00Z",
    periods: [
      [0, { TIME: hours(165), ENERGY: 10, MAX_CURRENT: 16 }],
      [165, { PARKING_TIME: hours(42), ENERGY: 0 }],
    ],
    net: "9.00",
    total: "10.30",
  },
  {
    what: "complex, a Saturday at 43 A",
    elements: COMPLEX,
    start: "2026-03-07T13:30:00Z",
    periods: [
      [0, { TIME: 1.9, MIN_CURRENT: 43 }],
      [114, { PARKING_TIME: hours(71) }],
    ],
    // The text has 12.28 and 13.861: it reckons 2.28 for 114 minutes at 1.25 an hour, which are 2.375.
    net: "12.375",
    total: "13.975",
  },
  {
    what: "free of charge",
    elements: [always(flat(0))],
    periods: [[0, { ENERGY: 20, TIME: 1 }]],
    net: "0.00",
  },
  {
    what: "reserved for 15 minutes",
    elements: [reserved("RESERVATION", time(5, 60, 20)), CHARGING],
    periods: afterReservation(15),
    net: "6.75",
    total: "7.60",
  },
  {
    what: "reserved for 13 minutes, with a fee",
    elements: [reserved("RESERVATION", flat(2, 20), time(5, 300, 20)), CHARGING],
    periods: afterReservation(13),
    net: "8.75",
    total: "10.00",
  },
  ...[
    { periods: afterReservation(22), net: "6.50", total: "7.30" },
    { periods: [[0, { RESERVATION_TIME: 1 }]] as Period[], net: "6.00", total: "7.20" },
  ].map((one, index) => ({
    what: `a reservation that ${index === 0 ? "was used" : "expired"}, with a fee`,
    elements: [
      reserved("RESERVATION_EXPIRES", flat(4, 20)),
      reserved("RESERVATION", time(2, 600, 20)),
      CHARGING,
    ],
    ...one,
  })),
  ...[
    { periods: afterReservation(22), net: "7.00", total: "7.90" },
    { periods: [[0, { RESERVATION_TIME: 1.5 }]] as Period[], net: "9.00", total: "10.80" },
  ].map((one, index) => ({
    what: `a reservation that ${index === 0 ? "was used" : "expired"}, with a time`,
    elements: [
      reserved("RESERVATION_EXPIRES", time(6, 600, 20)),
      reserved("RESERVATION", time(3, 600, 20)),
      CHARGING,
    ],
    ...one,
  })),
  {
    what: "steps: 5 minutes before five, 5 after, 2 of parking",
    elements: STEPS,
    start: "2026-03-02T16:55:00Z",
    periods: [
      [0, { TIME: hours(5) }],
      [5, { TIME: hours(5) }],
      [10, { PARKING_TIME: hours(2) }],
    ],
    net: "0.55",
  },
  {
    what: "steps: 25 minutes before five, 10 after, of which 20 are billed",
    elements: STEPS,
    start: "2026-03-02T16:35:00Z",
    periods: [
      [0, { TIME: hours(25) }],
      [25, { TIME: hours(10) }],
    ],
    net: "1.30",
  },
  {
    what: "steps: 12 minutes, 8 of parking raised to 15, and 12 that are free",
    elements: STEPS,
    start: "2026-03-02T19:40:00Z",
    periods: [
      [0, { TIME: hours(12) }],
      [12, { PARKING_TIME: hours(8) }],
      [20, { PARKING_TIME: hours(12) }],
    ],
    net: "0.73",
  },
  {
    what: "steps: 4.3 kWh and 1.1 are 5.5",
    elements: [when({ end_time: "17:00" }, energy(0.2, 500)), always(energy(0.27, 500))],
    start: "2026-03-02T16:00:00Z",
    periods: [
      [0, { ENERGY: 4.3 }],
      [60, { ENERGY: 1.1 }],
    ],
    net: "1.184",
  },
  {
    what: "steps: 6 minutes and 22 are 30",
    elements: [when({ end_time: "17:00" }, time(5, 600)), always(time(7, 600))],
    start: "2026-03-02T16:54:00Z",
    periods: [
      [0, { TIME: hours(6) }],
      [6, { TIME: hours(22) }],
    ],
    net: "3.30",
  },
  {
    what: "steps: 21 minutes of charging are not raised, 16 of parking are 20",
    elements: [always(time(1, 600), parking(2, 600))],
    periods: [
      [0, { TIME: hours(21) }],
      [21, { PARKING_TIME: hours(16) }],
    ],
    net: "1.016666667",
  },
  {
    what: "steps: 115.2 Wh are 116",
    elements: [always(energy(0.25, 1))],
    periods: kWh(0.1152),
    net: "0.029",
  },
  {
    what: "power: 1 kWh at 6 kW, 40 at 48, half a one at 4",
    elements: [
      when({ max_power: 16 }, energy(0.2, 1, 20)),
      when({ max_power: 32 }, energy(0.35, 1, 20)),
      always(energy(0.5, 1, 20)),
    ],
    periods: [
      [0, { ENERGY: 1 }],
      [10, { ENERGY: 40 }],
      [60, { ENERGY: 0.5, MAX_POWER: 4 }],
    ],
    net: "20.30",
  },
  {
    what: "duration: half an hour is free",
    elements: [
      when({ max_duration: 1800 }, energy(0, 1, 20)),
      when({ max_duration: 3600 }, energy(0.25, 1, 20)),
      always(energy(0.4, 1, 20)),
    ],
    periods: [
      [0, { ENERGY: 5 }],
      [30, { ENERGY: 1.2 }],
      [40, { PARKING_TIME: 1 }],
    ],
    net: "0.30",
  },
  {
    what: "energy: 20 kWh at one price, the rest at another, whatever the periods are",
    elements: [when({ max_kwh: 20 }, energy(0.3, 1)), always(energy(0.2, 1))],
    periods: [
      [0, { ENERGY: 15 }],
      [30, { ENERGY: 15 }],
    ],
    net: "8.00",
  },
  {
    what: "energy: the first 3 kWh are free, as no element prices them",
    elements: [when({ min_kwh: 3 }, energy(0.2, 1))],
    periods: kWh(10),
    net: "1.40",
  },
  {
    what: "energy: 3 kWh at one price and the rest at another, both dearer from noon on",
    elements: [
      when({ max_kwh: 3, end_time: "12:00" }, energy(0.1, 1)),
      when({ end_time: "12:00" }, energy(0.2, 1)),
      when({ max_kwh: 3 }, energy(0.3, 1)),
      always(energy(0.4, 1)),
    ],
    start: "2026-03-02T11:00:00Z",
    periods: [
      [0, { ENERGY: 2 }],
      [60, { ENERGY: 2 }],
    ],
    net: "0.90",
  },
  {
    what: "duration of charging: an hour at one price, the rest at another",
    elements: [when({ max_duration: 3600 }, time(1, 60)), always(time(3, 60))],
    periods: [[0, { TIME: 1.5 }]],
    net: "2.50",
  },
  {
    what: "a season",
    elements: [
      when({ start_date: "2026-03-02", end_date: "2026-03-03" }, energy(0.1, 1)),
      always(energy(0.2, 1)),
    ],
    start: "2026-03-02T22:00:00Z",
    periods: [
      [0, { ENERGY: 10 }],
      [120, { ENERGY: 10 }],
    ],
    net: "3.00",
  },
];

function priced({ elements, more = {}, start = "2026-03-02T09:00:00Z", periods }: Session) {
  const { document } = importOcpiTariff(
    {
      id: "1",
      currency: "EUR",
      elements,
      last_updated: "2026-01-01T00:00:00Z",

      ...more,
    },
    "UTC",
  );
  const at = (minute: number) => new Date(Date.parse(start) + minute * 60_000).toISOString();
  const volume = (hour: number) => Math.round(hour * 1e9) / 1e9;
  const [last] = periods.at(-1) as Period;
  const { records } = readOcpiSession(
    {
      id: "cdr",
      start_date_time: at(0),
      end_date_time: at(last + 30),
      charging_periods: periods.map(([minute, dimensions]) => ({
        start_date_time: at(minute),
        dimensions: Object.entries(dimensions).map(([type, one]) => ({
          type,
          volume: volume(one),
        })),
      })),
    },
    "cdr",
  );
  // A plan, so that a period can be closed.
  const { rate, close } = accountScene({
    plans: [{ name: "none" }],
    defaultPlan: "none",
    ...document,
  });
  let net = 0n;
  for (const record of records) net += rate(record).amountNano;
  const total = close("2026-03-01/2026-04-01")[0]?.totalNano ?? 0n;
  return [formatNano(net, 2), formatNano(total, 2)];
}

describe("sessions that OCPI works out, as charge detail records", () => {
  for (const session of sessions) {
    const { what, net, total } = session;
    it(`${what}: ${net}${total === undefined ? "" : `, ${total} with taxes`}`, () => {
      const [found, withTaxes] = priced(session);
      assert.equal(found, net);
      if (total !== undefined) assert.equal(withTaxes, total);
    });
  }
});
