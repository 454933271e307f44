import { readFile } from "node:fs/promises";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { type Benchmark, perSecond, timed } from "./benchmark.ts";

const RECORDS = 200_000;
const TARIFF = new URL("../../samples/tariffs/alder-retail.json", import.meta.url);

/** A voice call of 600 s by prefix, calendar and increments; nothing is read or stored. */
export const rate: Benchmark = {
  name: "rate",
  async *run() {
    const tariff = compileTariff(JSON.parse(await readFile(TARIFF, "utf8")), 1);
    const record: UsageRecord = {
      id: "bench",
      service: "voice",
      direction: "outgoing",
      start: "2026-10-05T07:12:11.000Z",
      durationSeconds: 600,
      aParty: "+4917139200071",
      bParty: "+493023125042",
      billable: true,
    };
    for (let i = 0; i < RECORDS / 10; i++) rateUsage(tariff, record);
    const seconds = timed(() => {
      for (let i = 0; i < RECORDS; i++) rateUsage(tariff, record);
    });
    yield {
      name: "rate",
      work: "voice of 600 s: prefix, calendar, increments, rounding; in memory, one core",
      ours: perSecond(RECORDS, seconds),
      unit: "records/s",
      beside: [
        { name: "CGRateS, tiered voice of 600 s, two cores (published run)", value: 30_000 },
      ],
      goal: 2_000_000,
      met: RECORDS / seconds >= 2_000_000,
      seconds,
    };
  },
};
