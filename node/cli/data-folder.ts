import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readEnvironment } from "../environment.ts";
import { UsageError } from "./output.ts";

/*
 * Where `npm start` keeps its data, as the commands find it: one folder for each operator with
 * node.json (configuration), operator.token, and serving.json while its node runs.
 */

export interface OperatorFolder {
  name: string;
  path: string;
  configFile: string;
}

const CHECKOUT_DATA = fileURLToPath(new URL("../../.tallystick", import.meta.url));

/** `--data`, else TALLYSTICK_DATA, else the folder of this checkout. */
export const dataFolder = (given: string | undefined): string =>
  given ?? readEnvironment().dataDirectory ?? CHECKOUT_DATA;

/** In the order of their names; the first is the one that a command means by default. */
export async function operatorFolders(data: string): Promise<OperatorFolder[]> {
  const entries = await readdir(data, { withFileTypes: true }).catch(() => []);
  const folders: OperatorFolder[] = [];
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const path = join(data, entry.name);
    const files = await readdir(path);
    if (!files.includes("node.json")) continue;
    folders.push({ name: entry.name, path, configFile: join(path, "node.json") });
  }
  return folders.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * @param remark told whose folder was taken, where there are several and none was named
 * @throws UsageError when there is no such operator, or none at all
 */
export async function operatorFolder(
  data: string,
  name: string | undefined,
  remark: (text: string) => void,
): Promise<OperatorFolder> {
  const folders = await operatorFolders(data);
  const found = name === undefined ? folders[0] : folders.find((folder) => folder.name === name);
  if (found !== undefined && name === undefined && folders.length > 1) {
    const others = folders.slice(1).map((folder) => folder.name);
    remark(`Operator ${found.name}; for ${others.join(" or ")} write --operator.`);
  }
  if (found !== undefined) return found;
  throw new UsageError(
    folders.length === 0
      ? `There is no operator's data in ${data}. Run "npm start" first, or name a folder with --data or a running node with --node.`
      : `There is no operator "${name}" in ${data}; there are ${folders.map((folder) => folder.name).join(", ")}.`,
  );
}

/** Where the operator's node serves, when it runs. What a killed one left behind does not count. */
export async function runningNode(folder: OperatorFolder): Promise<string | undefined> {
  const { url, pid } = await servingFile(folder);
  return typeof url === "string" && URL.canParse(url) && isAlive(pid) ? url : undefined;
}

/** Whether who started the node that ended starts it again (`npm start`): it has its data before it serves. */
export async function isStartedAgain(folder: OperatorFolder): Promise<boolean> {
  const { pid, startedBy } = await servingFile(folder);
  return !isAlive(pid) && isAlive(startedBy);
}

/** As it was written when a node last began to serve. */
async function servingFile(folder: OperatorFolder): Promise<Record<string, unknown>> {
  const text = await readFile(join(folder.path, "serving.json"), "utf8").catch(() => "null");
  return Object(parse(text)) as Record<string, unknown>;
}

/** The operator's token, or undefined before the node was ever started. */
export async function operatorToken(folder: OperatorFolder): Promise<string | undefined> {
  const text = await readFile(join(folder.path, "operator.token"), "utf8").catch(() => "");
  return text.trim() === "" ? undefined : text.trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAlive(pid: unknown): boolean {
  // 0 and below stand for groups of processes.
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a process, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
