import { Router } from "express";
import { z } from "zod";
import type { Hex } from "../../core/bytes.ts";
import { accountTerms } from "../../core/rating/account-list.ts";
import type { DisputeList } from "../../engine/claims/list-disputes.ts";
import type { Settlement } from "../../engine/settle/settlement.ts";
import { requireOperator } from "../access.ts";
import { noSuch } from "../http-error.ts";
import { readBody } from "../read-body.ts";
import { lineOf } from "./asked-line.ts";
import { billRoutes } from "./bill-routes.ts";
import { checkRoutes } from "./check-routes.ts";
import { controlRoutes } from "./control-routes.ts";
import { correctionRoutes } from "./correction-routes.ts";
import { publishRoute } from "./publish-routes.ts";
import { retentionRoutes } from "./retention-routes.ts";
import { type UsageRoutesParts, usageRoutes } from "./usage-routes.ts";

export interface OperatorRoutesParts extends UsageRoutesParts {
  settlement: Settlement;
  disputes: DisputeList;
  token: Hex;
  /** Where evidence files are published unless a caller names another folder. */
  published: string;
  status: () => Promise<object>;
  setCadence: (seconds: number) => void;
  /** Gives back the space of what was dropped. */
  compactStore: () => Promise<object>;
  /** Longest wait for the ledger before an answer says "not final yet". */
  finalWaitMilliseconds: number;
}

const accountsSchema = z.array(
  z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
    label: z.string().min(1).max(100),
    ...accountTerms,
    devices: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(64),
          from: z.iso.datetime().optional(),
          to: z.iso.datetime().optional(),
          groups: z.array(z.string().min(1).max(200)).max(100).optional(),
        }),
      )
      .max(10_000),
  }),
);
const periodSchema = z.strictObject({ period: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/) });
const answerSchema = z.strictObject({ answer: z.enum(["concede", "contest"]) });
const hex32 = z.string().regex(/^0x[0-9a-f]{64}$/);
const cadenceSchema = z.strictObject({ seconds: z.number().int().min(0).max(86_400) });

/** What the operator's own staff and commands may do, behind the operator's token. */
export function operatorRoutes(parts: OperatorRoutesParts): Router {
  const { pipeline, settlement } = parts;
  const router = Router();
  router.use((request, _response, next) => {
    requireOperator(request, parts.token);
    next();
  });

  router.get("/status", async (_request, response) => {
    response.json(await parts.status());
  });

  /** For whoever published a version of the tariff: it is taken now, not at the next look. */
  router.post("/tariff/follow", async (_request, response) => {
    await pipeline.followTariff(true);
    const { tariff } = (await parts.status()) as { tariff?: object };
    response.json({ tariff });
  });

  router.post("/compact", async (_request, response) => {
    response.json(await parts.compactStore());
  });

  router.put("/accounts", async (request, response) => {
    const accounts = readBody(accountsSchema, request.body);
    await pipeline.putAccounts(
      accounts.map((account) => ({
        ...account,
        devices: account.devices.map(({ from, to, ...device }) => ({
          ...device,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        })),
      })),
    );
    response.json({ accounts: accounts.length });
  });

  /** With the secrets of their links: what the operator sends to each subscriber once. */
  router.get("/accounts", async (_request, response) => {
    response.json({ accounts: await pipeline.accounts() });
  });

  usageRoutes(router, parts);

  router.post("/commit", async (_request, response) => {
    const tick = await pipeline.seal();
    const final = await Promise.race([
      pipeline.untilFinal(tick).then(() => true),
      new Promise<false>((resolve) => {
        setTimeout(() => resolve(false), parts.finalWaitMilliseconds).unref();
      }),
    ]);
    response.status(final ? 200 : 202).json({ tick: tick.number, batches: tick.batches, final });
  });

  billRoutes(router, pipeline, parts.finalWaitMilliseconds);
  checkRoutes(router, pipeline, parts.finalWaitMilliseconds);
  retentionRoutes(router, pipeline);

  router.post("/evidence/publish", publishRoute(parts));

  router.get("/evidence", async (request, response) => {
    const account = String(request.query.account ?? "");
    const { period } = readBody(periodSchema, { period: request.query.period });
    response.json(await pipeline.evidence(account, period, lineOf(request)));
  });

  controlRoutes(router, pipeline);
  correctionRoutes(router, pipeline);

  router.get("/claims", async (_request, response) => {
    response.json({ claims: await pipeline.claims() });
  });

  router.post("/claims/work", async (_request, response) => {
    const creditDueSeconds = await pipeline.workClaims();
    response.json({ creditIssued: creditDueSeconds !== undefined });
  });

  router.post("/claims/:id", async (request, response) => {
    const { answer } = readBody(answerSchema, request.body);
    await pipeline.answerClaim(request.params.id as Hex, answer);
    response.status(202).json({ answer });
  });

  router.get("/demands", async (_request, response) => {
    response.json({ demands: await pipeline.demands() });
  });

  router.get("/disputes", async (_request, response) => {
    response.json({ member: parts.disputes.member, disputes: await parts.disputes.all() });
  });

  router.get("/statements/:id", async (request, response) => {
    const id = hex32.safeParse(request.params.id);
    const statement = id.success ? await parts.disputes.statement(id.data as Hex) : undefined;
    if (statement === undefined) throw noSuch("statement");
    response.json({
      ...statement,
      fromSequence: statement.fromSequence.toString(),
      toSequence: statement.toSequence.toString(),
      chargesNano: statement.chargesNano.toString(),
      creditsNano: statement.creditsNano.toString(),
      payableNano: statement.payableNano.toString(),
      undisputedNano: statement.undisputedNano.toString(),
      objectBy: statement.objectBy.toString(),
    });
  });

  router.post("/settlement/statement", async (_request, response) => {
    response.json(await settlement.post());
  });

  router.post("/settlement/:step", async (request, response) => {
    response.json(await settlement.run(request.params.step, request.body ?? {}));
  });

  router.put("/cadence", (request, response) => {
    const { seconds } = readBody(cadenceSchema, request.body);
    parts.setCadence(seconds);
    response.json({ seconds });
  });

  return router;
}
