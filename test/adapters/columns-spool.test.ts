import assert from "node:assert/strict";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnsSpool } from "../../node/adapters/columns-spool.ts";
import { UsageColumns } from "../../node/core/formats/usage-columns.ts";

const ROWS = 300;

describe("columns put down on disk", () => {
  let folder: string;
  let source: string;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-spool-"));
    source = join(folder, "Master.csv");
    path = `${source}.columns`;
    writeFileSync(source, "0123456789".repeat(ROWS));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Two batches, written. */
  function spooled(): ColumnsSpool {
    const spool = new ColumnsSpool(path, source);
    for (const batch of [0, 1]) spool.write(columnsOf(batch), [`+49${batch}`]);
    return spool;
  }

  function columnsOf(batch: number): UsageColumns {
    const columns = new UsageColumns();
    columns.count = ROWS;
    columns.rawOffset = 10 * batch;
    columns.rawLength = 1_000;
    columns.hasSources = columns.hasMeasures = batch === 1;
    for (let row = 0; row < ROWS; row++) {
      columns.start[row] = 1_700_000_000 + row;
      columns.durationSeconds[row] = row;
      columns.sourceOffset[row] = 7_000_000_000 + row;
      columns.sourceLength[row] = 200 + row;
      columns.quantity[row] = 2 ** 40 + row;
      columns.measureText[row] = 3 + row;
      columns.isPartial[row] = 1;
      columns.ids[row] = 97 + (row % 26);
      columns.idEnd[row] = row + 1;
    }
    return columns;
  }

  it("are given back as they were, in their order", () => {
    const spool = spooled();
    const columns = new UsageColumns();
    for (const batch of [0, 1]) {
      assert.deepEqual(spool.read(columns)?.newNames, [`+49${batch}`]);
      assert.equal(columns.count, ROWS);
      assert.equal(columns.durationSeconds[ROWS - 1], ROWS - 1);
      assert.equal(columns.id(27), "b");
      // Of those that tell none it is this very file, and where they stand in it.
      const first = batch === 0 ? [0, 0] : [7_000_000_001, 201];
      assert.deepEqual([columns.byteOffset(1), columns.byteLength(1)], first);
      assert.equal(columns.hasMeasures, batch === 1);
      const { quantity, measureText, isPartial } = columns;
      const measures = batch === 0 ? [0, 0, 0] : [2 ** 40 + 1, 4, 1];
      assert.deepEqual([quantity[1], measureText[1], isPartial[1]], measures);
      assert.equal(columns.raw[0], 48);
    }
    assert.equal(spool.hasMore, false);
    spool.close();
  });

  it("are never taken for others when a bit of them changed", () => {
    const { size } = (() => {
      const spool = spooled();
      const found = statSync(path);
      spool.close();
      return found;
    })();
    // Lengths, checksums, header, columns, ids; prime, so that all kinds of places come in turn.
    for (let at = 0; at < size; at += at < 20 ? 1 : 419) {
      const spool = spooled();
      flipBit(at);
      const columns = new UsageColumns();
      const readBoth = () => [spool.read(columns), spool.read(columns)];
      assert.throws(readBoth, { code: "spool.damaged" }, `byte ${at}`);
      spool.close();
    }
  });

  function flipBit(at: number): void {
    const file = openSync(path, "r+");
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ 0x10;
    writeSync(file, byte, 0, 1, at);
    closeSync(file);
  }
});
