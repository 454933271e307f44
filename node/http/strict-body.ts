import express, { type RequestHandler } from "express";
import { TallystickError } from "../core/errors.ts";
import { parseStrictJson } from "../core/json/strict-json.ts";
import { HttpError } from "./http-error.ts";

/**
 * A body that moves money or counts use, read as a file is: no key twice, no digit lost.
 * @throws HttpError 400 `http.entity.parse.failed`, or `json.…` of `parseStrictJson`
 */
export function parseStrictBody(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    if (error.code !== "json.malformed") throw new HttpError(400, error.code, error.message);
    throw new HttpError(400, "http.entity.parse.failed", "The body of the request is unusable.");
  }
}

/** In place of Express's reader of JSON, where numbers count. @param limit such as "2mb" */
export function strictBody(limit: string): RequestHandler[] {
  return [
    express.text({ type: "application/json", limit }),
    (request, _response, next) => {
      if (typeof request.body === "string") {
        request.body = request.body === "" ? {} : parseStrictBody(request.body);
      }
      next();
    },
  ];
}
