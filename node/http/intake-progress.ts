import { UsageColumns, type UsageLines } from "../core/formats/usage-columns.ts";

/**
 * "looking": read to its end, before anything of it is stored; "waiting": for a place among the files under way, none
 * of it received, or for the file that its sender put before; "rating": handed over, though other work of the node may come first.
 */
export type UploadPhase = "receiving" | "looking" | "waiting" | "rating";

/** How long an upload was in each phase, by the clock. */
export type PhaseSeconds = Partial<Record<UploadPhase, number>>;

/** How far an upload is, for who sent it and waits for the answer. */
export interface UploadProgress {
  name: string;
  phase: UploadPhase;
  /** Records and rejected rows of the file; known once it was looked at. */
  records?: number;
  /** Of them, those that were taken in, or had been before. */
  done: number;
}

export interface Turn {
  /** Resolved once the upload before may no longer be overtaken. */
  before: Promise<void>;
  /** Lets the upload behind go on; more than once does nothing more. */
  pass: () => void;
}

/** The uploads under way. */
export class IntakeProgress {
  /** With when each entered the phase it is in, and how many milliseconds it was in each. */
  readonly #uploads = new Map<
    UploadProgress,
    { since: number; inPhases: Map<UploadPhase, number> }
  >();
  /** By the name that its sender gave it: resolved once it waits no more, taken in or not. */
  readonly #turns = new Map<string, Promise<void>>();

  list(): UploadProgress[] {
    return [...this.#uploads.keys()];
  }

  begin(name: string): UploadProgress {
    const upload: UploadProgress = { name, phase: "receiving", done: 0 };
    this.#uploads.set(upload, { since: performance.now(), inPhases: new Map() });
    return upload;
  }

  enter(upload: UploadProgress, phase: UploadPhase): void {
    this.#pass(upload);
    upload.phase = phase;
  }

  /** Until now, to the millisecond. */
  secondsOf(upload: UploadProgress): PhaseSeconds {
    this.#pass(upload);
    const inPhases = this.#uploads.get(upload)?.inPhases ?? [];
    return Object.fromEntries(
      [...inPhases].map(([phase, milliseconds]) => [phase, Math.round(milliseconds) / 1000]),
    );
  }

  end(upload: UploadProgress): void {
    this.#uploads.delete(upload);
  }

  #pass(upload: UploadProgress): void {
    const times = this.#uploads.get(upload);
    if (times === undefined) return;
    const now = performance.now();
    const { phase } = upload;
    times.inPhases.set(phase, (times.inPhases.get(phase) ?? 0) + now - times.since);
    times.since = now;
  }

  /**
   * A sender that has the next file looked at while the one before is taken in says which comes first.
   * @param own the sender's name for this upload
   * @param after its name for the one before; one that is unknown, or over, is not waited for
   */
  takeTurn(own: string | undefined, after: string | undefined): Turn {
    const before = (after === undefined ? undefined : this.#turns.get(after)) ?? Promise.resolve();
    if (own === undefined) return { before, pass: () => {} };
    let pass = () => {};
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    this.#turns.set(own, passed);
    void passed.then(() => {
      if (this.#turns.get(own) === passed) this.#turns.delete(own);
    });
    return { before, pass };
  }
}

/**
 * The same blocks; what was taken of a block is counted when the next one is asked for, and told once the file
 * was looked at: until then it may be refused as a whole.
 */
export async function* counted(blocks: UsageLines, upload: UploadProgress): UsageLines {
  let done = 0;
  for await (const block of blocks) {
    yield block;
    if (block instanceof UsageColumns) done += block.count;
    else for (const line of Array.isArray(block) ? block : [block]) if (!("file" in line)) done++;
    if (upload.records !== undefined) upload.done = done;
  }
}
