import { createLog } from "./adapters/log.ts";
import { hashInWideRegisters } from "./adapters/wide-registers.ts";
import { readConfig } from "./config.ts";
import { TallystickError } from "./core/errors.ts";
import { readEnvironment } from "./environment.ts";
import { collectInSmallSteps, keepHeapFlagsFromThreads } from "./small-collections.ts";

/*
 * The process of one operator: `node node/main.ts CONFIG.json`. When a parent started it, it says
 * where it serves, and ends with it.
 */

const [configFile] = process.argv.slice(2);
const environment = readEnvironment();
const log = createLog(environment.logLevel);
hashInWideRegisters();
keepHeapFlagsFromThreads();

try {
  if (configFile === undefined) {
    throw new TallystickError("config.missing", "Call it with the node's configuration file.");
  }
  const read = () => readConfig(configFile);
  const config = await read();
  if (config.charging !== undefined) collectInSmallSteps();
  const { OperatorNode } = await import("./operator-node.ts");
  const node = await OperatorNode.start(config, environment, log, { readAgain: read });
  process.send?.({ serving: node.url });
  const stop = (): void => {
    process.removeAllListeners("disconnect");
    node.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  process.once("disconnect", stop);
} catch (error) {
  const isOurs = error instanceof TallystickError;
  process.send?.({
    failed: isOurs ? error.toJSON() : { code: "internal", message: String(error) },
  });
  log.error("node failed", { component: "node", code: isOurs ? error.code : "internal" });
  if (isOurs) process.stderr.write(`${error.message} [${error.code}]\n`);
  else throw error;
  process.exitCode = 1;
}
