import { readFile } from "node:fs/promises";
import { CompiledRater } from "../../node/core/rating/compiled-rater.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import { type Benchmark, type Figure, perSecond, timed } from "./benchmark.ts";

const SLICE = 250_000;
const SLICES = 9;
const NUMBERS = 10_000;
const TARIFF = new URL("../../samples/tariffs/alder-retail.json", import.meta.url);
const CGRATES = "CGRateS, in process, two cores (research/rating-engines.md, section 3)";

/** 0.4, then 0.2 for the first minute, then 0.1 a minute by the second: the peer's own tariff. */
const TIERED_PRICE = {
  setUp: "0.4",
  increments: { first: 60, further: 60, unit: "s" },
  tiers: {
    kind: "graduated",
    over: "session",
    unit: "s",
    steps: [
      { upTo: 60, price: { amount: "0.2", per: 60, unit: "s" } },
      {
        price: { amount: "0.1", per: 60, unit: "s" },
        increments: { first: 1, further: 1, unit: "s" },
      },
    ],
  },
};

/** Voice in tiers, by prefix and band; messages and data as the sample sells them. */
function tieredTariff(sample: TariffDocument, zones: number, prefixes: number): CompiledTariff {
  const named = Array.from({ length: zones }, (_, zone) => ({
    name: `zone ${zone}`,
    prefixes: Array.from(
      { length: prefixes / zones },
      (_, i) => `49${String(zone * (prefixes / zones) + i).padStart(4, "0")}`,
    ),
  }));
  return compileTariff({
    ...sample,
    zones: [{ name: "anywhere", prefixes: [""] }, ...named],
    services: [
      {
        service: "voice",
        direction: "outgoing",
        zones: ["anywhere", ...named.map(({ name }) => name)],
        prices: [TIERED_PRICE],
      },
      {
        service: "sms",
        direction: "outgoing",
        prices: [{ price: { amount: "0.09", per: 1, unit: "unit" } }],
      },
      {
        service: "data",
        prices: [
          {
            price: { amount: "0.01", per: 1, unit: "MB" },
            increments: { first: 1, further: 1, unit: "KB" },
          },
        ],
      },
    ],
  });
}

/** Calls of 600 s, each to a number that nobody called before. */
function callsToNewNumbers(slice: number): UsageRecord[] {
  const start = "2026-10-05T07:12:11.000Z";
  // Joined text is laid out anew by whoever reads it first; text that comes out of a file is not.
  const asRead = (text: string): string => Buffer.from(text).toString("latin1");
  return Array.from({ length: SLICE }, (_, i) => ({
    id: `new-${i}`,
    service: "voice",
    direction: "outgoing",
    start,
    durationSeconds: 600,
    bParty: asRead(
      `+49${String((i * 7919) % NUMBERS).padStart(4, "0")}${String(slice * SLICE + i).padStart(8, "0")}`,
    ),
    billable: true,
  }));
}

function records(changes: (i: number) => Partial<UsageRecord>): UsageRecord[] {
  const start = Date.parse("2026-10-05T07:12:11.000Z");
  return Array.from({ length: NUMBERS }, (_, i) => ({
    id: `bench-${i}`,
    service: "voice",
    direction: "outgoing",
    start: new Date(start + i * 613).toISOString(),
    bParty: `+49${String((i * 7919) % NUMBERS).padStart(4, "0")}${String(i).padStart(6, "0")}`,
    billable: true,
    ...changes(i),
  }));
}

/** @param usesOf the records of a slice, made before its time is taken */
function measure(
  name: string,
  work: string,
  tariff: CompiledTariff,
  usesOf: UsageRecord[] | ((slice: number) => UsageRecord[]),
): Figure {
  const rater = new CompiledRater(tariff);
  let unpriced = 0;
  const run = (slice: number): number => {
    const uses = typeof usesOf === "function" ? usesOf(slice) : usesOf;
    const { length } = uses;
    return timed(() => {
      for (let i = 0; i < SLICE; i++) {
        if (rater.rate(uses[i % length] as UsageRecord).outcome !== "rated") unpriced += 1;
      }
    });
  };
  run(0);
  // The best of several: what else the machine does makes a slice slower, and nothing makes it faster.
  const slices = Array.from({ length: SLICES }, (_, slice) => run(slice + 1));
  if (unpriced > 0) throw new Error(`${unpriced} records of the benchmark have no price`);
  const seconds = Math.min(...slices);
  return { name, work, ours: perSecond(SLICE, seconds), unit: "records/s", beside: [], seconds };
}

/** Rating alone, from a record in memory to its charge with components; nothing is read or stored. */
export const rate: Benchmark = {
  name: "rate",
  async *run() {
    const sample = JSON.parse(await readFile(TARIFF, "utf8"));
    const small = tieredTariff(sample, 1, 10);
    const calls = records(() => ({ durationSeconds: 600 }));
    const goal = 2_000_000;
    const tiered = measure(
      "rate",
      `tiered voice of 600 s to ${NUMBERS} numbers, with its components; one core, the best of ${SLICES} slices`,
      small,
      calls,
    );
    yield {
      ...tiered,
      beside: [{ name: CGRATES, value: 30_000 }],
      goal,
      met: tiered.ours >= goal,
    };
    const large = measure(
      "rate",
      "the same with 10,000 prefixes in 1,000 zones",
      tieredTariff(sample, 1000, 10_000),
      calls,
    );
    yield {
      ...large,
      goal: Math.round((tiered.ours * 2) / 3),
      met: large.ours * 3 >= tiered.ours * 2,
    };
    const fresh = measure(
      "rate",
      "the same tiered voice, every number a new one (nothing is remembered)",
      small,
      callsToNewNumbers,
    );
    yield { ...fresh, goal, met: fresh.ours >= goal };
    const freshLarge = measure(
      "rate",
      "every number a new one, with 10,000 prefixes in 1,000 zones",
      tieredTariff(sample, 1000, 10_000),
      callsToNewNumbers,
    );
    yield {
      ...freshLarge,
      goal: Math.round((fresh.ours * 2) / 3),
      met: freshLarge.ours * 3 >= fresh.ours * 2,
    };
    const varied = records((i) => ({ durationSeconds: (i * 37) % 3600 }));
    yield measure("rate", "tiered voice of 0 to 3,599 s", small, varied);
    const messages = measure(
      "rate",
      "messages",
      small,
      records(() => ({ service: "sms" })),
    );
    yield {
      ...messages,
      beside: [{ name: CGRATES, value: 469_000 }],
      goal,
      met: messages.ours >= goal,
    };
    const octets = records((i) => ({
      service: "data",
      direction: "none",
      totalOctets: 1_000 + i * 7_777,
    }));
    const sessions = measure("rate", "data sessions, increments of 1 KB", small, octets);
    yield {
      ...sessions,
      beside: [{ name: CGRATES, value: 374_000 }],
      goal,
      met: sessions.ours >= goal,
    };
    const retail = compileTariff(sample, 1);
    const german = calls.map((call) => ({ ...call, bParty: call.bParty?.replace("+49", "+4930") }));
    yield measure(
      "rate",
      "the sample's retail tariff: prefix, calendar, increments, 600 s",
      retail,
      german as UsageRecord[],
    );
  },
};
