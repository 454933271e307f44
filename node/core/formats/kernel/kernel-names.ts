import type { ReadingKernel } from "./reading-kernel.ts";

/** Names of a file that a kernel numbers, as texts; what NameTable is where JavaScript reads. */
export class KernelNames {
  readonly kernel: ReadingKernel;
  readonly #decoder = new TextDecoder();
  #names: string[] = [""];
  #generation = 0;

  /** @param kernel which forgets those of the file before @param key secret, as in ColumnsOptions */
  constructor(kernel: ReadingKernel, key: Uint32Array) {
    this.kernel = kernel;
    kernel.forgetNames(key);
  }

  get generation(): number {
    return this.#generation;
  }

  /** All of this generation by their numbers. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Before a new batch of rows, within which no number changes its meaning. */
  begin(): void {
    if (!this.kernel.beginNames()) return;
    this.#names = [""];
    this.#generation++;
  }

  /** Behind a batch: makes texts of those that it added. */
  learn(): void {
    const names = this.#names;
    const count = this.kernel.nameCount;
    if (count < names.length) return;
    const { from: start } = this.kernel.nameAt(names.length);
    const last = this.kernel.nameAt(count);
    // A copy, since the memory is shared. They are ASCII, so that bytes are characters.
    const text = this.#decoder.decode(this.kernel.bytes.slice(start, last.from + last.length));
    for (let number = names.length; number <= count; number++) {
      const { from, length } = this.kernel.nameAt(number);
      names.push(text.slice(from - start, from - start + length));
    }
  }
}
