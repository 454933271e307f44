import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EvidenceFolder } from "../../node/adapters/evidence-folder.ts";
import { MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import { MemoryNetwork } from "../../node/adapters/memory-network.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import type { OpenClosingKernel } from "../../node/engine/bill/closing-kernel.ts";
import { readInvoice } from "../../node/engine/bill/stored-invoice.ts";
import { checkStore } from "../../node/engine/check/check-store.ts";
import type { LedgerCall } from "../../node/engine/commit/ledger.ts";
import { Outbox } from "../../node/engine/commit/outbox.ts";
import type { RunBuilder } from "../../node/engine/commit/run-builder.ts";
import type { SignInvoice } from "../../node/engine/evidence/issue-receipt.ts";
import type { EngineContext, OperatorProfile } from "../../node/engine/operator.ts";
import { OperatorPipeline } from "../../node/engine/pipeline.ts";
import { type NamedTariffs, TariffFollower } from "../../node/engine/rate/follow-tariff.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { below } from "../../node/engine/store/key-spaces.ts";
import { RowOpener } from "../../node/engine/store/open-rows.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { scanJson } from "../../node/engine/store/stored-json.ts";
import { isBlock, scanRows } from "../../node/engine/store/stored-rows.ts";
import type {
  StoredCharge,
  StoredInvoice,
  StoredInvoiceLeaf,
  StoredTick,
} from "../../node/engine/store/stored-types.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { ALDER, filled, GENESIS, RETAIL_ALDER } from "../adapters/memory-members.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";

export const seconds = (text: string): bigint => BigInt(Date.parse(text) / 1000);

export const ANNA = "+4915100000001";
export const BERT = "+4915100000002";
export const STRANGER = "+4915100000099";
export const DAY = 86_400n;
export const RECORD_AGE_MAX_SECONDS = 45n * DAY;
export const NOON = seconds("2026-10-05T12:00:00Z");

const GENESIS_OF_SCENE = {
  ...GENESIS,
  time: NOON,
  agreements: GENESIS.agreements.map(({ id, terms }) => ({
    id,
    terms: { ...terms, recordAgeMaxSeconds: RECORD_AGE_MAX_SECONDS },
  })),
};

export const book = (kind: BookKind): Hex =>
  toHex(
    bookDomain({
      chainId: GENESIS.chainId,
      books: fromHex(GENESIS.books, 20),
      operator: fromHex(ALDER.id, 20),
      agreement: fromHex(RETAIL_ALDER, 32),
      kind,
      number: 1n,
    }),
  );
export const CHARGES = book(1);
export const CREDITS = book(2);
export const INVOICES = book(3);

/** Germany and freephone; nowhere else, so that a number without a row can be dialled. */
const TARIFF: TariffDocument = tariffDocument({
  timeZone: "UTC",
  zones: [
    { name: "Germany", prefixes: ["49"] },
    { name: "Freephone", prefixes: ["49800"] },
  ],
  services: [
    {
      service: "voice",
      direction: "outgoing",
      zones: ["Germany", "Freephone"],
      prices: [
        {
          zones: ["Germany"],
          price: { amount: "0.10", per: 1, unit: "min" },
          increments: { first: 60, further: 60, unit: "s" },
        },
        {
          zones: ["Freephone"],
          price: { amount: "0", per: 1, unit: "min" },
          increments: { first: 1, further: 1, unit: "s" },
        },
      ],
    },
    {
      service: "data",
      prices: [
        {
          price: { amount: "0.02", per: 1, unit: "MB" },
          increments: { first: 10, further: 10, unit: "KB" },
        },
      ],
    },
    {
      service: "energy",
      prices: [
        {
          price: { amount: "0.30", per: 1, unit: "kWh" },
          increments: { first: 1, further: 1, unit: "Wh" },
        },
      ],
    },
  ],
});

/** Compiled once: a version never changes. */
export const TARIFFS = new TariffShelf([
  { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: TARIFF },
]);

export interface SceneOptions {
  seed?: number;
  batchChargesMax?: number;
  batchBytesMax?: number;
  ingestUnitRecords?: number;
  tariffs?: TariffShelf;
  handPrices?: OperatorProfile["handPrices"];
  seenEntriesInMemory?: number;
  dealtChargesMin?: number;
  billUnitCharges?: number;
  billUnitAccounts?: number;
  retainedSeconds?: bigint;
  openClosingKernel?: OpenClosingKernel;
  mines?: "at once" | "on command";
  finalityBlocks?: number;
  leafHasher?: EngineContext["leafHasher"];
  runBuilder?: RunBuilder;
  buildsAhead?: boolean;
  /** What the operator named on this machine. */
  named?: NamedTariffs;
  signInvoice?: SignInvoice;
}

/**
 * The real engine of one operator over a store and a ledger in memory. Time, randomness and blocks
 * are given; the outbox moves only when it is pumped; `crash` is kill -9 and a restart.
 */
export class EngineScene {
  readonly network: MemoryNetwork;
  readonly ledger: MemoryLedger;
  readonly random: Seeded;
  readonly profile: OperatorProfile;
  tariffs: TariffShelf;
  readonly #named: NamedTariffs | undefined;
  readonly #signInvoice: SignInvoice | undefined;
  readonly #retainedSeconds: bigint | undefined;
  readonly #leafHasher: EngineContext["leafHasher"];
  readonly #runBuilder: RunBuilder | undefined;
  readonly #openClosingKernel: OpenClosingKernel | undefined;
  readonly #buildsAhead: boolean;
  store = new MemoryStore();
  outbox!: Outbox;
  pipeline!: OperatorPipeline;

  private constructor(options: SceneOptions) {
    this.tariffs = options.tariffs ?? TARIFFS;
    this.#leafHasher = options.leafHasher;
    this.#runBuilder = options.runBuilder;
    this.#named = options.named;
    this.#buildsAhead = options.buildsAhead ?? true;
    this.#signInvoice = options.signInvoice;
    this.#retainedSeconds = options.retainedSeconds;
    this.#openClosingKernel = options.openClosingKernel;
    this.network = new MemoryNetwork(GENESIS_OF_SCENE, { mines: options.mines ?? "at once" });
    this.ledger = new MemoryLedger(this.network, ALDER, options.finalityBlocks);
    this.random = new Seeded(options.seed ?? 1);
    this.profile = {
      name: "Alder Mobile",
      member: ALDER.id,
      chainId: GENESIS.chainId,
      books: GENESIS.books,
      agreement: {
        id: RETAIL_ALDER,
        currency: "EUR",
        maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS,
        chargeBook: CHARGES,
        creditBook: CREDITS,
        invoiceBook: INVOICES,
      },
      sourceRole: 1,
      zone: "UTC",
      sourceName: "switch",
      handPrices: options.handPrices ?? {},
      batchChargesMax: options.batchChargesMax ?? 1024,
      batchBytesMax: options.batchBytesMax ?? 1_048_576,
      ...(options.ingestUnitRecords === undefined
        ? {}
        : { ingestUnitRecords: options.ingestUnitRecords }),
      ...(options.billUnitCharges === undefined
        ? {}
        : { billUnitCharges: options.billUnitCharges }),
      ...(options.billUnitAccounts === undefined
        ? {}
        : { billUnitAccounts: options.billUnitAccounts }),
      ...(options.seenEntriesInMemory === undefined
        ? {}
        : { seenEntriesInMemory: options.seenEntriesInMemory }),
      ...(options.dealtChargesMin === undefined
        ? {}
        : { dealtChargesMin: options.dealtChargesMin }),
    };
  }

  static async open(options: SceneOptions = {}): Promise<EngineScene> {
    const scene = new EngineScene(options);
    for (const kind of [1, 2, 3]) {
      const args = [RETAIL_ALDER, kind, 1n, 0];
      await scene.send({ contract: "books", method: "openBook", args });
      if (options.mines === "on command") scene.network.mine();
    }
    await scene.reopen();
    return scene;
  }

  /** With Anna's and Bert's accounts. */
  static async withAccounts(options: SceneOptions = {}): Promise<EngineScene> {
    const scene = await EngineScene.open(options);
    await scene.pipeline.putAccounts([
      { id: "anna", label: "Anna", devices: [{ id: ANNA }] },
      { id: "bert", label: "Bert", devices: [{ id: BERT }] },
    ]);
    return scene;
  }

  /**
   * A start, or after `crash` a restart: the same code.
   * @param through the engine's way to the store, when it is not the store itself
   * @param time the engine's clock, when it is not the newest block
   */
  async reopen(through: Store = this.store, time = this.context.time): Promise<void> {
    this.outbox = new Outbox(this.ledger, through, {
      onSettled: (settled) => void this.pipeline?.noteSettled(settled).catch(() => {}),
    });
    await this.outbox.recover();
    this.pipeline = await OperatorPipeline.open({
      context: { ...this.context, store: through, time },
      tariffs: this.tariffs,
      ...(this.#named === undefined
        ? {}
        : {
            tariffFollower: new TariffFollower(
              this.tariffs,
              this.profile,
              this.ledger,
              this.#named,
            ),
          }),
      outbox: this.outbox,
      ledger: this.ledger,
      claimPolicy: "recompute",
      buildsAhead: this.#buildsAhead,
      openWrittenShelf: EvidenceFolder.written,
      ...(this.#signInvoice === undefined ? {} : { signInvoice: this.#signInvoice }),
      ...(this.#retainedSeconds === undefined ? {} : { retainedSeconds: this.#retainedSeconds }),
      ...(this.#openClosingKernel === undefined
        ? {}
        : { openClosingKernel: this.#openClosingKernel }),
      ledgerSection: {
        chainId: GENESIS.chainId.toString(),
        kind: "embedded",
        runBy: "Alder Mobile",
        contracts: {
          books: GENESIS.books,
          tariffs: filled("0c", 20),
          agreements: filled("0d", 20),
          claims: filled("0e", 20),
          members: filled("0f", 20),
        },
        endpoints: [],
      },
    });
  }

  /** The process dies; the disk keeps what was written. */
  crash(): void {
    this.store = this.store.crash();
  }

  get context(): EngineContext {
    const { store, profile, random, network } = this;
    const leafHasher = this.#leafHasher;
    const runBuilder = this.#runBuilder;
    return {
      store,
      profile,
      random,
      time: { seconds: async () => network.head().time },
      ...(leafHasher === undefined ? {} : { leafHasher }),
      ...(runBuilder === undefined ? {} : { runBuilder }),
    };
  }

  /** The ledger's newest block carries this time from now on. */
  at(time: string | bigint): void {
    this.network.setTime(typeof time === "string" ? seconds(time) : time);
    this.network.mine();
  }

  ingest(name: string, lines: InspectLine[]) {
    return this.pipeline.ingest(usageFile(name, lines));
  }

  /** Pumps until nothing waits. */
  async settle(): Promise<void> {
    for (let pump = 0; pump < 500; pump++) {
      await this.outbox.pump();
      if (this.outbox.pending().length === 0) return;
    }
    assert.fail(`still pending: ${this.outbox.pending().map(({ key }) => key)}`);
  }

  /** Seals everything and brings it to the ledger. */
  async commit(): Promise<StoredTick> {
    const tick = await this.pipeline.seal();
    await this.settle();
    await this.pipeline.noteFinal();
    return tick;
  }

  send(call: LedgerCall): Promise<void> {
    return sendAs(this.ledger, call);
  }

  async values<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    const found: { key: string; value: T }[] = [];
    for await (const entry of scanJson<T>(this.store, below(prefix))) found.push(entry);
    return found;
  }

  /** All invoices, in the order of their accounts. */
  async invoices(): Promise<StoredInvoice[]> {
    const invoices: StoredInvoice[] = [];
    for await (const { key, value } of this.store.scan(below("invoice/"))) {
      invoices.push(readInvoice(key, value));
    }
    return invoices;
  }

  /** What stands in the invoice book, in its order. */
  async invoiceLeaves(): Promise<StoredInvoiceLeaf[]> {
    const leaves: StoredInvoiceLeaf[] = [];
    for await (const { rows, count } of scanRows(this.store, INVOICES, 1n, 1n << 40n)) {
      assert.ok(!isBlock(rows) && "entry" in rows);
      for (let row = 0; row < count; row++) leaves.push(rows.entry(row));
    }
    return leaves;
  }

  /** All charges (or credits) of a book at their positions, opened; those not sealed too. */
  async charges(domain: string = CHARGES): Promise<StoredCharge[]> {
    const opener = new RowOpener(this.store, domain);
    const charges: StoredCharge[] = [];
    for await (const { rows } of scanRows(this.store, domain, 1n, 1n << 40n)) {
      if (!isBlock(rows)) charges.push(rows as StoredCharge);
      else
        for (let row = 0; row < rows.count; row++) {
          charges.push((await opener.open(rows, row)) ?? assert.fail("the key was not erased"));
        }
    }
    return charges;
  }

  async assertConsistent(): Promise<void> {
    assert.deepEqual((await checkStore(this.store, this.ledger)).problems, []);
  }
}

/** Straight to the ledger, past the outbox. */
async function sendAs(ledger: MemoryLedger, call: LedgerCall): Promise<void> {
  const nonce = await ledger.accountNonce(ledger.senderOf("commit"), "head");
  const { raw } = await ledger.sign(ledger.prepare(call), { duty: "commit", nonce });
  await ledger.broadcast(raw);
}

export function usageFile(name: string, lines: InspectLine[]) {
  return {
    name,
    sha256: createHash("sha256").update(name).digest("hex"),
    lines: (async function* () {
      yield* lines;
    })(),
  };
}

/** A call of Anna's to Germany, ten minutes before noon, of one started minute. */
export function call(id: string, changes: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id,
    service: "voice",
    direction: "outgoing",
    start: "2026-10-05T11:50:00.000Z",
    durationSeconds: 30,
    aParty: ANNA,
    bParty: "+493023125000",
    billable: true,
    ...changes,
  };
}

/** Calls that differ in their second, so that none is taken for another. */
export const calls = (prefix: string, count: number, changes: Partial<UsageRecord> = {}) =>
  Array.from({ length: count }, (_, at) =>
    call(`${prefix}-${at}`, {
      start: new Date(Date.parse("2026-10-05T10:00:00.000Z") + at * 1000).toISOString(),
      ...changes,
    }),
  );

export const hasCode = (code: string) => (error: unknown) =>
  error instanceof TallystickError && error.code === code;
