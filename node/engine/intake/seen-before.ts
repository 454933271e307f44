import { toHex } from "../../core/bytes.ts";
import type { ChargeWriter } from "../number/charge-writer.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { scanJson } from "../store/stored-json.ts";
import { findRows, isBlock, type StoredRows } from "../store/stored-rows.ts";
import type { FirstSight, IngestedFile, SourceSeen, StoredCharge } from "../store/stored-types.ts";
import { FILE_DIGITS } from "./count-rows.ts";

/**
 * Blocks of rows that are kept, some 80 kB each. The rows of a file lie dealt over 64 blocks (charge-order.ts), so a
 * file that came before under other bytes asks for another block with each record, and for the same ones again.
 */
const KEPT_BLOCKS = 128;

interface KeptRows {
  from: number;
  to: number;
  rows: StoredRows["rows"];
}

/**
 * What stands where the index of records seen points to: a fingerprint is only a hint, so the id itself
 * is compared, with that of a charge or with the note of a record that became none.
 */
export class SeenBefore {
  readonly #context: EngineContext;
  readonly #session: StoreSession;
  readonly #writer: ChargeWriter;
  readonly #file: { name: string; sha256: string };
  /** Those that were read last, the oldest first. */
  readonly #kept: KeptRows[] = [];
  /** Position in the book that the file's first charge got or would have got. */
  firstPosition = 0;
  /** Duplicates whose first sight was in this very file. */
  repeated = 0;

  constructor(
    context: EngineContext,
    session: StoreSession,
    writer: ChargeWriter,
    file: { name: string; sha256: string },
  ) {
    this.#context = context;
    this.#session = session;
    this.#writer = writer;
    this.#file = file;
  }

  /** Whether a fingerprint's first sight was of this very id. */
  async isOf(position: number, recordId: string): Promise<boolean> {
    const id = position === 0 ? undefined : await this.#idAt(position);
    if (id === recordId) {
      if (position >= this.firstPosition) this.repeated++;
      return true;
    }
    const seen = await this.#session.get<SourceSeen>(keys.source(recordId));
    if (seen?.file === this.#file.sha256) this.repeated++;
    return seen !== undefined;
  }

  /** Where the first record of an id came, of which `isOf` said that there is one. */
  async firstOf(position: number, recordId: string): Promise<FirstSight["first"]> {
    if (position !== 0 && this.#writer.idAt(position) === recordId)
      return { file: this.#file.name, sha256: this.#file.sha256 };
    const found = position === 0 ? undefined : await this.#rowsAt(position);
    if (found !== undefined && idIn(found, position) === recordId) {
      return await this.#fileOf(sourceOf(found));
    }
    const seen = await this.#session.get<SourceSeen>(keys.source(recordId));
    if (seen === undefined) return {};
    return { ...(await this.#fileOf(seen.file)), position: seen.position };
  }

  /** @param digits the first FILE_DIGITS of its SHA-256, or all */
  async #fileOf(digits: string): Promise<FirstSight["first"]> {
    if (this.#file.sha256.startsWith(digits))
      return { file: this.#file.name, sha256: this.#file.sha256 };
    const from = keys.file(digits);
    // Hexadecimal digits end before it.
    const range = { from, to: `${from}g`, limit: 1 };
    for await (const { value } of scanJson<IngestedFile>(this.#context.store, range)) {
      return { file: value.name, sha256: value.sha256 };
    }
    return {};
  }

  /** The id at a position in brackets, for a sentence; empty where none is known. */
  async named(position: number): Promise<string> {
    const id = position === 0 ? undefined : await this.#idAt(position);
    return id === undefined ? "" : ` (${id})`;
  }

  async #idAt(position: number): Promise<string | undefined> {
    const fresh = this.#writer.idAt(position);
    if (fresh !== undefined) return fresh;
    const found = await this.#rowsAt(position);
    return found === undefined ? undefined : idIn(found, position);
  }

  async #rowsAt(position: number): Promise<KeptRows | undefined> {
    return (
      this.#kept.findLast(({ from, to }) => position >= from && position < to) ??
      (await this.#read(position))
    );
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

function idIn({ rows, from }: KeptRows, position: number): string {
  return isBlock(rows) ? rows.id(position - from) : (rows as StoredCharge).recordId;
}

/** The first FILE_DIGITS of its file's SHA-256. */
function sourceOf({ rows }: KeptRows): string {
  const file = isBlock(rows)
    ? toHex(rows.source.file)
    : ((rows as StoredCharge).opened.party.file as string);
  return file.replace(/^0x/, "").slice(0, FILE_DIGITS);
}
