import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { ANNA, BERT, call, EngineScene, type SceneOptions, seconds } from "./engine-scene.ts";

export const CARL = "+4915100000003";
export const DORA = "+4915100000004";

/**
 * What plans are about: calls by the second after the first minute, data over a counter of the account.
 * @param upTo megabytes of the first tier
 */
export const planServices = ({ upTo, setUp }: { upTo: number; setUp?: string }) => [
  {
    service: "voice",
    direction: "outgoing",
    prices: [
      {
        price: { amount: "0.10", per: 1, unit: "min" },
        increments: { first: 60, further: 1, unit: "s" },
        ...(setUp === undefined ? {} : { setUp }),
      },
    ],
  },
  {
    service: "data",
    prices: [
      {
        tiers: {
          kind: "graduated",
          over: "account",
          unit: "MB",
          steps: [
            { upTo, price: { amount: "0.02", per: 1, unit: "MB" } },
            { price: { amount: "0.005", per: 1, unit: "MB" } },
          ],
        },
        increments: { first: 1, further: 1, unit: "KB" },
      },
    ],
  },
];

/** Calls of plans with allowances, limits and sponsors; messages and data over counters. */
export const PLANS = tariffDocument({
  name: "Plans",
  timeZone: "UTC",
  rounding: { mode: "half-up", scale: 4 },
  services: planServices({ upTo: 50 }),
  plans: [
    {
      name: "Family",
      allowances: [
        {
          name: "minutes",
          scope: "pool",
          uses: [{ service: "voice" }],
          units: { quantity: 30, unit: "min" },
          rollover: { periods: 1 },
        },
      ],
    },
    {
      name: "Work",
      sponsored: [{ name: "half", uses: [{ service: "voice" }], percent: "50", cap: "3" }],
      limits: [
        { name: "day", scope: "device", per: "day", uses: [{ service: "voice" }], maximum: "2" },
      ],
      itemDiscounts: [{ name: "ten", uses: [{ service: "voice" }], percent: "10" }],
    },
  ],
} as Parameters<typeof tariffDocument>[0]);

/** The same with fees, a discount, a commitment and a tax. */
export const CLOSING = {
  ...PLANS,
  taxes: [{ name: "VAT", percent: "19" }],
  plans: [
    {
      ...PLANS.plans?.[0],
      recurring: [{ name: "base fee", amount: "0.05", per: "account", proration: "none" }],
      periodDiscounts: [{ name: "most off", percent: "90" }],
    },
    { ...PLANS.plans?.[1], commitment: "50" },
  ],
} as TariffDocument;

export const ACCOUNTS = [
  { id: "anna", label: "Anna", devices: [{ id: ANNA }], plan: "Family" },
  { id: "bert", label: "Bert", devices: [{ id: BERT }], pool: "anna" },
  {
    id: "carl",
    label: "Carl",
    devices: [{ id: CARL }],
    plans: [
      { plan: "Family", to: "2026-10-03T00:00:00Z" },
      { plan: "Work", from: "2026-10-03T00:00:00Z" },
    ],
    sponsors: [{ account: "firm" }],
  },
  { id: "dora", label: "Dora", devices: [{ id: DORA }] },
  { id: "firm", label: "Firm", devices: [] },
];

export const PLAN_TARIFFS = new TariffShelf([
  { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: PLANS },
]);

export async function planScene(options: SceneOptions = {}): Promise<EngineScene> {
  const scene = await EngineScene.open({ tariffs: PLAN_TARIFFS, ...options });
  await scene.pipeline.putAccounts(ACCOUNTS);
  return scene;
}

/** Calls and data of all four, from the end of September to noon of 5 October. */
export function mixedUse(seed: number, count: number): UsageRecord[] {
  const random = new Seeded(seed);
  const from = Date.parse("2026-09-28T00:00:00Z");
  return Array.from({ length: count }, (_, at) => {
    const start = new Date(from + random.below(7 * 86_400_000)).toISOString();
    const aParty = random.pick([ANNA, BERT, CARL, DORA]);
    return random.chance(0.5)
      ? call(`r${at}`, { start, aParty, durationSeconds: random.below(900) })
      : {
          id: `r${at}`,
          service: "data",
          direction: "none",
          start,
          aParty,
          totalOctets: random.below(20_000_000),
          billable: true,
        };
  });
}
