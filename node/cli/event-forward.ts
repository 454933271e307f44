import { basename } from "node:path";
import type { EventFiles } from "../adapters/event-files.ts";
import { chunksOf } from "./event-source.ts";
import type { NodeOptions } from "./node-options.ts";
import { type Output, ServiceError } from "./output.ts";

/**
 * Hands finished charges to the node, oldest first; what the node does not take stays, and the next call
 * begins there. A file that was taken but not yet moved, because the process died in between, is handed
 * over again: its records have the ids that the node knows, and count as duplicates.
 */
export async function forwardRecords(
  folder: EventFiles,
  options: NodeOptions,
  output: Output,
): Promise<void> {
  const waiting = folder.waiting();
  if (waiting.length === 0) return;
  // Only now: at the edge each module that is not needed is memory.
  const { withNode } = await import("./open-node.ts");
  let sent = 0;
  try {
    await withNode(options, output, async (node) => {
      for (const file of waiting) {
        const path = `/v1/operator/usage?${new URLSearchParams({ name: basename(file) })}`;
        const { body } = await node.upload(path, chunksOf(file, 0));
        folder.delivered(file, Date.now());
        sent++;
        await output.record({ forwarded: body });
      }
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    output.remark(`${error.message} ${waiting.length - sent} files wait; nothing is lost.`);
  }
  await output.say(`${sent} of ${waiting.length} files were handed to the node.`);
}
