import type { CommandModule } from "../command.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT } from "../output.ts";

interface Commit {
  tick: string;
  batches: { domain: string; sequence: string; commitment: string }[];
  final: boolean;
}

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser).addHelpText(
      "after",
      "\nCloses one batch of each book, empty or not, and waits until it is final on the ledger." +
        "\nExit code 4 when it is sealed and the ledger has not taken it yet.",
    );
  },

  async run(_args, options, { output }) {
    const { body } = await withNode(options as NodeOptions, output, (node) =>
      node.send("POST", "/v1/operator/commit"),
    );
    const commit = body as unknown as Commit;
    for (const batch of commit.batches) await output.record({ batch });
    const { tick, batches, final } = commit;
    await output.record({ summary: { tick, batches: batches.length, final } });
    await output.say(
      final
        ? `Commitment ${tick}: ${batches.length} batches stand on the ledger.`
        : `Commitment ${tick}: ${batches.length} batches are sealed and kept. The ledger has not taken them yet; they go out by themselves once it answers.`,
    );
    return final ? EXIT.yes : EXIT.serviceUnavailable;
  },
};
