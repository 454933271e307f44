import { type Hex, toHex } from "../../core/bytes.ts";
import { hashDocument } from "../../core/hash.ts";
import type { Store, StoreOperation, StoreRange } from "../store/store.ts";
import type { Duty, PreparedCall, RefusalReason } from "./ledger.ts";

/*
 * What the outbox keeps in the store. Key spaces:
 *
 *   outbox/key/<idempotency key>         digest of the call, and where its entry stands now
 *   outbox/open/<ordinal>                not settled: queued, or signed with its bytes
 *   outbox/settled/<sender>/<nonce>      how it ended, for good and small
 *   outbox/bytes/<sender>/<nonce>        the signed bytes of the newest settled ones, to send again
 *                                        to a ledger that lost its tail
 *
 * Every transition is one atomic write, so an entry stands in exactly one of open and settled.
 */

/** One call on its way. Without `signed` it waits in the queue and has no nonce yet. */
export interface OutboxEntry {
  /** Order of the queue. Says nothing once the entry has a nonce. */
  ordinal: number;
  key: string;
  purpose: string;
  duty: Duty;
  sender: Hex;
  call: PreparedCall;
  signed?: { nonce: bigint; hash: Hex; raw: Hex };
  /** How it was settled until the ledger lost it. */
  lostStatus?: SettledStatus;
}

export type SignedEntry = OutboxEntry & Required<Pick<OutboxEntry, "signed">>;
export type SettledStatus = "final" | "refused";

/** How a call ended. `blockTime` in seconds. A refused one is on the ledger and changed nothing. */
export interface Settled {
  key: string;
  purpose: string;
  status: SettledStatus;
  sender: Hex;
  nonce: bigint;
  hash: Hex;
  blockNumber: bigint;
  blockTime: bigint;
  error?: RefusalReason;
}

type KeyIndex = { call: Hex } & ({ open: number } | { sender: Hex; nonce: string });

/** The input's digest beside the idempotency key: the same key with another call is a mistake. */
export const callDigest = (call: PreparedCall): Hex =>
  toHex(hashDocument(new TextEncoder().encode(`${call.to}${call.data}`)));

export const isSigned = (entry: OutboxEntry): entry is SignedEntry => entry.signed !== undefined;

export class OutboxJournal {
  readonly #store: Store;
  /** How many settled transactions of each sender keep their bytes. */
  readonly #bytesKeptMax: number;

  constructor(store: Store, bytesKeptMax: number) {
    this.#store = store;
    this.#bytesKeptMax = bytesKeptMax;
  }

  async openEntries(): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    for await (const { value } of this.#store.scan(under("outbox/open/"))) {
      entries.push(decode<OutboxEntry>(value));
    }
    return entries;
  }

  /** Whoever has something settled, found by jumping from one sender's range to the next. */
  async settledSenders(): Promise<Hex[]> {
    const senders: Hex[] = [];
    const { from, to } = under("outbox/settled/");
    let next: string | undefined = from;
    while (next !== undefined) {
      const range: StoreRange = { from: next, to, limit: 1 };
      next = undefined;
      for await (const { value } of this.#store.scan(range)) {
        const { sender } = decode<Settled>(value);
        senders.push(sender);
        next = under(`outbox/settled/${sender}/`).to;
      }
    }
    return senders;
  }

  async highestSettledNonce(sender: Hex): Promise<bigint | undefined> {
    const newest = { ...under(`outbox/settled/${sender}/`), reverse: true, limit: 1 };
    for await (const { value } of this.#store.scan(newest)) return decode<Settled>(value).nonce;
    return undefined;
  }

  async find(key: string): Promise<{ callDigest: Hex; settled: Settled | undefined } | undefined> {
    const index = await this.#get<KeyIndex>(`outbox/key/${key}`);
    if (index === undefined) return undefined;
    const settled =
      "open" in index
        ? undefined
        : await this.#get<Settled>(settledKey(index.sender, BigInt(index.nonce)));
    return { callDigest: index.call, settled };
  }

  /** After this a crash does not lose the call: it will be signed and sent. */
  async queue(entry: OutboxEntry): Promise<void> {
    await this.#store.write([put(openKey(entry.ordinal), entry), openIndex(entry)]);
  }

  /**
   * After this a crash sends these very bytes again; before it nobody has seen them. That is why the
   * nonce is never given away twice. `signed` absent takes a replaced entry back into the queue.
   */
  async rewrite(entry: OutboxEntry): Promise<void> {
    await this.#store.write([put(openKey(entry.ordinal), entry)]);
  }

  /**
   * A crash before it finds the entry open with its bytes, asks for the receipt again and comes to the same end.
   */
  async settle(entry: SignedEntry, settled: Settled): Promise<void> {
    const { sender } = entry;
    const { nonce } = entry.signed;
    const { lostStatus: _, ...bytes } = entry;
    const forgotten = nonce - BigInt(this.#bytesKeptMax);
    const operations: StoreOperation[] = [
      { type: "delete", key: openKey(entry.ordinal) },
      put(settledKey(sender, nonce), settled),
      put(bytesKey(sender, nonce), bytes),
      put(`outbox/key/${entry.key}`, {
        call: callDigest(entry.call),
        sender,
        nonce: nonce.toString(),
      } satisfies KeyIndex),
    ];
    if (forgotten >= 0n) operations.push({ type: "delete", key: bytesKey(sender, forgotten) });
    await this.#store.write(operations);
  }

  /**
   * What was settled from `nonce` on, with its bytes where they are still kept, in order of nonce.
   */
  async settledFrom(
    sender: Hex,
    nonce: bigint,
  ): Promise<{ settled: Settled; entry: SignedEntry | undefined }[]> {
    const found: { settled: Settled; entry: SignedEntry | undefined }[] = [];
    const range = { from: settledKey(sender, nonce), to: under(`outbox/settled/${sender}/`).to };
    for await (const { value } of this.#store.scan(range)) {
      const settled = decode<Settled>(value);
      const entry = await this.#get<SignedEntry>(bytesKey(sender, settled.nonce));
      found.push({ settled, entry });
    }
    return found;
  }

  /** Durable: after it a crash goes on sending what the ledger lost. */
  async reopen(entries: readonly SignedEntry[]): Promise<void> {
    const operations = entries.flatMap((entry): StoreOperation[] => [
      put(openKey(entry.ordinal), entry),
      { type: "delete", key: settledKey(entry.sender, entry.signed.nonce) },
      openIndex(entry),
    ]);
    await this.#store.write(operations);
  }

  async #get<T>(key: string): Promise<T | undefined> {
    const value = await this.#store.get(key);
    return value === undefined ? undefined : decode<T>(value);
  }
}

/** Numbers in keys have a fixed width, so that the order of the text is theirs. */
const padded = (value: bigint | number): string => value.toString().padStart(16, "0");
const openKey = (ordinal: number): string => `outbox/open/${padded(ordinal)}`;
const settledKey = (sender: Hex, nonce: bigint): string =>
  `outbox/settled/${sender}/${padded(nonce)}`;
const bytesKey = (sender: Hex, nonce: bigint): string => `outbox/bytes/${sender}/${padded(nonce)}`;

/** "0" is the character after "/". */
const under = (prefix: string) => ({ from: prefix, to: `${prefix.slice(0, -1)}0` });

const openIndex = (entry: OutboxEntry): StoreOperation =>
  put(`outbox/key/${entry.key}`, {
    call: callDigest(entry.call),
    open: entry.ordinal,
  } satisfies KeyIndex);

const put = (key: string, value: object): StoreOperation => ({
  type: "put",
  key,
  value: encode(value),
});

/** JSON in which `{"bigint":"12"}` stands for an integer beyond 2^53. */
function encode(value: object): Uint8Array {
  const text = JSON.stringify(value, (_, field: unknown) =>
    typeof field === "bigint" ? { bigint: field.toString() } : field,
  );
  return new TextEncoder().encode(text);
}

function decode<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes), (_, field: unknown) =>
    typeof field === "object" && field !== null && "bigint" in field
      ? BigInt(String(field.bigint))
      : field,
  ) as T;
}
