/** What memory of WebAssembly is counted in. */
const PAGE_BYTES = 65_536;
/** It grows by a megabyte. */
const GROWN_PAGES = 16;
/** 512 MB, far more than a unit of work takes: addresses are set aside for them, and no memory. */
const PAGES_MAX = 8_192;

/** What is used of WebAssembly: Node's types do not declare it. */
interface WebAssemblyApi {
  Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory;
}

interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

const { WebAssembly: webAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

/**
 * Memory, seen by all threads, for the values of one unit of work after the other: what the last unit took is taken again,
 * so that a file of any length asks the system for that of its largest unit. Values lie behind each other from the
 * beginning of a page on, so that all of them can be written at once from where they are (append-plan.ts): memory of
 * WebAssembly begins so and grows without being moved, and no other does.
 */
export class ValueRoom {
  #memory: SharedMemory | undefined;
  #buffer = new SharedArrayBuffer(0);
  #at = 0;
  /** The system gave no more of it: asking again costs a collection of all garbage. */
  #isRefused = false;

  /** @returns memory that starts at a multiple of eight; what stands in it is of no meaning */
  take(bytes: number): Uint8Array {
    const from = this.#at;
    if (from + bytes > this.#buffer.byteLength && !this.#grow(from + bytes)) {
      return new Uint8Array(new SharedArrayBuffer(bytes));
    }
    this.#at = Math.ceil((from + bytes) / 8) * 8;
    return new Uint8Array(this.#buffer, from, bytes);
  }

  /** All that was taken is free again. */
  startAnew(): void {
    this.#at = 0;
    this.#isRefused = false;
  }

  /** @returns false where the system has no more of it */
  #grow(bytes: number): boolean {
    if (this.#isRefused) return false;
    const pages = Math.ceil((bytes - this.#buffer.byteLength) / PAGE_BYTES);
    try {
      this.#memory ??= new webAssembly.Memory({ initial: 0, maximum: PAGES_MAX, shared: true });
      this.#memory.grow(Math.ceil(pages / GROWN_PAGES) * GROWN_PAGES);
    } catch {
      this.#isRefused = true;
      return false;
    }
    // What was taken stays where it is, and is seen through the buffer that there was then.
    this.#buffer = this.#memory.buffer;
    return true;
  }
}
