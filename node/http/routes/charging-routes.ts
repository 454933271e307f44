import { Router } from "express";
import { z } from "zod";
import type { Hex } from "../../core/bytes.ts";
import { usageOf } from "../../core/charging/session-use.ts";
import { parseDecimalNano } from "../../core/money/decimal.ts";
import type { ChargingNode } from "../../engine/charging/charging-node.ts";
import type { TariffVersions } from "../../engine/rate/tariff-pricers.ts";
import { requireOperator } from "../access.ts";
import {
  lockSchema,
  MoneyWords,
  name,
  paymentSchema,
  policyOf,
  policySchema,
} from "../charging-shapes.ts";
import { edgeReportSchema, readReport, toWire } from "../edge-shapes.ts";
import { readBody } from "../read-body.ts";
import { centreDecides, SessionRequests } from "../session-requests.ts";

export interface ChargingRoutesParts {
  charging: ChargingNode;
  token: Hex;
  /**
   * An edge node charges sessions and shows its accounts; money comes and goes by settling with its
   * centre alone.
   */
  isEdge?: boolean;
  /** How an edge stands to its centre. */
  edgeStatus?: () => Promise<object>;
  /** For edge nodes, which take new versions from here. */
  tariffs?: Pick<TariffVersions, "versions">;
}

const PAGE = 1_000;
const numberSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const takenSchema = z.strictObject({ upTo: z.number().int().nonnegative() });

/**
 * Credit control over HTTP, for gateways of network elements and the operator's staff, behind the
 * operator's token. Every write is a PUT under a name of the caller's, so that it can be repeated.
 */
export function chargingRoutes({
  charging,
  token,
  isEdge = false,
  tariffs = { versions: [] },
  edgeStatus,
}: ChargingRoutesParts): Router {
  const router = Router();
  const money = new MoneyWords(charging.currency);
  const sessions = new SessionRequests(charging, isEdge);
  const accountOf = (id: string): object =>
    money.account(charging.account(id), charging.slicesOf(id));
  router.use((request, _response, next) => {
    requireOperator(request, token);
    const isMoney = request.method !== "GET" && !request.path.startsWith("/sessions/");
    if (isEdge && isMoney) throw centreDecides();
    next();
  });

  // `charging-door.ts` takes these before they come here, but those of an unusual form.
  router.put("/sessions/:session/requests/:number", async (request, response) => {
    const { session, number } = request.params;
    response.json(await sessions.answer(session, number, request.body));
  });

  router.get("/accounts", (request, response) => {
    const after = String(request.query.after ?? "");
    const found: object[] = [];
    let last: string | undefined;
    let isBehind = after === "";
    for (const { id } of charging.accounts()) {
      if (found.length === PAGE) break;
      if (isBehind) {
        found.push(accountOf(id));
        last = id;
      }
      if (id === after) isBehind = true;
    }
    response.json({ accounts: found, ...(found.length === PAGE ? { next: last } : {}) });
  });

  router.get("/accounts/:account", (request, response) => {
    response.json(accountOf(request.params.account));
  });

  router.put("/accounts/:account", async (request, response) => {
    const account = readBody(name, request.params.account);
    await charging.setAccount(account, policyOf(readBody(policySchema, request.body ?? {})));
    response.json(accountOf(account));
  });

  router.get("/accounts/:account/sessions", (request, response) => {
    const sessions = charging.sessionsOf(request.params.account);
    response.json({ sessions: sessions.slice(-PAGE).map((one) => money.session(one)) });
  });

  router.put("/accounts/:account/payments/:reference", async (request, response) => {
    const account = readBody(name, request.params.account);
    const reference = readBody(name, request.params.reference);
    const { amount } = readBody(paymentSchema, request.body);
    const amountNano = parseDecimalNano(amount);
    const { balanceNano, ...paid } = await charging.pay({ account, reference, amountNano });
    response.json({ ...paid, balance: money.of(balanceNano), currency: money.currency });
  });

  router.put("/accounts/:account/lock", async (request, response) => {
    const { reason, unlockAt } = readBody(lockSchema, request.body);
    const unlockAtNano = unlockAt === undefined ? undefined : parseDecimalNano(unlockAt).toString();
    await charging.lock(request.params.account, {
      reason,
      ...(unlockAtNano === undefined ? {} : { unlockAtNano }),
    });
    response.json(accountOf(request.params.account));
  });

  router.delete("/accounts/:account/lock", async (request, response) => {
    await charging.unlock(request.params.account);
    response.json(accountOf(request.params.account));
  });

  router.get("/notices", async (request, response) => {
    const after = readBody(numberSchema, request.query.after ?? 0);
    const found = await charging.noticesAfter(after, PAGE);
    const notices = found.map(({ at, ...notice }) => ({
      ...notice,
      at: new Date(at).toISOString(),
    }));
    response.json({ notices });
  });

  router.get("/records", async (request, response) => {
    const after = readBody(numberSchema, request.query.after ?? 0);
    const records = charging.recordsAfter(after, PAGE).map(({ number, record }) => ({
      number,
      usage: usageOf(record.session, record.account, record.use, BigInt(record.quantity)),
      charged: money.of(record.amountNano),
      currency: record.currency,
      tariffVersion: record.tariffVersion,
      components: record.components.map(({ amountNano, ...component }) => ({
        ...component,
        amount: money.of(amountNano),
      })),
    }));
    await charging.settled();
    response.json({ records });
  });

  router.put("/records/taken", async (request, response) => {
    const { upTo } = readBody(takenSchema, request.body);
    await charging.recordsTaken(upTo);
    response.json({ upTo });
  });

  if (edgeStatus !== undefined) {
    router.get("/edge", async (_request, response) => {
      response.json(await edgeStatus());
    });
  }

  router.get("/tariffs", (request, response) => {
    const after = readBody(numberSchema, request.query.after ?? 0);
    const found = tariffs.versions
      .filter(({ version }) => version > after)
      .map(({ version, validFromSeconds, compiled }) => ({
        version,
        validFrom: validFromSeconds.toString(),
        document: compiled.document,
      }));
    response.json({ tariffs: found });
  });

  router.put("/edges/:edge/settlement", async (request, response) => {
    const edge = readBody(name, request.params.edge);
    const report = readReport(edge, readBody(edgeReportSchema, request.body));
    response.type("json").send(toWire(await charging.settle(report)));
  });

  return router;
}
