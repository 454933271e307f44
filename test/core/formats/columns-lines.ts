import assert from "node:assert/strict";
import { DIRECTION_CODE, SERVICE_CODE } from "../../../node/core/commitment/charge-groups.ts";
import { readColumns } from "../../../node/core/formats/columns-reader.ts";
import {
  type InspectLine,
  isRecord,
  type ParseOptions,
} from "../../../node/core/formats/inspect-line.ts";
import { formatByName } from "../../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../../node/core/formats/repetition-index.ts";
import { UsageColumns } from "../../../node/core/formats/usage-columns.ts";
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
      // A charge says 0 where its record tells no place.
      byteOffset: record.source?.byteOffset ?? 0,
      byteLength: record.source?.byteLength ?? 0,
      position: columns.hasSources ? undefined : record.source?.position,
    },
  );
}
