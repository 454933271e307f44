import type { ChargeBlock } from "../engine/number/charge-block.ts";
import {
  type BlockSecrets,
  ChargeHasher,
  type LeafHasher,
  OWNER_SECRET_BYTES,
} from "../engine/number/hash-charges.ts";
import { AnsweringThread } from "./answering-thread.ts";

/** What goes to the thread: a block, and where its digests go, in memory that both see; copies of the rest. */
export interface HashTask {
  payload: Uint8Array;
  leaves: Uint8Array;
  secrets: BlockSecrets;
  domain: Uint8Array;
}

/** The digests are where the task said. */
export interface HashAnswer {
  done: true;
}

const PROGRAM = new URL("./hash-thread-program.ts", import.meta.url);
const THREAD_ROWS_MIN = 64;

/**
 * Hashes blocks of charges in a thread of its own, so that rating goes on meanwhile. What is under way is
 * bounded by the unit of work: it is written only when its digests are there.
 */
export class HashThread implements LeafHasher {
  readonly #domain: Uint8Array;
  /** For few rows, which are hashed before a thread has them. */
  #own: ChargeHasher | undefined;
  readonly #thread: AnsweringThread<HashTask, HashAnswer>;

  /**
   * @param domain the book's
   * @param program the thread's; another one only in tests
   */
  constructor(domain: Uint8Array, program = PROGRAM) {
    this.#domain = domain;
    this.#thread = new AnsweringThread(program, "the hashing thread");
  }

  leavesOf(
    block: ChargeBlock,
    secrets: BlockSecrets,
    into?: Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    if (block.count < THREAD_ROWS_MIN) {
      this.#own ??= new ChargeHasher(this.#domain);
      return this.#own.leavesOf(block, secrets, into);
    }
    const leaves = isShared(into) ? into : shared(32 * block.count);
    const task: HashTask = {
      payload: isShared(block.payload) ? block.payload : sharedCopy(block.encode()),
      leaves,
      secrets: {
        owners: secrets.owners.slice(0, block.owners.count * OWNER_SECRET_BYTES),
        monthKeys: Uint8Array.from(secrets.monthKeys),
        monthOf: secrets.monthOf.slice(0, block.count),
      },
      domain: this.#domain,
    };
    return this.#thread.ask(task).then(() => leaves);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

const isShared = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
  bytes?.buffer instanceof SharedArrayBuffer;

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));

function sharedCopy(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = shared(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
