import { randomBytes } from "node:crypto";
import type { EvmLedger } from "./adapters/evm-ledger.ts";
import { FoldThread } from "./adapters/fold-thread.ts";
import { HashThread } from "./adapters/hash-thread.ts";
import { LastKnownTime } from "./adapters/last-known-time.ts";
import type { LevelStore } from "./adapters/level-store.ts";
import { TreeThreads } from "./adapters/tree-threads.ts";
import type { NodeConfig } from "./config.ts";
import type { Hex } from "./core/bytes.ts";
import { SOURCE_ROLE } from "./core/commitment/secrets.ts";
import type { EngineContext, OperatorProfile } from "./engine/operator.ts";
import { timeRecord } from "./engine/store/time-record.ts";

/** What the stages of a real node share: store, clock, chance and threads. */
export function contextOf(config: NodeConfig, store: LevelStore, ledger: EvmLedger): EngineContext {
  const profile: OperatorProfile = {
    name: config.name,
    member: config.member,
    chainId: BigInt(config.ledger.chainId),
    books: config.ledger.contracts.books as Hex,
    agreement: {
      ...config.agreement,
      maxRecordAgeSeconds: BigInt(config.agreement.maxRecordAgeSeconds),
    },
    sourceRole: SOURCE_ROLE[config.role],
    ...(config.trunkAccount === undefined ? {} : { trunkAccount: config.trunkAccount }),
    zone: config.zone,
    sourceName: config.sourceName,
    handPrices: config.handPrices,
    batchChargesMax: config.batchChargesMax,
    batchBytesMax: config.batchBytesMax,
  };
  return {
    store,
    profile,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    time: new LastKnownTime(ledger, timeRecord(store)),
    leafHasher: (domain) => new HashThread(domain),
    runBuilder: new TreeThreads(),
    entryFolder: new FoldThread(),
  };
}
