// Finding a Node that is new enough, and running things under it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { writeWhole } from "./marks.mjs";
import { step } from "./progress.mjs";
import { at } from "./repository.mjs";

const NODE_MAJOR_MINIMUM = 24;
const NODE_RECORD = at("node_modules", ".tallystick-node");

/** The environment of a child that runs under `node`: that Node first on PATH, npm's own left out. */
export function environmentFor(node) {
  const environment = { ...process.env };
  // What `npm start` says about itself and this package would mislead an npm that we call.
  for (const name of Object.keys(environment)) {
    if (/^npm_(lifecycle|package|command|node_execpath|config_(local|global)_prefix)/i.test(name)) {
      delete environment[name];
    }
  }
  environment.PATH = [dirname(node), at("node_modules", ".bin"), process.env.PATH].join(delimiter);
  return environment;
}

function versionOf(node) {
  try {
    return execFileSync(node, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}

function isNewEnough(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0) >= NODE_MAJOR_MINIMUM;
}

export function recordedNode() {
  if (isNewEnough(process.version)) return process.execPath;
  if (!existsSync(NODE_RECORD)) return undefined;
  const node = readFileSync(NODE_RECORD, "utf8").trim();
  return isNewEnough(versionOf(node)) ? node : undefined;
}

export async function findNode() {
  const known = recordedNode();
  if (known !== undefined) return known;
  const printed = await step(
    `Fetching Node ${NODE_MAJOR_MINIMUM} (this one is ${process.version})`,
    "npx",
    ["-y", "-p", `node@${NODE_MAJOR_MINIMUM}`, "--", "node", "-p", "process.execPath"],
    // From the root directory: npx must not take this package or its node_modules for the answer.
    { cwd: "/", env: environmentFor(process.execPath) },
  );
  const node = printed.trim().split("\n").pop() ?? "";
  if (!isNewEnough(versionOf(node))) {
    throw new Error(`Node ${NODE_MAJOR_MINIMUM} or newer is needed and npx did not bring it.`);
  }
  return node;
}

/** For bin/tallystick, which must find it without starting npm. */
export function recordNode(node) {
  if (existsSync(NODE_RECORD) && readFileSync(NODE_RECORD, "utf8").trim() === node) return;
  writeWhole(NODE_RECORD, `${node}\n`);
}
