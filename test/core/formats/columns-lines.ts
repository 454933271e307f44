import assert from "node:assert/strict";
import { DIRECTION_CODE, SERVICE_CODE } from "../../../node/core/commitment/charge-groups.ts";
import type { TallystickError } from "../../../node/core/errors.ts";
import { readColumns } from "../../../node/core/formats/columns-reader.ts";
import {
  type InspectLine,
  isRecord,
  type ParseOptions,
} from "../../../node/core/formats/inspect-line.ts";
import { formatByName } from "../../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../../node/core/formats/repetition-index.ts";
import { placeFrom, placeTo, UsageColumns } from "../../../node/core/formats/usage-columns.ts";
import { quantitiesOf } from "../../../node/core/rating/quantity.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { chunksOf, collect } from "./chunks.ts";

/** The lines of a file read by columns, each row's columns compared with its record; and how many were plain. */
export async function linesByColumns(
  name: string,
  bytes: Uint8Array,
  options: ParseOptions,
  chunkBytes: number,
): Promise<{ lines: InspectLine[]; plain: number }> {
  const format = formatByName(name);
  assert.ok(format.kind === "usage" && format.columns !== undefined);
  const lines: InspectLine[] = [];
  let plain = 0;
  for await (const found of readColumns(chunksOf(bytes, chunkBytes), format.columns, options)) {
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
  options: ParseOptions,
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
