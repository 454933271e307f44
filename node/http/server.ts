import type { RequestListener } from "node:http";
import express, { type Express } from "express";
import helmet from "helmet";
import type { Log } from "../adapters/log.ts";
import type { Ledger } from "../engine/commit/ledger.ts";
import type { Outbox } from "../engine/commit/outbox.ts";
import { requireOperator, type SubscriberAccess } from "./access.ts";
import { withChargingDoor } from "./charging-door.ts";
import type { Health } from "./health.ts";
import { errorHandler, notFound } from "./http-error.ts";
import type { NodeMetrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { type ChargingRoutesParts, chargingRoutes } from "./routes/charging-routes.ts";
import { type OperatorRoutesParts, operatorRoutes } from "./routes/operator-routes.ts";
import { publishedFiles } from "./routes/publish-routes.ts";
import { relayRoutes } from "./routes/relay-routes.ts";
import { rpcRoute } from "./routes/rpc-route.ts";
import { type SubscriberRoutesParts, subscriberRoutes } from "./routes/subscriber-routes.ts";
import { strictBody } from "./strict-body.ts";

export interface ServerParts {
  subscriber: SubscriberRoutesParts & { access: SubscriberAccess };
  operator: OperatorRoutesParts;
  /** Where the node's configuration asks for it. */
  charging?: ChargingRoutesParts;
  outbox: Outbox;
  ledger: Ledger;
  ledgerUrl: string;
  /** Origins of other members' nodes, which the page reads the ledger through. */
  connectOrigins: string[];
  /** Folder of the built page, or undefined when there is none. */
  page: string | undefined;
  /** The sample subscriber's device log, for the sample only: this one file and no other. */
  sampleLog: { name: string; file: string } | undefined;
  health: () => Promise<Health>;
  /** None where nobody scrapes: then there is no such route. */
  metrics?: NodeMetrics;
  log: Log;
  /** Shows the stack of what went wrong inside, which may quote data: for development only. */
  debug?: boolean;
}

const JSON_LIMIT = "2mb";
const RPC_TIMEOUT_MS = 10_000;

/** The node's HTTP interface, with the short way of sessions' requests where it charges. */
export function createListener(parts: ServerParts): RequestListener {
  const app = createServer(parts);
  if (parts.charging === undefined) return app;
  return withChargingDoor(
    app,
    parts.charging,
    onInternal(parts),
    (method, route, status, seconds) => {
      parts.metrics?.timed(method, route, status, seconds);
      const durationMilliseconds = Math.round(seconds * 1000);
      const fields = { component: "http", method, route, status, durationMilliseconds };
      parts.log.debug("request answered", fields);
    },
  );
}

/** All routes by Express; `openapi.ts` describes them. */
export function createServer(parts: ServerParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          "default-src": ["'self'"],
          "connect-src": ["'self'", ...parts.connectOrigins],
          "img-src": ["'self'", "data:"],
          "style-src": ["'self'"],
          // The hashing kernel is WebAssembly; JavaScript from text stays forbidden.
          "script-src": ["'self'", "'wasm-unsafe-eval'"],
          "worker-src": ["'self'", "blob:"],
          "object-src": ["'none'"],
          "base-uri": ["'none'"],
          "frame-ancestors": ["'none'"],
          "form-action": ["'none'"],
        },
      },
      referrerPolicy: { policy: "no-referrer" },
      strictTransportSecurity: false,
    }),
  );
  app.use((request, response, next) => {
    const began = performance.now();
    response.on("finish", () => {
      parts.log.debug("request answered", {
        component: "http",
        method: request.method,
        ...(request.route?.path === undefined ? {} : { route: String(request.route.path) }),
        status: response.statusCode,
        durationMilliseconds: Math.round(performance.now() - began),
      });
    });
    next();
  });

  const { metrics } = parts;
  if (metrics !== undefined) {
    app.use(metrics.observe);
    app.get("/metrics", async (request, response) => {
      requireOperator(request, parts.operator.token);
      response.type(metrics.contentType).send(await metrics.text());
    });
  }
  const tellHealth: express.RequestHandler = async (_request, response) => {
    const health = await parts.health();
    response.status(health.ready ? 200 : 503).json(health);
  };
  app.get("/health", tellHealth);
  app.get("/ready", tellHealth);
  // For who starts a process again that hangs: a ledger that is away is no reason to.
  app.get("/live", (_request, response) => {
    response.json({ live: true });
  });
  app.get("/v1/openapi.json", (_request, response) => {
    response.json(openApiDocument);
  });
  // The ledger is public to members' readers: any page may read it through this member.
  app.use(
    "/rpc",
    allowAnyOrigin,
    express.json({ limit: JSON_LIMIT }),
    rpcRoute({
      ledgerUrl: parts.ledgerUrl,
      contracts: Object.values(parts.ledger.describe().contracts),
      timeoutMilliseconds: RPC_TIMEOUT_MS,
    }),
  );
  app.use(
    "/v1/relay",
    allowAnyOrigin,
    express.json({ limit: JSON_LIMIT }),
    relayRoutes(parts.outbox, parts.ledger),
  );
  app.use("/v1/operator", noStore, strictBody(JSON_LIMIT), operatorRoutes(parts.operator));
  if (parts.charging !== undefined) {
    app.use("/v1/charging", noStore, strictBody(JSON_LIMIT), chargingRoutes(parts.charging));
  }
  app.use("/v1", noStore, subscriberRoutes(parts.subscriber));
  app.use("/published", publishedFiles(parts.operator.published));
  const { sampleLog } = parts;
  if (sampleLog !== undefined) {
    app.get(`/sample/${sampleLog.name}`, (_request, response) => {
      response.sendFile(sampleLog.file, { dotfiles: "allow" });
    });
  }
  if (parts.page !== undefined) app.use(express.static(parts.page));
  app.use(notFound);
  app.use(errorHandler(onInternal(parts)));
  return app;
}

const onInternal =
  ({ log, debug }: Pick<ServerParts, "log" | "debug">) =>
  (error: unknown): void => {
    const code = error instanceof Error ? error.name : "unknown";
    log.error("request failed", { component: "http", code });
    if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  };

const noStore: express.RequestHandler = (_request, response, next) => {
  response.set("cache-control", "no-store");
  next();
};

const allowAnyOrigin: express.RequestHandler = (request, response, next) => {
  response.set("access-control-allow-origin", "*");
  response.set("access-control-allow-headers", "content-type");
  if (request.method === "OPTIONS") {
    response.status(204).end();
    return;
  }
  next();
};
