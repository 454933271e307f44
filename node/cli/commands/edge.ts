import { createLog } from "../../adapters/log.ts";
import { readEdgeConfig, readEnvironment } from "../../config.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, UsageError } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<config>", "the edge node's configuration")
      .addHelpText("after", "\nRuns until it is interrupted. docs/CHARGING.md describes it.");
  },

  async run([file], _options, { output }) {
    if (typeof file !== "string") throw new UsageError("edge needs a configuration.");
    const { EdgeNode } = await import("../../edge-node.ts");
    const environment = readEnvironment();
    const config = await readEdgeConfig(file);
    const node = await EdgeNode.start(config, environment, createLog(environment.logLevel));
    await output.record({ serving: { url: node.url, edge: config.name } });
    await output.say(`${config.name} serves at ${node.url}`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await node.stop();
    return EXIT.yes;
  },
};
