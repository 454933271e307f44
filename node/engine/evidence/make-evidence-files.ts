import type { EngineContext } from "../operator.ts";
import type { EvidenceBuilder } from "./build-evidence.ts";
import {
  type EvidenceKernel,
  type NewEvidence,
  type OpenEvidenceKernel,
  WHOLE_LINES_MAX,
} from "./evidence-kernel.ts";
import type { EvidenceShelf, NewFile } from "./evidence-shelf.ts";
import { GroupedPuts } from "./grouped-puts.ts";
import { sealEvidenceFile } from "./seal-evidence-file.ts";
import { whileKept } from "./while-kept.ts";

/** Lines that are read and held at once; the more accounts, the fewer blocks of charges for each. */
const TASK_LINES = 1_024;
const TASK_FILES = 1_024;

export interface MadeFiles {
  lengths: number[];
  /** Once all of them are durable. */
  put: Promise<void>;
}

export interface WantedFile extends NewEvidence {
  place: string;
  /** Of its bundle. */
  lines: number;
}

/** Makes evidence files and puts them on a shelf, some tasks at once. */
export class EvidenceFileMaker {
  readonly #context: EngineContext;
  readonly #builder: EvidenceBuilder;
  readonly #openKernel: OpenEvidenceKernel;
  /** While a month is on its way. */
  #kernel: EvidenceKernel | undefined;

  constructor(context: EngineContext, builder: EvidenceBuilder, openKernel: OpenEvidenceKernel) {
    this.#context = context;
    this.#builder = builder;
    this.#openKernel = openKernel;
  }

  /**
   * What is gathered of a month that was found to be over by then is put nowhere.
   * @throws TallystickError `publish.not-written`, `evidence.retention-over`; nothing is being put then
   */
  async make(
    epoch: string,
    shelf: EvidenceShelf,
    missing: readonly WantedFile[],
  ): Promise<MadeFiles> {
    if (missing.length === 0) return { lengths: [], put: Promise.resolve() };
    const { store, time } = this.#context;
    const seconds = await time.seconds();
    const kernel = this.#openedKernel();
    const tasks = tasksOf(missing);
    const lengths: number[] = [];
    const puts = new GroupedPuts(shelf);
    const lanes = Array.from({ length: kernel.tasksAtOnce }, async () => {
      for (const { isWhole, files } of tasks) {
        const bytes = isWhole
          ? await whileKept(store, epoch, () => kernel.write({ epoch, seconds, files }))
          : [];
        const made = files.map((file, at): NewFile => {
          const whole = bytes[at];
          const { place } = file;
          const chunks = () => this.#inPieces(file, epoch);
          return whole === undefined ? { place, chunks } : { place, whole, chunks };
        });
        // Before they are put: their memory is handed over.
        for (const { length } of bytes) lengths.push(length);
        if (isWhole) await puts.add(made);
        else lengths.push(...(await shelf.put(made)));
      }
    });
    const ended = await Promise.allSettled(lanes);
    const put = puts.end();
    for (const lane of ended) {
      if (lane.status === "fulfilled") continue;
      await put.catch(() => {});
      throw lane.reason;
    }
    put.catch(() => {});
    return { lengths, put };
  }

  /** Gives back threads and memory; the next call of `make` takes others. */
  async rest(): Promise<void> {
    const kernel = this.#kernel;
    this.#kernel = undefined;
    await kernel?.end();
  }

  #inPieces({ account, secret, salt }: WantedFile, epoch: string): AsyncGenerator<Uint8Array> {
    const text = this.#builder.write(account, epoch, { onlyFinal: true });
    return sealEvidenceFile(text, { secret, epoch, salt });
  }

  #openedKernel(): EvidenceKernel {
    const { profile, store } = this.#context;
    const { ledger, tariffs, signReceipt, signInvoice } = this.#builder.parts;
    const versions = tariffs.versions.map(({ version, validFromSeconds, document }) => ({
      version,
      validFromSeconds,
      document,
    }));
    this.#kernel ??= this.#openKernel(
      { profile, ledger, tariffs: versions },
      {
        store,
        ...(signReceipt === undefined ? {} : { signReceipt }),
        ...(signInvoice === undefined ? {} : { signInvoice }),
      },
    );
    return this.#kernel;
  }
}

/** Files that are made together: whole ones, or a long one alone. */
function* tasksOf(
  missing: readonly WantedFile[],
): Generator<{ isWhole: boolean; files: WantedFile[] }, undefined> {
  let files: WantedFile[] = [];
  let lines = 0;
  for (const file of missing) {
    if (file.lines > WHOLE_LINES_MAX) {
      yield { isWhole: false, files: [file] };
      continue;
    }
    if (files.length === TASK_FILES || lines + file.lines > TASK_LINES) {
      yield { isWhole: true, files };
      files = [];
      lines = 0;
    }
    files.push(file);
    lines += file.lines;
  }
  if (files.length > 0) yield { isWhole: true, files };
  return undefined;
}
