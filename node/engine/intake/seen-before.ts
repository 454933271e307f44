import type { ChargeWriter } from "../number/charge-writer.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { findRows, isBlock, type StoredRows } from "../store/stored-rows.ts";
import type { SourceSeen, StoredCharge } from "../store/stored-types.ts";

/**
 * Blocks of rows that are kept, some 80 kB each. The rows of a file lie dealt over 64 blocks (charge-order.ts), so a
 * file that came before under other bytes asks for another block with each record, and for the same ones again.
 */
const KEPT_BLOCKS = 128;

/**
 * What stands where the index of records seen points to: a fingerprint is only a hint, so the id itself
 * is compared, with that of a charge or with the note of a record that became none.
 */
export class SeenBefore {
  readonly #context: EngineContext;
  readonly #session: StoreSession;
  readonly #writer: ChargeWriter;
  readonly #fileSha256: string;
  /** Those that were read last, the oldest first. */
  readonly #kept: { from: number; to: number; rows: StoredRows["rows"] }[] = [];
  /** Position in the book that the file's first charge got or would have got. */
  firstPosition = 0;
  /** Duplicates whose first sight was in this very file. */
  repeated = 0;

  constructor(
    context: EngineContext,
    session: StoreSession,
    writer: ChargeWriter,
    fileSha256: string,
  ) {
    this.#context = context;
    this.#session = session;
    this.#writer = writer;
    this.#fileSha256 = fileSha256;
  }

  /** Whether a fingerprint's first sight was of this very id. */
  async isOf(position: number, recordId: string): Promise<boolean> {
    const id = position === 0 ? undefined : await this.#idAt(position);
    if (id === recordId) {
      if (position >= this.firstPosition) this.repeated++;
      return true;
    }
    const seen = await this.#session.get<SourceSeen>(keys.source(recordId));
    if (seen?.file === this.#fileSha256) this.repeated++;
    return seen !== undefined;
  }

  /** The id at a position in brackets, for a sentence; empty where none is known. */
  async named(position: number): Promise<string> {
    const id = position === 0 ? undefined : await this.#idAt(position);
    return id === undefined ? "" : ` (${id})`;
  }

  async #idAt(position: number): Promise<string | undefined> {
    const fresh = this.#writer.idAt(position);
    if (fresh !== undefined) return fresh;
    const found =
      this.#kept.findLast(({ from, to }) => position >= from && position < to) ??
      (await this.#read(position));
    if (found === undefined) return undefined;
    const { rows, from } = found;
    return isBlock(rows) ? rows.id(position - from) : (rows as StoredCharge).recordId;
  }

  async #read(position: number) {
    const { store, profile } = this.#context;
    const found = await findRows(store, profile.agreement.chargeBook, BigInt(position));
    if (found === undefined) return undefined;
    const from = Number(found.first);
    const kept = { from, to: from + found.count, rows: found.rows };
    if (this.#kept.push(kept) > KEPT_BLOCKS) this.#kept.shift();
    return kept;
  }
}
