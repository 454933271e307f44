import type { Router } from "express";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import type { RetainedMonth } from "../../engine/retention/plan-retention.ts";

/** So long one request goes on with what is due. */
const STEPS_MILLISECONDS = 1_000;

/** What becomes of months whose bill can not be challenged any more, and doing now what is due. */
export function retentionRoutes(router: Router, { retention }: OperatorPipeline): void {
  router.get("/retention", async (_request, response) => {
    const { months } = await retention.plan();
    response.json({ months: months.map(shown), ...(await retention.progress()) });
  });

  router.post("/retention", async (_request, response) => {
    const end = performance.now() + STEPS_MILLISECONDS;
    let progress = await retention.step();
    while (!progress.done && performance.now() < end) progress = await retention.step();
    response.status(progress.done ? 200 : 202).json(progress);
  });
}

const shown = ({ finalAt, overAt, ...month }: RetainedMonth) => ({
  ...month,
  ...(finalAt === undefined ? {} : { finalAt: instantOf(finalAt) }),
  ...(overAt === undefined ? {} : { overAt: instantOf(overAt) }),
});

const instantOf = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();
