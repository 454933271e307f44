import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CHILD = fileURLToPath(new URL("./reading-child.ts", import.meta.url));
/** As on a machine whose processor lacks what WebAssembly's SIMD needs; of other kinds none lacks it, but memory to share. */
const WITHOUT_SIMD =
  process.arch === "x64"
    ? "--no-enable-sse4-1"
    : "--import=data:text/javascript,delete globalThis.WebAssembly.Memory";
const ROWS = 3_000;

const stampOf = (second: number) =>
  new Date(Date.UTC(2026, 9, 5, 8, 0, second)).toISOString().slice(0, 19).replace("T", " ");
const callOf = (at: number) =>
  `"","${at % 900 === 5 ? "jörg" : "+4915112345678"}","+4930${at % 700}","d","x","SIP/desk","t","Dial","y","${[at, at + 2, at + 62].map(stampOf).join('","')}",62,60,"ANSWERED","DOC","17${at}.1",""\n`;
const recordOf = (at: number) =>
  `${JSON.stringify({
    id: `one-${at}`,
    service: at % 7 === 3 ? "sms" : "voice",
    direction: "outgoing",
    start: "2026-10-05T12:00:00.000Z",
    ...(at % 7 === 3 ? { units: 1 } : { durationSeconds: at % 600 }),
    aParty: at % 900 === 5 ? "jörg" : `+49170${at % 700}`,
    billable: true,
  })}\n`;

describe("rows that a kernel reads where it can", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-kernel-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("are read in JavaScript without SIMD, here and by a thread, and are the same", async function () {
    this.timeout(60_000);
    const files = [join(folder, "Master.csv"), join(folder, "usage.ndjson")] as const;
    writeFileSync(files[0], Array.from({ length: ROWS }, (_, at) => callOf(at)).join(""));
    writeFileSync(files[1], Array.from({ length: ROWS }, (_, at) => recordOf(at)).join(""));
    const read = async (flags: string[]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, CHILD, ...files]);
      return JSON.parse(stdout);
    };
    const [kernel, plain] = await Promise.all([read([]), read([WITHOUT_SIMD])]);
    assert.deepEqual(kernel.kernels, { here: true, thread: true });
    assert.deepEqual(plain.kernels, { here: false, thread: false });
    for (const way of Object.keys(kernel.told)) {
      assert.equal(kernel.told[way].rows, ROWS);
      assert.equal(kernel.told[way].lines, plain.told[way].lines, way);
      // Here without a kernel who takes records in makes the prints.
      if (way.endsWith("thread")) assert.equal(kernel.told[way].prints, plain.told[way].prints);
    }
  });
});
