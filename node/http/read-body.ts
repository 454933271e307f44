import type { z } from "zod";
import { firstShapeProblem } from "../core/json/shape-words.ts";
import { HttpError } from "./http-error.ts";

/** What a request holds, as the schema reads it. @throws HttpError `http.body` with the field at fault */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { field, says } = firstShapeProblem(parsed.error, body);
  throw new HttpError(400, "http.body", `${field || "body"}: ${says}`);
}
