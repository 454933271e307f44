import { versionInForce } from "../../core/evidence/check-price.ts";
import { TextBytes } from "../../core/invoice/text-bytes.ts";
import { OrderKeys } from "../bill/order-keys.ts";
import type { EngineContext } from "../operator.ts";
import type { Store } from "../store/store.ts";
import { readAccountFacts } from "./account-facts.ts";
import { EvidenceBuilder, type EvidenceParts, writeGathered } from "./build-evidence.ts";
import {
  type EvidenceFacts,
  type EvidenceReach,
  type EvidenceTask,
  type NewEvidence,
  WHOLE_LINES_MAX,
} from "./evidence-kernel.ts";
import { type LineReading, WindowFiller } from "./fill-window.ts";
import { GatheredLines } from "./gather-lines.ts";
import { type LineMemory, LineWindow } from "./line-window.ts";
import { type LineList, listLines } from "./list-lines.ts";
import { ProofReader } from "./proof-reader.ts";
import { sealWholeFile } from "./seal-evidence-file.ts";

const CHARGE_LEAF_BYTES_MAX = 16 * 1_048_576;
/** Files that are begun together, while those before are written: whoever signs is asked once for all of them. */
const FILES_AT_ONCE = 64;

export interface LineListing {
  epoch: string;
  /** The first account. */
  from: string;
  linesMax: number;
}

/** Lines of a window, and which of its heaps is theirs. */
export interface WindowPart {
  memory: LineMemory;
  from: number;
  to: number;
  heap: number;
}

/** Makes evidence files of many accounts, whose lines are read together. */
export class EvidenceWorker {
  readonly #context: EngineContext;
  readonly #builder: EvidenceBuilder;
  readonly #reading: LineReading;
  #orderKeys: { epoch: string; keys: Promise<OrderKeys | undefined> } | undefined;

  constructor({ profile, ledger, tariffs }: EvidenceFacts, reach: EvidenceReach) {
    const refuse = () => Promise.reject(new Error("evidence is read, and nothing is written"));
    const { store } = reach;
    const reading: Store = {
      get: async (key) => (await store.getMany([key]))[0],
      getMany: (keys) => store.getMany(keys),
      getParts: async (parts) => {
        const values = await store.getMany(parts.map(({ key }) => key));
        return parts.map(({ from, to }, at) => values[at]?.subarray(from, to));
      },
      scan: (range) => store.scan(range),
      view: refuse,
      write: refuse,
      close: refuse,
    };
    this.#context = {
      store: reading,
      profile,
      // What is random, and what time it is, each task says.
      random: { bytes: () => new Uint8Array() },
      time: { seconds: refuse },
    };
    const published = {
      versions: tariffs,
      inForce: (start: number) => versionInForce(tariffs, BigInt(start)),
    };
    const { signReceipt, signInvoice } = reach;
    this.#builder = new EvidenceBuilder(this.#context, published, ledger, signReceipt, signInvoice);
    this.#reading = {
      ...this.#builder.reading,
      // Read in the order in which they lie, tiles of charges are asked for once in a task.
      proofs: new ProofReader(reading, { leafBytesMax: CHARGE_LEAF_BYTES_MAX }),
      invoiceProofs: new ProofReader(reading),
    };
  }

  /** Lines from an account on that a window may hold. */
  list({ epoch, from, linesMax }: LineListing): Promise<LineList> {
    return listLines(this.#context, epoch, from, { linesMax, linesEachMax: WHOLE_LINES_MAX });
  }

  /** Reads some lines of a window. @returns the bytes of its heap */
  fill({ memory, from, to, heap }: WindowPart): Promise<Uint8Array> {
    const { chargeBook } = this.#context.profile.agreement;
    const window = new LineWindow(memory);
    return new WindowFiller(this.#reading, chargeBook, window, heap).fill(from, to);
  }

  /**
   * @param memory of a window that holds lines of the accounts, if there is one
   * @returns the files' bytes, in their order @throws TallystickError as `EvidenceBuilder.write`
   */
  async write(
    { epoch, seconds, files }: EvidenceTask,
    memory?: LineMemory,
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    const { chargeBook } = this.#context.profile.agreement;
    const accounts = [...new Set(files.map(({ account }) => account))];
    const facts = await readAccountFacts(this.#context, accounts, epoch);
    const keys = await this.#keysOf(epoch);
    const window = memory && new LineWindow(memory);
    const gathered = await GatheredLines.of(this.#reading, chargeBook, facts, keys, window);
    const byAccount = new Map(facts.map((one) => [one.account, one]));
    const open = (from: number): Promise<EvidenceParts[]> => {
      const opened = files.slice(from, from + FILES_AT_ONCE).map(({ account }) => {
        const known = byAccount.get(account);
        const options = { onlyFinal: true, gathered, seconds, ...(known && { known }) };
        return this.#builder.open(account, epoch, options);
      });
      const all = Promise.all(opened);
      // It may fail while those before are written; it is told when it is their turn.
      all.catch(() => {});
      return all;
    };
    const made: Uint8Array<ArrayBuffer>[] = [];
    const text = new TextBytes();
    for (let from = 0, next = open(0); from < files.length; from += FILES_AT_ONCE) {
      const opened = await next;
      next = open(from + FILES_AT_ONCE);
      for (const [at, parts] of opened.entries()) {
        const { secret, salt } = files[from + at] as NewEvidence;
        text.clear();
        await writeGathered(text, parts, gathered);
        made.push(sealWholeFile(text.bytes.subarray(0, text.length), { secret, salt, epoch }));
      }
    }
    return made;
  }

  #keysOf(epoch: string): Promise<OrderKeys | undefined> {
    if (this.#orderKeys?.epoch !== epoch) {
      const { store, profile } = this.#context;
      const keys = OrderKeys.read(store, profile.agreement.invoiceBook, epoch);
      this.#orderKeys = { epoch, keys };
    }
    return this.#orderKeys.keys;
  }
}
