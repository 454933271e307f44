import assert from "node:assert/strict";
import { DIRECTION_CODE, SERVICE_CODE } from "../../../node/core/commitment/charge-groups.ts";
import type { TallystickError } from "../../../node/core/errors.ts";
import { columnsFormat } from "../../../node/core/formats/columns-formats.ts";
import { ColumnsFiller, readColumns } from "../../../node/core/formats/columns-reader.ts";
import {
  type InspectLine,
  isRecord,
  type ParseOptions,
} from "../../../node/core/formats/inspect-line.ts";
import {
  type KernelOptions,
  ReadingKernel,
} from "../../../node/core/formats/kernel/reading-kernel.ts";
import { columnsIn, makeReadingRoom } from "../../../node/core/formats/kernel/reading-room.ts";
import { formatByName } from "../../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../../node/core/formats/repetition-index.ts";
import {
  PRINT_WORDS,
  placeFrom,
  placeTo,
  UsageColumns,
} from "../../../node/core/formats/usage-columns.ts";
import { quantitiesOf } from "../../../node/core/rating/quantity.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { Fingerprint } from "../../../node/engine/intake/fingerprint.ts";
import { KernelPrints } from "../../../node/engine/intake/kernel-prints.ts";
import { chunksOf, collect } from "./chunks.ts";
import { NAME_KEY } from "./name-key.ts";

/** The lines of a file read by columns, each row's columns compared with its record; and how many were plain. */
export function linesByColumns(
  name: string,
  bytes: Uint8Array,
  options: ParseOptions & { nameKey?: Uint32Array },
  chunkBytes: number,
): Promise<{ lines: InspectLine[]; plain: number }> {
  const format = formatByName(name);
  assert.ok(format.kind === "usage" && format.columns !== undefined);
  return linesOf(
    readColumns(chunksOf(bytes, chunkBytes), format.columns, { nameKey: NAME_KEY, ...options }),
  );
}

/** The same by a kernel, whose fingerprints are compared with the plain ones, too. */
export function linesByKernel(
  name: string,
  bytes: Uint8Array,
  options: ParseOptions & { nameKey?: Uint32Array },
  chunkBytes: number,
  { kernel, columns }: KernelPlace,
): Promise<{ lines: InspectLine[]; plain: number }> {
  const format = columnsFormat(name);
  columns.recordOf = format.recordOf(options);
  const kernelPrints = new KernelPrints(SEEDS, kernel);
  const plainPrints = new Fingerprint(SEEDS);
  function* read(): Generator<UsageColumns | InspectLine> {
    const reader = format.open({ nameKey: NAME_KEY, ...options }, kernel);
    const filler = new ColumnsFiller(reader);
    for (let at = 0, isLast = false; !isLast || filler.hasRest; ) {
      const room = filler.begin(columns);
      const chunk = bytes.subarray(at, at + Math.min(chunkBytes, room.length));
      room.set(chunk);
      at += chunk.length;
      isLast = chunk.length === 0;
      filler.end(columns, chunk.length, isLast);
      kernelPrints.ofColumns(columns);
      const prints = columns.prints.slice(0, PRINT_WORDS * columns.count);
      plainPrints.ofColumns(columns);
      assert.deepEqual(prints, columns.prints.slice(0, PRINT_WORDS * columns.count));
      if (columns.count > 0) yield columns;
    }
    yield reader.report();
    reader.discard();
  }
  return linesOf(read());
}

/** A kernel, and columns in its room. */
export interface KernelPlace {
  kernel: ReadingKernel;
  columns: UsageColumns;
}

export function kernelPlace(options?: KernelOptions): KernelPlace {
  const room = makeReadingRoom(1);
  const kernel = ReadingKernel.open(room, options);
  const [columns] = columnsIn(room, 1);
  assert.ok(kernel !== undefined && columns !== undefined, "this machine has SIMD");
  return { kernel, columns };
}

const SEEDS = Uint32Array.of(0x8000_0001, 2, 0xffff_fffe, 4);

async function linesOf(
  all: AsyncIterable<UsageColumns | InspectLine> | Iterable<UsageColumns | InspectLine>,
): Promise<{ lines: InspectLine[]; plain: number }> {
  const lines: InspectLine[] = [];
  let plain = 0;
  for await (const found of all) {
    if (!(found instanceof UsageColumns)) {
      lines.push(found);
      continue;
    }
    for (let row = 0; row < found.count; row++) {
      const line = found.lineAt(row);
      lines.push(line);
      if (found.isPlain[row] !== 1) continue;
      plain++;
      assert.ok(isRecord(line));
      assertRow(found, row, line);
    }
  }
  return { lines, plain };
}

/** Lines of the plain reader, as the engine asks for them. */
export function linesOfOracle(
  name: string,
  bytes: Uint8Array,
  options: ParseOptions & { nameKey?: Uint32Array },
  chunkBytes = 65_536,
): Promise<InspectLine[]> {
  const format = formatByName(name);
  assert.ok(format.kind === "usage");
  const repetitions = () => NO_REPETITIONS;
  return collect(format.parse(chunksOf(bytes, chunkBytes), { ...options, repetitions }));
}

function assertRow(columns: UsageColumns, row: number, record: UsageRecord): void {
  const nameOf = (number: number) => (number === 0 ? undefined : columns.names[number]);
  const id = columns.ids.subarray(columns.idFrom(row), columns.idEnd[row]);
  const duration = columns.durationSeconds[row]!;
  assert.deepEqual(
    {
      id: new TextDecoder().decode(id),
      service: columns.service[row],
      direction: columns.direction[row],
      start: new Date(columns.start[row]!).toISOString(),
      sessionStart: new Date(columns.sessionStart[row]!).toISOString(),
      durationSeconds: Number.isNaN(duration) ? undefined : duration,
      aParty: nameOf(columns.aParty[row]!),
      bParty: nameOf(columns.bParty[row]!),
      billable: columns.isBillable[row] === 1,
      ...(columns.hasMeasures ? measuresOf(columns, row) : {}),
      byteOffset: columns.byteOffset(row),
      byteLength: columns.byteLength(row),
      position: columns.hasSources ? undefined : columns.firstPosition + row,
    },
    {
      id: record.id,
      service: SERVICE_CODE[record.service],
      direction: DIRECTION_CODE[record.direction],
      start: record.start,
      sessionStart: record.sessionStart ?? record.start,
      durationSeconds: record.durationSeconds,
      aParty: record.aParty,
      bParty: record.bParty,
      billable: record.billable,
      ...(columns.hasMeasures ? measuresOfRecord(record) : {}),
      // A charge says 0 where its record tells no place.
      byteOffset: record.source?.byteOffset ?? 0,
      byteLength: record.source?.byteLength ?? 0,
      position: columns.hasSources ? undefined : record.source?.position,
    },
  );
}

function measuresOf(columns: UsageColumns, row: number) {
  const nameOf = (number: number) => (number === 0 ? undefined : columns.names[number]);
  const textAt = (place: number) =>
    place === 0
      ? undefined
      : Buffer.from(columns.raw.slice(placeFrom(place), placeTo(place))).toString();
  const quantity = columns.quantity[row]!;
  const octets = columns.octets(row);
  return {
    imsi: nameOf(columns.imsi[row]!),
    deviceId: nameOf(columns.deviceId[row]!),
    isPartial: columns.isPartial[row] === 1,
    quantity: Number.isNaN(quantity) ? undefined : quantity,
    octets: Number.isNaN(octets) ? undefined : octets,
    uplink: textAt(columns.uplinkText[row]!),
    downlink: textAt(columns.downlinkText[row]!),
    measure: textAt(columns.measureText[row]!),
  };
}

/** What rating makes of the record, where it is not rated by its duration. */
function quantityOf(record: UsageRecord): number | undefined {
  if (record.service === "voice" || record.service === "time") return undefined;
  try {
    return Number(quantitiesOf(record).quantity);
  } catch (error) {
    assert.equal((error as TallystickError).code, "rating.no-quantity");
    return undefined;
  }
}

function measuresOfRecord(record: UsageRecord) {
  const { service, uplinkOctets, downlinkOctets, totalOctets, energyWattHours, units } = record;
  const text = (value: number | string | undefined) => value?.toString();
  const quantity = quantityOf(record);
  return {
    imsi: record.imsi,
    deviceId: record.deviceId,
    isPartial: record.partial !== undefined,
    quantity,
    octets: service === "data" ? quantity : undefined,
    uplink: text(uplinkOctets),
    downlink: text(downlinkOctets),
    measure: text(totalOctets ?? energyWattHours ?? units),
  };
}
