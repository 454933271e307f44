import type { Compaction } from "../../adapters/compact-values.ts";
import type { CommandModule } from "../command.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser).addHelpText(
      "after",
      "\nThe node goes on working meanwhile. It needs room for what it moves, some 8 MB at a time and in all" +
        "\nless than what it gives back.",
    );
  },

  async run(_args, options, { output }) {
    const { body } = await withNode(options as NodeOptions, output, (node) =>
      node.send("POST", "/v1/operator/compact"),
    );
    await output.record({ compaction: body });
    const { filesBefore, filesAfter, bytesBefore, bytesAfter, bytesMoved } =
      body as unknown as Compaction;
    await output.say(
      `${megabytes(bytesBefore)} MB in ${filesBefore} files before, ${megabytes(bytesAfter)} MB in ${filesAfter} now; ${megabytes(bytesMoved)} MB were moved.`,
    );
    return EXIT.yes;
  },
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
