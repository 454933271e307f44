import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FoldThread } from "../../node/adapters/fold-thread.ts";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { SOURCE_ROLE } from "../../node/core/commitment/secrets.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { AccountGuide } from "../../node/engine/intake/guide-account.ts";
import { UsageIngest } from "../../node/engine/intake/ingest-usage.ts";
import type { EngineContext } from "../../node/engine/operator.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type { Account, BookState } from "../../node/engine/store/stored-types.ts";
import { numberOf } from "./switch-file.ts";

const TARIFF = new URL("../../samples/tariffs/alder-retail.json", import.meta.url);
const book = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;
const NOW_SECONDS = 1_793_000_000n;

export function benchContext(store: Store): EngineContext {
  return {
    store,
    profile: {
      name: "Bench",
      member: book(1),
      chainId: 31_337n,
      books: book(2),
      agreement: {
        id: `0x${"11".repeat(32)}`,
        currency: "EUR",
        maxRecordAgeSeconds: 100_000_000n,
        chargeBook: book(3),
        creditBook: book(4),
        invoiceBook: book(5),
      },
      sourceRole: SOURCE_ROLE.retail,
      zone: "Europe/Berlin",
      sourceName: "bench",
      handPrices: {},
      batchChargesMax: 1_048_576,
      batchBytesMax: 1_073_741_824,
    },
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    time: { seconds: async () => NOW_SECONDS },
    entryFolder: new FoldThread(),
  };
}

/** The engine's stages over a given store, without a ledger: what a benchmark of them needs. */
export async function benchOperator(
  store: Store,
  subscribers: number,
  leafHasher?: EngineContext["leafHasher"],
  runBuilder?: EngineContext["runBuilder"],
) {
  const context = {
    ...benchContext(store),
    ...(leafHasher === undefined ? {} : { leafHasher }),
    ...(runBuilder === undefined ? {} : { runBuilder }),
  };
  const session = new StoreSession(store);
  for (const [at, domain] of [book(3), book(4), book(5)].entries()) {
    session.put(keys.book(domain), {
      domain,
      kind: (at + 1) as 1 | 2 | 3,
      number: "1",
      agreement: context.profile.agreement.id,
      currency: "EUR",
      lastSequence: "0",
      runningSumNano: "0",
      runningCount: "0",
      pendingNext: "1",
      pendingFirst: "1",
    } satisfies BookState);
  }
  for (let at = 0; at < subscribers; at++) {
    session.put(keys.account(`a${at}`), {
      id: `a${at}`,
      label: `Subscriber ${at}`,
      devices: [{ id: numberOf(at) }],
      accessSecret: toHex(new Uint8Array(randomBytes(32))),
    } satisfies Account);
  }
  await session.commit();
  const document = JSON.parse(await readFile(TARIFF, "utf8"));
  const tariffs = new TariffShelf([{ version: 1, validFromSeconds: 1_760_000_000n, document }]);
  const guide = await AccountGuide.load(store);
  return { context, tariffs, guide, ingest: new UsageIngest(context, tariffs, guide) };
}

/** @param step from one record's subscriber to the next one's; no divisor of their number */
export async function* benchRecords(
  count: number,
  subscribers: number,
  step = 1,
): AsyncGenerator<UsageRecord> {
  for (let at = 0; at < count; at++) {
    yield {
      id: `bench:${at}`,
      service: "voice",
      direction: "outgoing",
      start: new Date(1_791_000_000_000 + at * 997).toISOString(),
      durationSeconds: (at * 7) % 900,
      aParty: numberOf((at * step) % subscribers),
      bParty: "+493023125042",
      billable: true,
      source: {
        format: "bench",
        file: "bench",
        position: at + 1,
        sha256: createHash("sha256").update(String(at)).digest("hex"),
      },
    };
  }
}
