import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { checkValues } from "../../node/engine/check/check-values.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";
import { encodeJson } from "../../node/engine/store/stored-json.ts";

const DOMAIN = `0x${"0d".repeat(20)}`;
const ROWS = 200;

describe("the check of stored values", () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-values-"));
    const store = await LevelStore.open(folder);
    await store.write([{ type: "put", key: "account/a", value: encodeJson({ id: "a" }) }]);
    for (let at = 1; at <= ROWS; at++) {
      const value = encodeBytes(new Uint8Array(5_000).fill(at));
      const key = keys.rows(DOMAIN, BigInt(at));
      await store.write([{ type: "put", key, value, lasting: true }]);
    }
    await store.close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const logFile = (): string => {
    const values = join(folder, "values");
    return join(values, readdirSync(values).sort()[0] ?? assert.fail("values are logged"));
  };

  it("finds everything whole, and says how far it is", async () => {
    const store = await LevelStore.open(folder);
    const { values, damaged } = await checkValues(store);
    await store.close();
    assert.deepEqual([values, damaged], [ROWS + 1, []]);
  });

  it("names exactly what a log that was cut does not give back, and reads on without it", async () => {
    const file = logFile();
    const lost = 3;
    truncateSync(file, statSync(file).size - lost * 5_008 + 100);
    const store = await LevelStore.open(folder);
    const { values, damaged, whole } = await checkValues(store);
    const gone = Array.from({ length: lost }, (_, at) =>
      keys.rows(DOMAIN, BigInt(ROWS - lost + 1 + at)),
    );
    assert.deepEqual([values, damaged], [ROWS + 1 - lost, gone]);
    let rows = 0;
    const range = { from: `rows/${DOMAIN}/`, to: `rows/${DOMAIN}0` };
    for await (const { value } of whole.scan(range)) if (value.length === 5_008) rows++;
    assert.equal(rows, ROWS - lost);
    const [none, some] = await whole.getMany([gone[0] as string, keys.rows(DOMAIN, 1n)]);
    assert.deepEqual([none, some?.length], [undefined, 5_008]);
    const last: string[] = [];
    for await (const { key } of whole.scan({ ...range, reverse: true, limit: 2 })) last.push(key);
    const before = [ROWS - lost, ROWS - lost - 1].map((at) => keys.rows(DOMAIN, BigInt(at)));
    assert.deepEqual(last, before);
    await store.close();
  });
});
