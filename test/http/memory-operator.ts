import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import { MemoryNetwork } from "../../node/adapters/memory-network.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, neededFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { issueCredit } from "../../node/engine/claims/issue-credit.ts";
import type { Duty, LedgerCall } from "../../node/engine/commit/ledger.ts";
import { Outbox } from "../../node/engine/commit/outbox.ts";
import type { LedgerSection } from "../../node/engine/evidence/build-evidence.ts";
import type { EngineContext, OperatorProfile } from "../../node/engine/operator.ts";
import { OperatorPipeline } from "../../node/engine/pipeline.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type { StoredClaim } from "../../node/engine/store/stored-types.ts";
import { ALDER, filled, GENESIS, RETAIL_ALDER } from "../adapters/memory-members.ts";

const seconds = (text: string): bigint => BigInt(Date.parse(text) / 1000);
export const ZONE = "Europe/Berlin";
export const EPOCH = "2026-10";
const AGE_MAX_SECONDS = 90n * 86_400n;
const VERSION_STARTS = ["2024-12-31T23:00:00Z", "2026-10-15T00:00:00Z"];

const genesis = {
  ...GENESIS,
  time: seconds("2024-12-01T00:00:00Z"),
  agreements: GENESIS.agreements.map(({ id, terms }) => ({
    id,
    terms: { ...terms, recordAgeMaxSeconds: AGE_MAX_SECONDS },
  })),
};

export const retailBook = (kind: BookKind): Hex =>
  toHex(
    bookDomain({
      chainId: genesis.chainId,
      books: fromHex(genesis.books, 20),
      operator: fromHex(ALDER.id, 20),
      agreement: fromHex(RETAIL_ALDER, 32),
      kind,
      number: 1n,
    }),
  );

const profile: OperatorProfile = {
  name: "Alder Mobile",
  member: ALDER.id,
  chainId: genesis.chainId,
  books: genesis.books,
  agreement: {
    id: RETAIL_ALDER,
    currency: "EUR",
    maxRecordAgeSeconds: AGE_MAX_SECONDS,
    chargeBook: retailBook(1),
    creditBook: retailBook(2),
    invoiceBook: retailBook(3),
  },
  sourceRole: 1,
  zone: ZONE,
  sourceName: "pbx",
  handPrices: { "hand-priced": { amount: "0.60", reason: "typed in wrongly" } },
  batchChargesMax: 1024,
  batchBytesMax: 1_073_741_824,
};

const ledgerSection: LedgerSection = {
  chainId: genesis.chainId.toString(),
  kind: "embedded",
  runBy: "Alder Mobile",
  contracts: {
    books: genesis.books,
    tariffs: filled("0c", 20),
    agreements: filled("0d", 20),
    claims: filled("0e", 20),
    members: filled("0f", 20),
  },
  endpoints: [{ member: "Alder Mobile", url: "http://127.0.0.1:9/rpc" }],
};

/** The real engine of one operator over a store and a ledger in memory, with a published tariff. */
export class MemoryOperator {
  readonly network = new MemoryNetwork(genesis, { mines: "at once" });
  readonly ledger = new MemoryLedger(this.network, ALDER);
  readonly store = new MemoryStore();
  readonly outbox = new Outbox(this.ledger, this.store);
  readonly profile = profile;
  readonly context: EngineContext = {
    store: this.store,
    profile,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    time: { seconds: async () => (await this.ledger.head()).time },
  };
  pipeline!: OperatorPipeline;

  /** @param tariffsKnown versions that the operator rates by; the ledger has both */
  static async start({ tariffsKnown = 2 } = {}): Promise<MemoryOperator> {
    const operator = new MemoryOperator();
    await operator.#prepareLedger();
    operator.network.setTime(seconds("2026-11-01T06:00:00Z"));
    await operator.send("commit", { contract: "clock", method: "tick", args: [] });
    await operator.outbox.recover();
    operator.outbox.start();
    const { ledger, outbox, context } = operator;
    const tariffs = new TariffShelf(
      VERSION_STARTS.slice(0, tariffsKnown).map((start, at) => ({
        version: at + 1,
        validFromSeconds: seconds(start),
        document: tariffDocument(at + 1),
      })),
    );
    operator.pipeline = await OperatorPipeline.open({
      context,
      tariffs,
      outbox,
      ledger,
      claimPolicy: "contest",
      ledgerSection,
    });
    return operator;
  }

  async stop(): Promise<void> {
    await this.outbox.stop();
    await this.store.close();
  }

  async send(duty: Duty, call: LedgerCall): Promise<void> {
    const nonce = await this.ledger.accountNonce(this.ledger.senderOf(duty), "head");
    const { raw } = await this.ledger.sign(this.ledger.prepare(call), { duty, nonce });
    await this.ledger.broadcast(raw);
  }

  async ingest(name: string, records: UsageRecord[]) {
    const lines = (async function* () {
      yield* records;
    })();
    return this.pipeline.ingest({
      name,
      sha256: createHash("sha256").update(name).digest("hex"),
      lines,
    });
  }

  async commit(): Promise<void> {
    await this.pipeline.untilFinal(await this.pipeline.seal());
  }

  /** As if the operator had conceded a claim about the charge. The credit waits for its batch. */
  async credit(bundle: Bundle, line: string, amountNano: bigint): Promise<void> {
    const charge = bundle.charges.find((one) => one.line === line);
    const { domain, sequence } = bundle.batches[charge?.batch ?? 0] as Bundle["batches"][number];
    const claim: StoredClaim = {
      id: filled("c1", 32),
      domain,
      sequence,
      leafIndex: charge?.leafIndex ?? 0,
      kind: "mispriced",
      claimedNano: amountNano.toString(),
      finder: filled("f1", 20),
      deadline: "0",
      state: "conceded",
      dueNano: amountNano.toString(),
      history: [],
    };
    const session = new StoreSession(this.store);
    session.put(keys.claim(claim.id), claim);
    await session.commit();
    await issueCredit(this.context, claim.id);
  }

  /** What an honest reader of the ledger in memory finds. */
  facts(bundle: Bundle): LedgerFacts {
    const { state } = this.network;
    const facts: LedgerFacts = {
      sources: [{ member: "Alder Mobile", url: "memory", finalizedBlock: "9", agrees: true }],
      seals: {},
      tariffs: {},
      maxRecordAgeSeconds: AGE_MAX_SECONDS.toString(),
    };
    for (const { domain, sequence } of neededFacts(bundle).seals) {
      const seal = state.seals.get(`${domain}:${sequence}`);
      if (seal !== undefined) facts.seals[sealKey(domain, sequence)] = seal;
    }
    const published = state.tariffs.get(`${bundle.agreement}:${bundle.operator.id}`) ?? [];
    for (const [at, { root, validFrom }] of published.entries()) {
      facts.tariffs[at + 1] = { root, validFrom: validFrom.toString() };
    }
    return facts;
  }

  async #prepareLedger(): Promise<void> {
    for (const kind of [1, 2, 3]) {
      const args = [RETAIL_ALDER, kind, 1n, 0];
      await this.send("commit", { contract: "books", method: "openBook", args });
    }
    for (const [at, start] of VERSION_STARTS.entries()) {
      const { root } = buildTariffTree(compileTariff(tariffDocument(at + 1), at + 1));
      const args = [RETAIL_ALDER, at + 1, toHex(root), seconds(start)];
      await this.send("govern", { contract: "tariffs", method: "publish", args });
    }
  }
}

/** Version 2 makes text messages dearer. */
function tariffDocument(version: number): Record<string, unknown> {
  const text = readFileSync(new URL("../../samples/tariffs/alder-retail.json", import.meta.url));
  const document = JSON.parse(text.toString("utf8"));
  // A shorter calendar compiles faster.
  const short = { ...document, calendarUntil: "2027-01-01" };
  if (version === 1) return short;
  return JSON.parse(JSON.stringify(short).replaceAll('"0.09"', '"0.11"'));
}

export const ANNA = "+4915112345678";
export const BERT = "+4917600000002";

/** Calls, messages and data of two subscribers in October 2026, before and after the new version. */
export function octoberUsage(): UsageRecord[] {
  const record = (id: string, aParty: string, start: string, more: Partial<UsageRecord>) =>
    ({
      id,
      aParty,
      start,
      service: "voice",
      direction: "outgoing",
      billable: true,
      ...more,
    }) as UsageRecord;
  return [
    record("anna-1", ANNA, "2026-10-05T10:00:00.000Z", {
      durationSeconds: 61,
      bParty: "+493023125001",
    }),
    record("bert-1", BERT, "2026-10-05T11:00:00.000Z", {
      durationSeconds: 30,
      bParty: "+493023125002",
    }),
    record("anna-2", ANNA, "2026-10-06T10:00:00.000Z", {
      service: "sms",
      units: 1,
      bParty: "+4915100000001",
    }),
    record("hand-priced", BERT, "2026-10-07T10:00:00.000Z", {
      durationSeconds: 125,
      bParty: "+493023125003",
    }),
    record("anna-4", ANNA, "2026-10-20T10:00:00.000Z", {
      service: "sms",
      units: 1,
      bParty: "+4915100000001",
    }),
    record("anna-5", ANNA, "2026-10-21T10:00:00.000Z", {
      service: "data",
      direction: "none",
      totalOctets: 25_000_000,
      bParty: "internet.example",
    }),
    record("bert-2", BERT, "2026-10-22T10:00:00.000Z", {
      service: "sms",
      units: 1,
      bParty: "+4915100000009",
    }),
    record("bert-free-1", BERT, "2026-10-23T10:00:00.000Z", {
      durationSeconds: 60,
      bParty: "+498001234567",
    }),
    record("bert-free-2", BERT, "2026-10-24T10:00:00.000Z", {
      durationSeconds: 60,
      bParty: "+498001234567",
    }),
  ];
}

/** Accounts, usage in two batches, the bill and its commitment. */
export async function runOctober(operator: MemoryOperator): Promise<void> {
  await operator.pipeline.putAccounts([
    { id: "anna", label: "Anna", devices: [{ id: ANNA }] },
    { id: "bert", label: "Bert", devices: [{ id: BERT }] },
  ]);
  const usage = octoberUsage();
  await operator.ingest("first", usage.slice(0, 3));
  await operator.commit();
  operator.network.setTime(seconds("2026-11-01T07:00:00Z"));
  await operator.ingest("second", usage.slice(3));
  await operator.commit();
  operator.network.setTime(seconds("2026-11-01T08:00:00Z"));
  await operator.pipeline.bill(EPOCH);
  await operator.commit();
}
