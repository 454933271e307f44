import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import { ColumnsFiller } from "../core/formats/columns-reader.ts";
import type { InspectLine } from "../core/formats/inspect-line.ts";
import { type ColumnsHeader, UsageColumns } from "../core/formats/usage-columns.ts";
import { Fingerprint } from "../engine/fingerprint.ts";

/*
 * The thread that reads a file into columns (columns-thread.ts starts it): bytes, rows, fingerprints. It
 * fills buffers that both threads see, and waits when none is free, so that it is never further ahead
 * than they are many.
 */

export interface ReadingOrder {
  path: string;
  format: string;
  options: { file: string; zone?: string; sourceName?: string };
  buffers: SharedArrayBuffer[];
  /** Of the fingerprints; without it none are taken. */
  seeds?: Uint32Array;
}

export type ReadingNews =
  | { buffer: number; header: ColumnsHeader; newNames: string[] }
  | { report: InspectLine }
  | { error: { code: string; message: string; place: object } };

const port = parentPort;
const order = workerData as ReadingOrder;
const columns = order.buffers.map((buffer) => new UsageColumns(buffer));
const free: number[] = [];
let onFree: (() => void) | undefined;

port?.on("message", (buffer: number) => {
  free.push(buffer);
  onFree?.();
});
await read().catch((error: unknown) => {
  const { code, message, place } = asTold(error);
  tell({ error: { code, message, place } });
});
port?.close();

async function read(): Promise<void> {
  const reader = columnsFormat(order.format).open(order.options);
  const filler = new ColumnsFiller(reader);
  const prints = order.seeds === undefined ? undefined : new Fingerprint(order.seeds);
  const file = openSync(order.path, "r");
  let told = { generation: -1, names: 0 };
  try {
    for (let isLast = false; !isLast || filler.hasRest; ) {
      if (free.length === 0) await untilFree();
      const buffer = free.shift() as number;
      const batch = columns[buffer] as UsageColumns;
      const room = filler.begin(batch);
      const bytes: number = isLast ? 0 : readSync(file, room, 0, room.length, null);
      // At the end of the file nothing comes back, and only there.
      isLast = bytes === 0;
      filler.end(batch, bytes, isLast);
      prints?.ofColumns(batch);
      const { generation, names } = batch;
      const from = generation === told.generation ? told.names : 0;
      told = { generation, names: names.length };
      tell({ buffer, header: batch.header(), newNames: names.slice(from) });
    }
    tell({ report: reader.report() });
  } finally {
    closeSync(file);
    reader.discard();
  }
}

/** What the disk refuses is the file's trouble; all else is this program's, and ends the thread. */
function asTold(error: unknown): TallystickError {
  if (error instanceof TallystickError) return error;
  const isRefused = error instanceof Error && "syscall" in error;
  if (!isRefused) throw error;
  const { file } = order.options;
  return new TallystickError("file.unreadable", `The file can not be read: ${error.message}.`, {
    file,
  });
}

function untilFree(): Promise<void> {
  return new Promise((resolve) => {
    onFree = resolve;
  });
}

function tell(news: ReadingNews): void {
  port?.postMessage(news);
}
