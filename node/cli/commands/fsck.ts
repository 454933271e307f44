import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { EvmReader } from "../../adapters/evm-reader.ts";
import { EvmRpc } from "../../adapters/evm-rpc.ts";
import { LevelStore } from "../../adapters/level-store.ts";
import { readConfig } from "../../config.ts";
import type { Hex } from "../../core/bytes.ts";
import { type CheckProgress, checkStore, type StoreCheck } from "../../engine/check/check-store.ts";
import type { CommandModule } from "../command.ts";
import { dataFolder, type OperatorFolder, operatorFolder, runningNode } from "../data-folder.ts";
import type { NodeClient } from "../node-client.ts";
import { asServiceError, declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, ServiceError, UsageError } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .option("--offline", "without the ledger: the store against itself only")
      .addHelpText(
        "after",
        "\nA running node checks itself, as it was when it was asked, while files and commitments go on." +
          "\nExit code 1 when something does not fit.",
      );
  },

  async run(_args, options, { output }) {
    const given = options as NodeOptions & { offline?: boolean };
    const offline = given.offline === true;
    if (offline && given.node !== undefined) {
      throw new UsageError("--offline reads the data folder: stop the node and leave out --node.");
    }
    const check = await examine(given, offline, (words) => output.remark(words));
    for (const problem of check.problems) {
      await output.record({ problem });
      const { code, book, sequence, message } = problem;
      await output.say(`batch ${sequence} of book ${book}: ${message} [${code}]`);
    }
    const { batches, charges, retired, onLedger, waiting, problems } = check;
    const ok = problems.length === 0;
    await output.record({
      summary: {
        ok,
        batches,
        charges,
        retired,
        onLedger,
        waiting,
        problems: problems.length,
        offline,
      },
    });
    await output.say(
      `${batches} batches, ${charges} charges and credits${retired === 0 ? "" : ` (${retired} were erased in their time)`}: ${ok ? "everything fits" : `${problems.length} problems`}; ${offline ? "the ledger was not asked" : `${onLedger} stand on the ledger, ${waiting} are on their way`}.`,
    );
    return ok ? EXIT.yes : EXIT.no;
  },
};

async function examine(
  options: NodeOptions,
  offline: boolean,
  remark: (words: string) => void,
): Promise<StoreCheck> {
  const folder =
    options.node === undefined
      ? await operatorFolder(dataFolder(options.data), options.operator, remark)
      : undefined;
  if (folder !== undefined && (await runningNode(folder)) === undefined) {
    remark(`Checking the data of ${folder.name} in ${folder.path}.`);
    return examineFolder(folder, offline, toldNowAndThen(remark));
  }
  if (offline) {
    throw new ServiceError(
      "fsck.node-runs",
      `The node of ${folder?.name} runs and holds its store. Stop it first, or leave out --offline.`,
    );
  }
  // Whose node it is was said when its folder was found.
  const named = folder === undefined ? remark : () => {};
  return withNode(options, { remark: named, json: false, ...SILENT }, (node) =>
    examineRunning(node, remark),
  );
}

/** Has a node check itself, and follows it while that takes longer than a request. */
async function examineRunning(
  node: NodeClient,
  remark: (words: string) => void,
): Promise<StoreCheck> {
  let answer = await node.send("POST", "/v1/operator/fsck");
  remark("The node runs: it checks its own store, and goes on with files and commitments.");
  const onProgress = toldNowAndThen(remark);
  while (answer.status === 202) {
    onProgress(answer.body.progress as CheckProgress);
    await pause(ASK_MILLISECONDS);
    answer = await node.get("/v1/operator/fsck");
  }
  return answer.body as unknown as StoreCheck;
}

const TELL_MILLISECONDS = 2_000;
const ASK_MILLISECONDS = 1_000;
const SILENT = { record: async () => {}, say: async () => {} };

/** A short check says nothing; a long one how far it is, and what is left of the rows. */
function toldNowAndThen(remark: (words: string) => void): (progress: CheckProgress) => void {
  let told = performance.now();
  let rowsSince: number | undefined;
  return ({ stage, done, of }) => {
    const now = performance.now();
    if (stage === "rows") rowsSince ??= now;
    if (now - told < TELL_MILLISECONDS) return;
    told = now;
    if (of === undefined || rowsSince === undefined) {
      remark(`Checking ${stage}${done === 0 ? "" : `: ${done}`}`);
      return;
    }
    const left = Math.ceil(((of - done) * (now - rowsSince)) / 1000 / Math.max(1, done));
    remark(`Checking ${stage}: ${done} of ${of}, some ${left} s are left`);
  };
}

async function examineFolder(
  folder: OperatorFolder,
  offline: boolean,
  onProgress: (progress: CheckProgress) => void,
): Promise<StoreCheck> {
  const config = await readConfig(folder.configFile);
  const { urls, contracts } = config.ledger;
  const rpc = new EvmRpc({ urls });
  const reader = new EvmReader(rpc, contracts as Record<string, Hex>);
  let store: LevelStore | undefined;
  try {
    store = await LevelStore.open(join(config.data, "store"));
    return await checkStore(store, offline ? undefined : reader, onProgress);
  } catch (error) {
    throw asServiceError(error);
  } finally {
    await store?.close();
    rpc.close();
  }
}
