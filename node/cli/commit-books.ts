import type { NodeClient } from "./node-client.ts";
import { EXIT, type ExitCode, type Output } from "./output.ts";

interface Commit {
  tick: string;
  batches: { domain: string; sequence: string; commitment: string }[];
  final: boolean;
}

/** Has the node close one batch of each book, waits until it is final, and tells it. */
export async function commitBooks(node: NodeClient, output: Output): Promise<ExitCode> {
  const { body } = await node.send("POST", "/v1/operator/commit");
  const { tick, batches, final } = body as unknown as Commit;
  for (const batch of batches) await output.record({ batch });
  await output.record({ summary: { tick, batches: batches.length, final } });
  await output.say(
    final
      ? `Commitment ${tick}: ${batches.length} batches stand on the ledger.`
      : `Commitment ${tick}: ${batches.length} batches are sealed and kept. The ledger has not taken them yet; they go out by themselves once it answers.`,
  );
  return final ? EXIT.yes : EXIT.serviceUnavailable;
}
