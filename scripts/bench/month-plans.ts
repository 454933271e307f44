import type { EngineContext } from "../../node/engine/operator.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { below, keys } from "../../node/engine/store/key-spaces.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { encodeJson, readJson, scanJson } from "../../node/engine/store/stored-json.ts";
import type { Account, EpochState } from "../../node/engine/store/stored-types.ts";
import { MONTH } from "./month-books.ts";

/** Start of October in the tariff's zone. */
const PERIOD_FROM = Date.parse("2026-09-30T22:00:00Z");
const WRITTEN_AT_ONCE = 10_000;

/** A plan with a fee and free minutes, and a tax: what most subscribers have. */
const DOCUMENT = {
  format: "tallystick-tariff-1",
  name: "Plans of the benchmark",
  currency: "EUR",
  timeZone: "Europe/Berlin",
  validFrom: "2025-01-01",
  calendarUntil: "2032-01-01",
  numbering: { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" },
  rounding: { mode: "half-up", scale: 2 },
  services: [
    {
      service: "voice",
      direction: "outgoing",
      prices: [
        {
          price: { amount: "0.10", per: 1, unit: "min" },
          increments: { first: 60, further: 1, unit: "s" },
        },
      ],
    },
  ],
  plans: [
    {
      name: "Smart",
      recurring: [{ name: "base fee", amount: "9.99", per: "account", proration: "none" }],
      allowances: [
        {
          name: "minutes",
          scope: "account",
          uses: [{ service: "voice" }],
          units: { quantity: 100, unit: "min" },
        },
      ],
    },
  ],
  taxes: [{ name: "VAT", percent: "19" }],
};

export const planTariffs = (): TariffShelf =>
  new TariffShelf([{ version: 1, validFromSeconds: 1_760_000_000n, document: DOCUMENT }]);

/** Gives every account the plan, and the sums and allowances that rating would have kept. */
export async function writePlans({ store, profile }: EngineContext): Promise<void> {
  let operations: StoreOperation[] = [];
  const flush = async () => {
    await store.write(operations);
    operations = [];
  };
  for await (const { key, value: account } of scanJson<Account>(store, below("account/"))) {
    const epochKey = keys.epoch(account.id, MONTH, profile.agreement.chargeBook);
    const state = readJson<EpochState>(epochKey, (await store.get(epochKey)) as Uint8Array);
    const values = {
      [JSON.stringify(["net", account.id, "voice"])]: state.runningTotalNano,
      [JSON.stringify(["active", account.id])]: "1",
      [JSON.stringify(["allowance", account.id, "account", account.id, "minutes"])]: "6000000",
    };
    operations.push(
      { type: "put", key, value: encodeJson({ ...account, plan: "Smart" }) },
      { type: "put", key: keys.rating(account.id, PERIOD_FROM), value: encodeJson(values) },
    );
    if (operations.length >= WRITTEN_AT_ONCE) await flush();
  }
  await flush();
}
