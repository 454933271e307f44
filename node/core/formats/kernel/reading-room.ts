import { BUFFER_BYTES, UsageColumns } from "../usage-columns.ts";

/** What is used of WebAssembly: Node's types do not declare it, and core may not ask for the DOM's. */
export interface WebAssemblyApi {
  Memory: new (size: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: { env: { memory: object; abort: () => never } },
  ) => { readonly exports: unknown };
}

export const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly?: WebAssemblyApi;
};

const PAGE_BYTES = 65_536;
/** The kernel's own first page, names that are read, and names whose fingerprints are taken (assembly/room.ts). */
export const NAMES_MAX = 294_912;
export const TEXTS_BYTES = 8_388_608;
export const ENTRIES_AT = PAGE_BYTES + 8 * 524_288;
const TEXTS_AT = ENTRIES_AT + 8 * NAMES_MAX;
export const PRINT_ENTRIES_AT = TEXTS_AT + TEXTS_BYTES;
export const PRINT_TEXTS_AT = PRINT_ENTRIES_AT + 8 * NAMES_MAX;
export const COLUMNS_AT = PRINT_TEXTS_AT + TEXTS_BYTES;
/** Registers may be filled from beyond the last byte, and a text that is cut is looked at as far as one may be long. */
const BEYOND_BYTES = 2_048;

/** Memory of a thread that reads and of the one that takes; only what is used of it is there. */
export interface ReadingRoom {
  readonly buffer: SharedArrayBuffer;
  /** What a kernel works in; without it rows are read in JavaScript. */
  readonly memory: object | undefined;
}

/** @param batches of columns that lie in it */
export function makeReadingRoom(batches: number): ReadingRoom {
  const bytes = COLUMNS_AT + batches * BUFFER_BYTES + BEYOND_BYTES;
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    if (webAssembly !== undefined) {
      const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      return { buffer: memory.buffer, memory };
    }
  } catch {
    // Where memory of a kernel can not be shared, or no more of its kind is to be had.
  }
  return { buffer: new SharedArrayBuffer(bytes), memory: undefined };
}

export function columnsIn({ buffer }: ReadingRoom, batches: number): UsageColumns[] {
  return Array.from(
    { length: batches },
    (_, batch) => new UsageColumns(buffer, COLUMNS_AT + batch * BUFFER_BYTES),
  );
}
