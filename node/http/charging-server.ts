import type { RequestListener } from "node:http";
import express from "express";
import type { Log } from "../adapters/log.ts";
import { withChargingDoor } from "./charging-door.ts";
import { errorHandler, notFound } from "./http-error.ts";
import { type ChargingRoutesParts, chargingRoutes } from "./routes/charging-routes.ts";
import { strictBody } from "./strict-body.ts";

const JSON_LIMIT = "2mb";

/** The interface of a process that charges and does nothing else: an edge node. */
export function createChargingServer(
  parts: ChargingRoutesParts & { health: () => Promise<{ ready: boolean }>; log: Log },
): RequestListener {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.get(["/health", "/ready"], async (_request, response) => {
    const health = await parts.health();
    response.status(health.ready ? 200 : 503).json(health);
  });
  app.get("/live", (_request, response) => {
    response.json({ live: true });
  });
  app.use("/v1/charging", strictBody(JSON_LIMIT), chargingRoutes(parts));
  app.use(notFound);
  const onInternal = (error: unknown): void => {
    const code = error instanceof Error ? error.name : "unknown";
    parts.log.error("request failed", { component: "http", code });
  };
  app.use(errorHandler(onInternal));
  return withChargingDoor(app, parts, onInternal);
}
