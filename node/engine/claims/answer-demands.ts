import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { sealDelivery } from "../../core/evidence/sealed-delivery.ts";
import type { Ledger, LedgerCall, LedgerEvent } from "../commit/ledger.ts";
import type { Outbox } from "../commit/outbox.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredDemand } from "../store/stored-types.ts";
import { buildDelivery, type DemandedPlace } from "./build-delivery.ts";

/** Some blocks are read twice, in case the ledger lost its tail. */
const BLOCKS_READ_TWICE = 64n;
/** So often a demand that can not be answered is tried; then it is left to staff. */
const ATTEMPTS_MAX = 50;
const FOR_ALL = /^(ledger\.unreachable|ledger\.wrong-.*|outbox\.full|store\..*)$/;

export interface DemandDeskParts {
  ledger: Pick<Ledger, "finalHead" | "events">;
  outbox: Pick<Outbox, "enqueue">;
  /** Told of what went wrong with one demand; the others go on. */
  onTrouble?: (error: unknown) => void;
}

/**
 * Answers demands for evidence of this operator's books, by itself and at once: whoever may demand it is
 * entitled to it, and silence costs the bond. Every step is found again from the store and the ledger, so
 * that it can be run at any time, any number of times.
 */
export class DemandDesk {
  readonly #context: EngineContext;
  readonly #parts: DemandDeskParts;

  constructor(context: EngineContext, parts: DemandDeskParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async work(): Promise<void> {
    await this.#follow();
    const { store } = this.#context;
    for await (const { value: id } of scanJson<Hex>(store, below("demand-open/"))) {
      const demand = await getJson<StoredDemand>(store, keys.demand(id));
      if (demand === undefined || (demand.trouble?.attempts ?? 0) >= ATTEMPTS_MAX) continue;
      try {
        await this.#answer(demand);
      } catch (error) {
        const code = error instanceof TallystickError ? error.code : "internal";
        if (FOR_ALL.test(code)) throw error;
        this.#parts.onTrouble?.(error);
        const attempts = (demand.trouble?.attempts ?? 0) + 1;
        await this.#keep({ ...demand, trouble: { code, attempts } });
      }
    }
  }

  async list(): Promise<StoredDemand[]> {
    const demands: StoredDemand[] = [];
    for await (const { value } of scanJson<StoredDemand>(this.#context.store, below("demand/"))) {
      demands.push(value);
    }
    return demands;
  }

  /** Demands that are tried no more though their window is open: silence costs the bond. */
  async leftToStaff(): Promise<StoredDemand[]> {
    const { store, time } = this.#context;
    const left: StoredDemand[] = [];
    for await (const { value: id } of scanJson<Hex>(store, below("demand-open/"))) {
      const demand = await getJson<StoredDemand>(store, keys.demand(id));
      if ((demand?.trouble?.attempts ?? 0) >= ATTEMPTS_MAX) left.push(demand as StoredDemand);
    }
    if (left.length === 0) return left;
    const now = await time.seconds();
    return left.filter(({ answerBy }) => BigInt(answerBy) > now);
  }

  /** How far was read becomes durable together with what was read. */
  async #follow(): Promise<void> {
    const { store, profile } = this.#context;
    const { ledger } = this.#parts;
    const session = new StoreSession(store);
    const { number: toBlock } = await ledger.finalHead();
    const seenTo = BigInt((await session.get<string>(keys.node("demands-seen-to"))) ?? "0");
    if (toBlock === seenTo) return;
    const fromBlock = seenTo > BLOCKS_READ_TWICE ? seenTo - BLOCKS_READ_TWICE : 0n;
    const names = ["EvidenceDemanded"];
    const events = await ledger.events({ contract: "demands", names, fromBlock, toBlock });
    for (const event of events) {
      if (event.values.operator !== profile.member) continue;
      const demand = demandOf(event);
      if ((await session.get(keys.demand(demand.id))) !== undefined) continue;
      session.put(keys.demand(demand.id), demand);
      session.put(keys.demandOpen(demand.id), demand.id);
    }
    session.put(keys.node("demands-seen-to"), toBlock.toString());
    await session.commit();
  }

  /**
   * The answer is handed over before it is noted: after a crash in between another one is made, which the
   * outbox does not take under the same key.
   */
  async #answer(demand: StoredDemand): Promise<void> {
    const built = await buildDelivery(this.#context.store, demand.place);
    const call: LedgerCall =
      built instanceof Uint8Array
        ? this.#delivery(demand, built)
        : { contract: "demands", method: "showEmpty", args: [demand.id, built] };
    const key = `demand:${demand.id}:answer`;
    try {
      await this.#parts.outbox.enqueue({ key, purpose: "answer demand", duty: "settle", call });
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "outbox.key-reused") throw error;
    }
    const { trouble: _, ...answered } = demand;
    await this.#keep({ ...answered, isAnswered: true });
  }

  #delivery({ id, key }: StoredDemand, plain: Uint8Array): LedgerCall {
    const asker = { x: BigInt(key.x), y: BigInt(key.y) };
    const secret = this.#context.random.bytes(32);
    const { ephemeral, ciphertext } = sealDelivery(id, asker, secret, plain);
    return { contract: "demands", method: "deliver", args: [id, ephemeral, ciphertext] };
  }

  async #keep(demand: StoredDemand): Promise<void> {
    const session = new StoreSession(this.#context.store);
    session.put(keys.demand(demand.id), demand);
    if (demand.isAnswered) session.delete(keys.demandOpen(demand.id));
    await session.commit();
  }
}

function demandOf({ values }: LedgerEvent): StoredDemand {
  const place = values.place as Record<string, Hex | bigint>;
  const key = values.key as { x: bigint; y: bigint };
  const book = place.book as Hex;
  const isChunk = BigInt(place.pseudonym as Hex) === 0n;
  const demanded: DemandedPlace = isChunk
    ? { book, sequence: String(place.number), chunk: Number(place.chunk) }
    : { book, pseudonym: place.pseudonym as Hex, chargeNumber: String(place.number) };
  return {
    id: values.demand as Hex,
    place: demanded,
    asker: values.asker as Hex,
    key: { x: key.x.toString(), y: key.y.toString() },
    answerBy: String(values.answerBy),
    isAnswered: false,
  };
}
