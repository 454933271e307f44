import type { Router } from "express";
import { z } from "zod";
import type { BillProgress } from "../../engine/bill/bill-desk.ts";
import type { BillRun } from "../../engine/bill/run-bill.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { noSuch } from "../http-error.ts";
import { readBody } from "../read-body.ts";

const periodSchema = z.strictObject({ period: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/) });

/**
 * The bill of a period. A large month takes minutes: who asks for it gets its end when that comes soon,
 * else how far it is (202), and asks again under GET.
 */
export function billRoutes(
  router: Router,
  pipeline: OperatorPipeline,
  waitMilliseconds: number,
): void {
  router.post("/bill", async (request, response) => {
    const { period } = readBody(periodSchema, request.body);
    const run = pipeline.bill(period);
    // Told to whoever asks under GET, when this request was answered before.
    run.catch(() => {});
    const done = await Promise.race([
      run,
      new Promise<undefined>((resolve) => {
        setTimeout(() => resolve(undefined), waitMilliseconds).unref();
      }),
    ]);
    const told = done ?? (await pipeline.billOutcome(period));
    if (told === undefined) throw noSuch("bill");
    const { status, said } = answerOf(told);
    response.status(status).json(said);
  });

  router.get("/bill", async (request, response) => {
    const { period } = readBody(periodSchema, { period: request.query.period });
    const told = await pipeline.billOutcome(period);
    if (told === undefined) throw noSuch("bill");
    const { status, said } = answerOf(told);
    response.status(status).json(said);
  });
}

function answerOf(told: BillRun | BillProgress): { status: number; said: object } {
  if ("phase" in told) return { status: 202, said: { progress: told } };
  return { status: 200, said: { ...told, totalNano: told.totalNano.toString() } };
}
