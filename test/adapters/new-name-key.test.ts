import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { newNameKey } from "../../node/adapters/new-name-key.ts";
import { NAME_KEY_WORDS } from "../../node/core/formats/keyed-hash.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Places where a key is given on: an argument, a field, an option. */
const GIVEN =
  /\b(?:nameKey:|readOwnEvents\(|measuredEvents\(|new (?:NameTable|EventBuffer)\()[^;{}]*/g;
const BY_CHANCE = /newNameKey\(\)|crypto\.getRandomValues\(new Uint32Array\(NAME_KEY_WORDS\)\)/;

function sourcesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".ts"));
}

describe("the key by which names are found", () => {
  it("is another one each time, as long as it is asked for", () => {
    const keys = Array.from({ length: 50 }, () => newNameKey());
    for (const key of keys) assert.equal(key.length, NAME_KEY_WORDS);
    assert.equal(new Set(keys.map(String)).size, keys.length);
  });

  it("is drawn by chance wherever a reader is made: core and engine only give it on, and have none", () => {
    // Types ask for one; this holds that nobody gives a known one.
    const pure = ["core", "engine"].map((layer) => join("node", layer) + sep);
    const places: string[] = [];
    for (const file of [...sourcesOf("node"), ...sourcesOf(join("client-app", "src"))]) {
      const text = readFileSync(join(ROOT, file), "utf8");
      if (pure.some((layer) => file.startsWith(layer))) {
        assert.doesNotMatch(text, BY_CHANCE, file);
        assert.doesNotMatch(text, /nameKey\s*(\?:|=|\?\?)|key: Uint32Array =/, file);
        continue;
      }
      for (const [given] of text.matchAll(GIVEN)) {
        assert.match(given, BY_CHANCE, `${file}: ${given}`);
        places.push(file.split(sep).join("/"));
      }
    }
    assert.deepEqual(places.sort(), [
      "client-app/src/workers/read-event-log.ts",
      "node/adapters/columns-worker.ts",
      "node/adapters/event-thread-program.ts",
      "node/adapters/usage-source.ts",
      "node/cli/event-intake.ts",
      "node/cli/event-proofs.ts",
      "node/cli/explain-events.ts",
      "node/http/routes/show-events.ts",
    ]);
  });
});
