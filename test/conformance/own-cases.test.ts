import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type PriceCase, testPriceCase } from "./price-case.ts";

/*
 * Cases of whoever runs this: each JSON file of the folder that TALLYSTICK_CONFORMANCE_FOLDER names
 * holds one PriceCase or a list of them. Without the folder the suite is what stands beside this file.
 */

const folder = process.env.TALLYSTICK_CONFORMANCE_FOLDER;

describe("cases of one's own", () => {
  const files =
    folder === undefined ? [] : readdirSync(folder).filter((name) => /\.json$/.test(name));
  for (const file of files) {
    const read = JSON.parse(readFileSync(join(folder ?? "", file), "utf8")) as
      | PriceCase
      | PriceCase[];
    for (const one of [read].flat()) testPriceCase({ ...one, source: one.source ?? file });
  }
});
