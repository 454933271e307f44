import { setTimeout as pause } from "node:timers/promises";
import { SILENT_LOG } from "../adapters/silent-log.ts";
import { TallystickError } from "../core/errors.ts";
import { readEnvironment } from "../environment.ts";
import {
  dataFolder,
  isStartedAgain,
  type OperatorFolder,
  operatorFolder,
  operatorFolders,
  operatorToken,
  runningNode,
} from "./data-folder.ts";
import { NodeClient } from "./node-client.ts";
import type { NodeOptions } from "./node-options.ts";
import { type Output, ServiceError, UsageError } from "./output.ts";

export { declareNodeOptions, type NodeOptions } from "./node-options.ts";

/** Codes that speak of a service, whoever says them. */
const OF_A_SERVICE = ["ledger.unreachable", "ledger.refused", "ledger.wrong-chain", "store.locked"];

/** How long a node's start may take on a busy machine. */
const STARTING_MILLISECONDS_MAX = 60_000;
const LOOK_MILLISECONDS = 200;

/**
 * Runs `work` with the operator's node: the one named with --node, else the running one of the data
 * folder, else one that is started in this process on its data and stopped afterwards.
 */
export async function withNode<T>(
  options: NodeOptions,
  output: Output,
  work: (node: NodeClient) => Promise<T>,
): Promise<T> {
  if (options.node !== undefined) {
    return work(new NodeClient(readUrl(options.node), await tokenFor(options)));
  }
  const folder = await operatorFolder(dataFolder(options.data), options.operator, output.remark);
  const url = (await runningNode(folder)) ?? (await untilStartedAgain(folder, output));
  if (url !== undefined) return work(new NodeClient(url, await operatorToken(folder)));
  output.remark(`No node of ${folder.name} runs; working on its data in ${folder.path}.`);
  return inProcess(folder, work, options.commit === true);
}

/**
 * A command that took the data of a node that was killed would keep it from being started again.
 * @returns where it serves; undefined where nobody starts it, or it does not serve in time
 */
async function untilStartedAgain(
  folder: OperatorFolder,
  output: Output,
): Promise<string | undefined> {
  if (!(await isStartedAgain(folder))) return undefined;
  output.remark(`The node of ${folder.name} ended and is being started again; waiting for it.`);
  for (const until = Date.now() + STARTING_MILLISECONDS_MAX; Date.now() < until; ) {
    const url = await runningNode(folder);
    if (url !== undefined) return url;
    if (!(await isStartedAgain(folder))) return undefined;
    await pause(LOOK_MILLISECONDS);
  }
  return undefined;
}

async function inProcess<T>(
  folder: OperatorFolder,
  work: (node: NodeClient) => Promise<T>,
  commits: boolean,
): Promise<T> {
  // What only a node needs takes longer to load than most commands take.
  const [{ OperatorNode }, { readConfig }] = await Promise.all([
    import("../operator-node.ts"),
    import("../config.ts"),
  ]);
  const config = await readConfig(folder.configFile);
  const http = { host: "127.0.0.1", port: 0 };
  let node: Awaited<ReturnType<typeof OperatorNode.start>>;
  try {
    const ownConfig = { ...config, http, cadenceSeconds: 0 };
    node = await OperatorNode.start(ownConfig, readEnvironment(), SILENT_LOG, {
      readAgain: () => readConfig(folder.configFile),
      // Nobody would ask for what is built ahead: it ends with the process.
      buildsAhead: commits,
      isBrief: true,
    });
  } catch (error) {
    throw asServiceError(error);
  }
  try {
    return await work(new NodeClient(node.url, await operatorToken(folder)));
  } finally {
    await node.stop();
  }
}

export function asServiceError(error: unknown): unknown {
  if (!(error instanceof TallystickError) || !OF_A_SERVICE.includes(error.code)) return error;
  return new ServiceError(error.code, error.message, error.place, error);
}

/**
 * The token for a node that was named by its URL: from the environment, else of the operator of the
 * data folder who serves there or who was named. A token is never sent to a node that just anybody named.
 */
async function tokenFor(options: NodeOptions): Promise<string> {
  const { token } = readEnvironment();
  if (token !== undefined) return token;
  const data = dataFolder(options.data);
  const wanted = new URL(readUrl(options.node as string)).origin;
  for (const folder of await operatorFolders(data)) {
    const url = await runningNode(folder);
    const servesThere = url !== undefined && new URL(url).origin === wanted;
    if (folder.name !== options.operator && !servesThere) continue;
    const found = await operatorToken(folder);
    if (found !== undefined) return found;
  }
  throw new UsageError(
    `No token for ${options.node}: set TALLYSTICK_TOKEN to the operator's token of that node, or name the operator of the data folder with --operator.`,
  );
}

export function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href.replace(/\/+$/, "");
  throw new UsageError(`"${text}" is no URL of a node, such as http://127.0.0.1:8080.`);
}
