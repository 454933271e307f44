import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "../../adapters/log.ts";
import { type EdgeConfig, readEdgeConfig } from "../../config.ts";
import type { Fault } from "../../engine/standing-fault.ts";
import { readEnvironment } from "../../environment.ts";
import type { CommandModule } from "../command.ts";
import { NodeClient } from "../node-client.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

interface EdgeStatus {
  edge: string;
  centre?: "reached" | "away";
  settled?: string;
  tariff?: { version: number; validFrom: string };
  currency: string;
  slices: { account: string; wanted: string; free: string; reserved: string; spent: string }[];
  recordsWaiting: number;
  faults: Fault[];
}

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<config>", "the edge node's configuration")
      .option("--status", "how the running edge stands: its centre, slices, tariff and records")
      .addHelpText(
        "after",
        "\nRuns until it is interrupted. docs/CHARGING.md describes it." +
          "\nWith --status exit code 1 while the centre is away or nothing can be granted, 4 when the edge does not run.",
      );
  },

  async run([file], options, { output }) {
    if (typeof file !== "string") throw new UsageError("edge needs a configuration.");
    const config = await readEdgeConfig(file);
    if (options.status === true) return tellStatus(config, output);
    const { EdgeNode } = await import("../../edge-node.ts");
    const environment = readEnvironment();
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

async function tellStatus({ data, http }: EdgeConfig, output: Output): Promise<ExitCode> {
  if (http.port === 0) {
    throw new UsageError("The configuration names no port, so the running edge can not be found.");
  }
  const token = await readFile(join(data, "operator.token"), "utf8").catch(() => "");
  const edge = new NodeClient(`http://${http.host}:${http.port}`, token.trim());
  const { body } = await edge.get("/v1/charging/edge");
  await output.record({ edge: body });
  const { settled, centre, tariff, slices, currency, recordsWaiting, faults, ...one } =
    body as unknown as EdgeStatus;
  await output.say(
    `${one.edge}: ${centre === undefined ? "no centre" : `the centre is ${centre}`}${settled === undefined ? "" : `, settled at ${settled}`}; ${recordsWaiting} records wait for it`,
  );
  if (tariff !== undefined) {
    await output.say(`  tariff version ${tariff.version}, in force from ${tariff.validFrom}`);
  }
  for (const { account, wanted, free, reserved, spent } of slices) {
    await output.say(
      `  ${account}: ${free} of ${wanted} ${currency} free, ${reserved} reserved, ${spent} spent`,
    );
  }
  for (const { part, code, message } of faults) {
    await output.say(`  ${part.toUpperCase()}  ${message} [${code}]`);
  }
  return centre === "away" || faults.length > 0 ? EXIT.no : EXIT.yes;
}
