import type { EvidenceShelf, NewFile } from "./evidence-shelf.ts";

/** Files that become durable together: what the disk is waited for is little of each. */
const GROUP_FILES = 2_048;
/** Nor is more than this held for them. */
const GROUP_BYTES = 32 * 1_048_576;
/** Groups that are put at a time; who has more to add waits. */
const GROUPS_AT_ONCE = 2;

/** Puts whole files on a shelf in groups, while others are being made. */
export class GroupedPuts {
  readonly #shelf: EvidenceShelf;
  readonly #under = new Set<Promise<void>>();
  #files: NewFile[] = [];
  #bytes = 0;
  #failure: { cause: unknown } | undefined;

  constructor(shelf: EvidenceShelf) {
    this.#shelf = shelf;
  }

  /** Resolves when there is room for more. @throws as `EvidenceShelf.put`, of these files or of earlier ones */
  async add(files: readonly NewFile[]): Promise<void> {
    for (const file of files) {
      this.#files.push(file);
      this.#bytes += file.whole?.length ?? 0;
    }
    if (this.#files.length >= GROUP_FILES || this.#bytes >= GROUP_BYTES) this.#put();
    while (this.#under.size >= GROUPS_AT_ONCE) await Promise.race(this.#under);
    this.#requirePut();
  }

  /** To be called also when nothing more is added because of a failure. Resolves once all files are durable. */
  async end(): Promise<void> {
    this.#put();
    await Promise.all(this.#under);
    this.#requirePut();
  }

  #put(): void {
    const files = this.#files;
    this.#files = [];
    this.#bytes = 0;
    if (files.length === 0 || this.#failure !== undefined) return;
    const put = this.#shelf.put(files).then(
      () => {},
      (cause: unknown) => {
        this.#failure ??= { cause };
      },
    );
    const under = put.then(() => {
      this.#under.delete(under);
    });
    this.#under.add(under);
  }

  #requirePut(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}
