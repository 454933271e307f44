import { isAbsolute } from "node:path";
import express, { type RequestHandler } from "express";
import { z } from "zod";
import { EvidenceFolder } from "../../adapters/evidence-folder.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import { HttpError } from "../http-error.ts";

/** One call answers after some of the work, so that whoever asked can tell how far it is. */
const MILLISECONDS_A_CALL = 1_000;
const LOOPBACK = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

const publishSchema = z.strictObject({
  period: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/),
  to: z.string().min(1).max(4_000).optional(),
});

export interface PublishParts {
  pipeline: OperatorPipeline;
  /** Folder for evidence files unless another one is named. */
  published: string;
}

/**
 * Writes evidence files for some time and says how far it is; to be called until it is done. A folder
 * of the caller's choice lies on this machine, so only this machine may name one.
 */
export function publishRoute({ pipeline, published }: PublishParts): RequestHandler {
  const folders = new Map<string, Promise<EvidenceFolder>>();
  return async (request, response) => {
    const parsed = publishSchema.safeParse(request.body);
    if (!parsed.success) {
      throw new HttpError(400, "http.body", 'Name the period: {"period":"2026-10"}.');
    }
    const { period, to } = parsed.data;
    if (to !== undefined && !isAbsolute(to)) {
      throw new HttpError(400, "http.body", "to: a folder by its whole path.");
    }
    if (to !== undefined && !LOOPBACK.includes(request.socket.remoteAddress ?? "")) {
      throw new HttpError(
        403,
        "publish.not-local",
        "Only the node's own machine names a folder. Leave --to out: the node publishes to its own.",
      );
    }
    const path = to ?? published;
    const opening = folders.get(path) ?? EvidenceFolder.open(path);
    folders.set(path, opening);
    opening.catch(() => folders.delete(path));
    const folder = await opening;
    const until = performance.now() + MILLISECONDS_A_CALL;
    let progress = await pipeline.publishEvidence(period, folder, path);
    while (!progress.done && performance.now() < until) {
      progress = await pipeline.publishEvidence(period, folder, path);
    }
    if (progress.done) folders.delete(path);
    response.json({ folder: path, ...progress });
  };
}

/**
 * Hands out evidence files as any web server may: they never change, are encrypted, and bear names that
 * only the link's holder knows, so that every cache on the way may keep them.
 */
export const publishedFiles = (folder: string): RequestHandler =>
  express.static(folder, {
    dotfiles: "ignore",
    index: false,
    redirect: false,
    immutable: true,
    maxAge: "365d",
    setHeaders: (response, path) => {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("content-type", "application/octet-stream");
      if (!path.endsWith(".json")) return;
      response.setHeader("content-type", "application/json");
      response.setHeader("cache-control", "no-cache");
    },
  });
