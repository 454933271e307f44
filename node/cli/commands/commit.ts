import type { CommandModule } from "../command.ts";
import { commitBooks } from "../commit-books.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser).addHelpText(
      "after",
      "\nCloses one batch of each book, empty or not, and waits until it is final on the ledger." +
        "\nExit code 4 when it is sealed and the ledger has not taken it yet.",
    );
  },

  run: (_args, options, { output }) =>
    withNode(options as NodeOptions, output, (node) => commitBooks(node, output)),
};
