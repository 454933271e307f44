import type { UsageSource } from "../adapters/usage-source.ts";
import { requireWholeFile } from "../engine/intake/require-whole-file.ts";
import type { OperatorPipeline } from "../engine/pipeline.ts";
import { counted, type IntakeProgress, type Turn, type UploadProgress } from "./intake-progress.ts";
import type { Spool } from "./spool.ts";
import type { SpooledFile } from "./spooled-file.ts";

export interface FileIntake {
  pipeline: Pick<OperatorPipeline, "ingest">;
  spool: Pick<Spool, "whileThereIsRoom">;
  intake: IntakeProgress;
}

/**
 * Takes a file in while it is still being looked at: it is handed over when the look is nearly over, so that
 * nobody else's turn waits for it long, and nothing of it is stored, told or answered before the look has
 * found it whole. Who sent a file that is refused does not wait for the turns before it.
 */
export async function takeFileIn(
  { pipeline, spool, intake }: FileIntake,
  source: UsageSource,
  { sha256, endsLine }: Pick<SpooledFile, "sha256" | "endsLine">,
  upload: UploadProgress,
  turn: Turn,
) {
  const { name } = upload;
  let isHandedOver = false;
  const whole = source.look().then((look) => {
    requireWholeFile(name, look, endsLine);
    upload.records = look.records;
    intake.enter(upload, isHandedOver ? "rating" : "waiting");
  });
  const unlessRefused = <T>(what: Promise<T>): Promise<T> =>
    Promise.race([what, whole.then(() => what)]);
  const lines = (seeds: Uint32Array) =>
    counted(spool.whileThereIsRoom(source.lines(seeds)), upload);
  await unlessRefused(source.nearEnd().then(() => turn.before));
  isHandedOver = true;
  if (upload.records !== undefined) intake.enter(upload, "rating");
  const taken = pipeline.ingest({ name, sha256, lines, whole });
  // The pipeline takes files in the order in which it is asked.
  turn.pass();
  return unlessRefused(taken);
}
