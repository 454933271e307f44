import { existsSync, readFileSync } from "node:fs";
import { isFresh, setFresh, sha256 } from "./marks.mjs";
import { environmentFor } from "./node.mjs";
import { step } from "./progress.mjs";
import { at } from "./repository.mjs";

const lockHash = () => sha256(readFileSync(at("package-lock.json")));
const installMark = () => ({ file: at("node_modules", ".tallystick-installed"), hash: lockHash() });

export function isInstalled() {
  if (!existsSync(at("node_modules"))) return false;
  if (isFresh(installMark())) return true;
  // Someone ran `npm ci` themselves: npm's own list tells whether it was for this lock file.
  if (!matchesLock()) return false;
  setFresh(installMark());
  return true;
}

function matchesLock() {
  const list = at("node_modules", ".package-lock.json");
  if (!existsSync(list)) return false;
  const wanted = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(list, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" ||
      present[path]?.version === entry.version ||
      // Builds for other platforms are never installed.
      (present[path] === undefined && (entry.optional === true || entry.peer === true)),
  );
}

const QUIETLY = ["--no-audit", "--no-fund", "--loglevel=error"];
const LOCK_LACKS_PACKAGES = /EUSAGE[\s\S]*Missing: /;

export async function installDependencies(node) {
  if (isInstalled()) return;
  // Under the Node that will run them. npm's own script when npm started us, else npm from PATH;
  // either way `#!/usr/bin/env node` finds the new Node, which is first on PATH.
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith("npm-cli.js") ? [node, [npm]] : ["npm", []];
  const install = (...how) =>
    step(
      "Installing the dependencies",
      command,
      [...first, ...how, "--include=dev", "--include=optional", ...QUIETLY],
      { env: environmentFor(node) },
    );
  try {
    await install("ci");
  } catch (error) {
    // `npm ci` refuses a lock file made where the builds for other platforms were not to be had.
    // Installing from the same lock file takes the same versions, and does not change it.
    if (!LOCK_LACKS_PACKAGES.test(error.message)) throw error;
    await install("install", "--no-save");
  }
  setFresh(installMark());
}
