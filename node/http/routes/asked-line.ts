import type { Request } from "express";
import { HttpError } from "../http-error.ts";

/** The line that is asked for as ?line=9, if one is. @throws HttpError 400 `http.line` */
export function lineOf(request: Request): number | undefined {
  const { line } = request.query;
  if (line === undefined) return undefined;
  if (typeof line === "string" && /^[1-9]\d{0,9}$/.test(line)) return Number(line);
  throw new HttpError(400, "http.line", "Name a line of the bill as ?line=9.");
}
