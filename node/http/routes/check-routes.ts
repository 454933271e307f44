import type { Router } from "express";
import type { CheckProgress, StoreCheck } from "../../engine/check/check-store.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { noSuch } from "../http-error.ts";

/**
 * The check of the whole store. A large one takes minutes: who asks for it gets its end when that comes soon,
 * else how far it is (202), and asks again under GET.
 */
export function checkRoutes(
  router: Router,
  { checks }: OperatorPipeline,
  waitMilliseconds: number,
): void {
  router.post("/fsck", async (_request, response) => {
    const run = checks.run();
    // Told to whoever asks under GET, when this request was answered before.
    run.catch(() => {});
    const done = await Promise.race([
      run,
      new Promise<undefined>((resolve) => {
        setTimeout(() => resolve(undefined), waitMilliseconds).unref();
      }),
    ]);
    const { status, said } = answerOf(done ?? checks.outcome());
    response.status(status).json(said);
  });

  router.get("/fsck", (_request, response) => {
    const { status, said } = answerOf(checks.outcome());
    response.status(status).json(said);
  });
}

function answerOf(told: StoreCheck | CheckProgress | undefined): { status: number; said: object } {
  if (told === undefined) throw noSuch("check");
  if ("stage" in told) return { status: 202, said: { progress: told } };
  return { status: 200, said: told };
}
