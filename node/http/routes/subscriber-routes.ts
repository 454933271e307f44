import express, { type Request, Router } from "express";
import { z } from "zod";
import { billCsv } from "../../core/invoice/write-bill-csv.ts";
import { formatNano } from "../../core/money/decimal.ts";
import { billingEpoch } from "../../engine/bill/billing-epoch.ts";
import type { OperatorPipeline } from "../../engine/pipeline.ts";
import type { SubscriberAccess } from "../access.ts";
import { HttpError } from "../http-error.ts";
import { lineOf } from "./asked-line.ts";
import { EVENTS_BODY, type EventSource, readEventsAsked, showEvents } from "./show-events.ts";

export interface SampleFiles {
  deviceLogUrl: string;
  billUrl?: string;
}

export interface SubscriberRoutesParts {
  pipeline: OperatorPipeline;
  access: SubscriberAccess;
  operatorName: string;
  currency: string;
  zone: string;
  /** Folder that is served as `/published/`. */
  published: string;
  sampleOf?: (account: string) => SampleFiles | undefined;
  /** Where the events of aggregated charges are kept. */
  events: EventSource;
}

const period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

function periodOf(request: Request): string {
  const parsed = period.safeParse(request.query.period);
  if (!parsed.success) {
    throw new HttpError(400, "http.period", "Name the period as ?period=2026-10.");
  }
  return parsed.data;
}

/** What the holder of a subscriber's link may read: their own data and nobody else's. */
export function subscriberRoutes(parts: SubscriberRoutesParts): Router {
  const { pipeline, access } = parts;
  const router = Router();

  router.get("/session", async (request, response) => {
    const account = await access.accountOf(request);
    const periods = await pipeline.periodsOf(account.id);
    const editions = new Map<string, number | undefined>();
    for (const { epoch, billed } of periods) {
      if (!billed) continue;
      editions.set(epoch, await pipeline.publishedEdition(account.id, epoch, parts.published));
    }
    const sample = parts.sampleOf?.(account.id);
    response.json({
      operator: { name: parts.operatorName },
      account: { label: account.label, devices: account.devices.map(({ id }) => id) },
      currency: parts.currency,
      periods: periods.map(({ epoch, billed, totalNano, lines }) => {
        const { fromMilliseconds, toMilliseconds } = billingEpoch(epoch, parts.zone);
        const published = editions.get(epoch);
        return {
          ...(published === undefined ? {} : { published }),
          epoch,
          from: new Date(fromMilliseconds).toISOString(),
          to: new Date(toMilliseconds).toISOString(),
          zone: parts.zone,
          status: billed ? "billed" : "open",
          totalNano,
          total: formatNano(BigInt(totalNano), 2),
          lines,
        };
      }),
      ...(sample === undefined ? {} : { sample }),
    });
  });

  router.get("/evidence", async (request, response) => {
    const account = await access.accountOf(request);
    response.json(await pipeline.evidence(account.id, periodOf(request), lineOf(request)));
  });

  router.get("/invoice", async (request, response) => {
    const account = await access.accountOf(request);
    const invoice = await pipeline.invoice(account.id, periodOf(request));
    if (invoice === undefined) {
      throw new HttpError(404, "invoice.none", "The period has no invoice yet.");
    }
    response.type("application/json").send(invoice.documentText);
  });

  router.get("/bill.csv", async (request, response) => {
    const account = await access.accountOf(request);
    const invoice = await pipeline.invoice(account.id, periodOf(request));
    if (invoice === undefined) {
      throw new HttpError(404, "invoice.none", "The period has no invoice yet.");
    }
    response
      .type("text/csv")
      .attachment(`bill-${invoice.epoch}.csv`)
      .send(billCsv(invoice.documentText));
  });

  router.post("/events", express.json({ limit: EVENTS_BODY }), async (request, response) => {
    const account = await access.accountOf(request);
    const { line, events } = readEventsAsked(request.body);
    const { charges } = await pipeline.evidence(account.id, periodOf(request));
    response.json(showEvents(parts.events, charges, line, events));
  });

  router.get("/disputes", async (request, response) => {
    const account = await access.accountOf(request);
    response.json({ disputes: await pipeline.disputesOf(account.id) });
  });

  return router;
}
