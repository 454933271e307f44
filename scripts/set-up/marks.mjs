// A mark is a file that holds the hash of what a step was made from.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { at, root } from "./repository.mjs";

export function isFresh({ file, hash }) {
  return existsSync(file) && readFileSync(file, "utf8").trim() === hash;
}

export function setFresh({ file, hash }) {
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, `${hash}\n`);
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Of names and contents of all files under the paths, built ones left out. */
export function hashOf(paths) {
  const hash = createHash("sha256");
  const add = (path) => {
    hash.update(`${relative(root, path)}\0${sha256(readFileSync(path))}\n`);
  };
  const walk = (directory) => {
    const entries = readdirSync(directory, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === "dist" || entry.name === "node_modules") continue;
      if (entry.isDirectory()) walk(join(directory, entry.name));
      else if (entry.isFile()) add(join(directory, entry.name));
    }
  };
  for (const path of paths.map((name) => at(name)).filter((name) => existsSync(name))) {
    if (/\.(ts|json)$/.test(path)) add(path);
    else walk(path);
  }
  return hash.digest("hex");
}

export function writeWhole(file, text) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, text);
  renameSync(own, file);
}
