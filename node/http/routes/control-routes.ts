import type { Router } from "express";
import { z } from "zod";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { noSuch } from "../http-error.ts";
import { readBody } from "../read-body.ts";

const ROWS_DEFAULT = 1_000;
const ROWS_MAX = 10_000;
/** Records that are decided about in one request. */
const IDS_MAX = 1_000;

const limit = z.coerce.number().int().min(1).max(ROWS_MAX).default(ROWS_DEFAULT);
const name = z.string().max(200);
const hour = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d$/, "expected an hour such as 2026-10-05T12");
const pageSchema = z.object({ after: name.optional(), limit });
const waitingSchema = pageSchema.extend({ code: name.optional() });
const hoursSchema = z.object({
  from: z.union([hour, z.literal("none")]).optional(),
  to: hour.optional(),
  file: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected the SHA-256 of a file")
    .optional(),
  limit,
});
const ids = z.array(z.string().min(1).max(200)).min(1).max(IDS_MAX);
const idsSchema = z.strictObject({ ids });
const decisionSchema = z.strictObject({
  ids,
  by: z.string().trim().min(1).max(100),
  reason: z.string().trim().min(1).max(1_000),
});

/** Control totals, and the records that wait for somebody's decision. */
export function controlRoutes(router: Router, pipeline: OperatorPipeline): void {
  const { control } = pipeline;

  router.get("/totals", async (_request, response) => {
    response.json({ totals: await control.overall() });
  });

  router.get("/totals/files", async (request, response) => {
    const { rows, ...page } = await control.files(readBody(pageSchema, request.query));
    response.json({ files: rows, ...page });
  });

  router.get("/totals/hours", async (request, response) => {
    const { rows, ...page } = await control.hours(readBody(hoursSchema, request.query));
    response.json({ hours: rows, ...page });
  });

  router.get("/suspense", async (request, response) => {
    const { rows, ...page } = await control.waiting(readBody(waitingSchema, request.query));
    response.json({ suspended: rows, ...page });
  });

  router.get("/suspense/reasons", async (_request, response) => {
    response.json({ reasons: await control.reasons() });
  });

  router.patch("/suspense/:id", async (request, response) => {
    const change = readBody(z.record(z.string(), z.unknown()), request.body);
    if (!(await pipeline.correctSuspended(request.params.id, change)))
      throw noSuch("suspended record");
    response.json({ corrected: true });
  });

  router.post("/suspense/:id/recycle", async (request, response) => {
    const outcome = await pipeline.recycle(request.params.id);
    if (outcome === undefined) throw noSuch("suspended record");
    response.json({ outcome });
  });

  /** In their order, durable together: an answer that is lost leaves all of them rated, or waiting. */
  router.post("/suspense/recycle", async (request, response) => {
    const outcomes = await pipeline.recycleAll(readBody(idsSchema, request.body).ids);
    response.json({ outcomes: Object.fromEntries(outcomes) });
  });

  router.post("/suspense/drop", async (request, response) => {
    const { ids, ...decision } = readBody(decisionSchema, request.body);
    const dropped = await pipeline.drop(ids, decision);
    response.json({ outcomes: Object.fromEntries(dropped.map((id) => [id, "dropped"])) });
  });

  router.get("/dropped", async (request, response) => {
    const { rows, ...page } = await control.dropped(readBody(pageSchema, request.query));
    response.json({ dropped: rows, ...page });
  });
}
