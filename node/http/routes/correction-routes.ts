import type { Router } from "express";
import { z } from "zod";
import { parseDecimalNano } from "../../core/money/decimal.ts";
import { readUsageRecord } from "../../core/records/read-usage-record.ts";
import type { Correction } from "../../engine/intake/correct-charge.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { readBody } from "../read-body.ts";

const decision = {
  by: z.string().trim().min(1).max(100),
  reason: z.string().trim().min(1).max(1_000),
};
const id = z.string().min(1).max(200);
const correctionSchema = z.union([
  z.strictObject({ ...decision, record: z.looseObject({ id }) }),
  z.strictObject({ ...decision, id, withdraw: z.literal(true) }),
  z.strictObject({
    ...decision,
    id,
    credit: z.string().regex(/^(0|[1-9]\d{0,17})(\.\d{1,9})?$/, "expected an amount such as 0.30"),
  }),
]);
const pageSchema = z.object({
  after: id.optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

/** Charges that are committed are corrected by credits and charges on the next bill. */
export function correctionRoutes(router: Router, pipeline: OperatorPipeline): void {
  router.post("/corrections", async (request, response) => {
    const correction = correctionOf(readBody(correctionSchema, request.body));
    const { position: _, digest: __, credits: ___, ...told } = await pipeline.correct(correction);
    response.json({ correction: told });
  });

  router.get("/corrections", async (request, response) => {
    const { rows, ...page } = await pipeline.control.corrections(
      readBody(pageSchema, request.query),
    );
    response.json({ corrections: rows, ...page });
  });
}

function correctionOf(body: z.infer<typeof correctionSchema>): Correction {
  const { by, reason } = body;
  if ("record" in body) {
    const record = readUsageRecord(body.record);
    return { recordId: record.id, record, by, reason };
  }
  if ("withdraw" in body) return { recordId: body.id, by, reason };
  return { recordId: body.id, creditNano: parseDecimalNano(body.credit), by, reason };
}
