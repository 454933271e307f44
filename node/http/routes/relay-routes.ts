import { Router } from "express";
import { z } from "zod";
import type { Hex } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { CLAIM_KIND } from "../../core/evidence/claim-kind.ts";
import { hashDocument } from "../../core/hash.ts";
import type { Ledger, LedgerCall } from "../../engine/ledger.ts";
import type { Outbox } from "../../engine/outbox.ts";
import { HttpError } from "../http-error.ts";

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`))
    .transform((text) => text.toLowerCase() as Hex);
const integer = z.string().regex(/^(0|[1-9][0-9]{0,38})$/);

const RELAYS_PER_MINUTE_MAX = 120;

const claimSchema = z.strictObject({
  kind: z.enum(["mispriced", "matter-of-fact"]),
  domain: hex(20),
  sequence: integer,
  leafIndex: z.number().int().min(0),
  claimedNano: integer,
  evidenceHash: hex(32),
  finder: hex(20),
  nonce: integer,
  deadline: integer,
  signature: z.string().regex(/^0x[0-9a-fA-F]{2,1024}$/),
});

/** Positional, as the contract takes it: charge group, rest of the leaf, path, price evidence. */
const openingSchema = z.strictObject({
  claimId: hex(32),
  opening: z.array(z.unknown()).length(4),
});

/**
 * Carries what a subscriber signed to the ledger, so that nobody needs an account or a fee there.
 * Any member's node does it for any subscriber: the accused operator can not keep a claim away.
 * What the ledger would refuse is refused here, before it costs a transaction.
 */
export function relayRoutes(outbox: Outbox, ledger: Ledger): Router {
  const router = Router();
  const recent: number[] = [];

  /** Strangers may call this: what they can make us send is bounded. */
  router.use((_request, _response, next) => {
    const now = Date.now();
    while (recent[0] !== undefined && recent[0] <= now - 60_000) recent.shift();
    if (recent.length >= RELAYS_PER_MINUTE_MAX) {
      throw new HttpError(429, "relay.too-many", "Too many claims at the moment; try again soon.");
    }
    recent.push(now);
    next();
  });

  async function relay(purpose: string, call: LedgerCall): Promise<{ transaction: Hex }> {
    const prepared = ledger.prepare(call);
    const refusal = await ledger.refusalOf(prepared, ledger.senderOf("settle"));
    const key = `relay:${toHex(hashDocument(new TextEncoder().encode(prepared.data)))}`;
    if (refusal !== undefined && (await outbox.find(key)) === undefined)
      throw refused(refusal.name);
    await outbox.enqueue({ key, purpose, duty: "settle", call });
    const settled = await outbox.settled(key);
    if (settled.error !== undefined) throw refused(settled.error.name);
    return { transaction: settled.hash };
  }

  router.post("/claims", async (request, response) => {
    const parsed = claimSchema.safeParse(request.body);
    if (!parsed.success) throw malformed(parsed.error);
    const claim = parsed.data;
    const kind = claim.kind === "mispriced" ? CLAIM_KIND.mispriced : CLAIM_KIND.matterOfFact;
    const place = [claim.domain, BigInt(claim.sequence), claim.leafIndex];
    const answer = await relay("relay claim", {
      contract: "claims",
      method: "claimBySignature",
      args: [
        [kind, ...place, BigInt(claim.claimedNano), claim.evidenceHash],
        claim.finder,
        BigInt(claim.nonce),
        BigInt(claim.deadline),
        claim.signature,
      ],
    });
    response.status(201).json(answer);
  });

  router.post("/openings", async (request, response) => {
    const parsed = openingSchema.safeParse(request.body);
    if (!parsed.success) throw malformed(parsed.error);
    const { claimId, opening } = parsed.data;
    const args = [claimId, opening];
    response
      .status(201)
      .json(await relay("relay opening", { contract: "claims", method: "openMispriced", args }));
  });

  return router;
}

function malformed(error: z.ZodError): HttpError {
  const issue = error.issues[0];
  return new HttpError(
    400,
    "http.body",
    `${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "unusable"}`,
  );
}

const refused = (name: string) =>
  new HttpError(409, "ledger.refused", `The ledger did not take it: ${name}.`);
