/* One thread of `evidence-threads.ts`: compresses and encrypts with the engine's own code. */
import type { SealTask } from "../engine/evidence/evidence-sealer.ts";
import { sealWholeFile } from "../engine/evidence/seal-evidence-file.ts";
import { answerTasks } from "./task-thread.ts";

answerTasks<SealTask, Uint8Array>((task) => {
  // Small buffers share memory, which can not be handed over.
  const result = new Uint8Array(sealWholeFile(task));
  return { result, moved: [result.buffer] };
});
