import { Router } from "express";
import { z } from "zod";
import type { Hex } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { BREACH_KIND, type BreachKind, claimKindCode } from "../../core/evidence/claim-kind.ts";
import { hashDocument } from "../../core/hash.ts";
import type { Ledger, LedgerCall } from "../../engine/commit/ledger.ts";
import type { Outbox } from "../../engine/commit/outbox.ts";
import type { Settled } from "../../engine/commit/outbox-journal.ts";
import { HttpError } from "../http-error.ts";
import { readBody } from "../read-body.ts";
import { DEMAND_RELAYS } from "./demand-relays.ts";
import { FinderLimits } from "./finder-limits.ts";
import { hex, integer } from "./relay-fields.ts";

const RELAYS_PER_MINUTE_MAX = 120;
/** More than any charge: 79 thousand million million of the currency. */
const CLAIMED_NANO_MAX = 2n ** 96n;
/** A call that the ledger refused is sent anew when it would pass now, so often. */
const ATTEMPTS_MAX = 8;

const BREACH_KINDS = Object.keys(BREACH_KIND) as BreachKind[];
/** Of the largest evidence: two charges with their rows and paths, or 32 leaves of a batch. */
const EVIDENCE_BYTES_MAX = 48_000;

const claimSchema = z.strictObject({
  kind: z.enum(["mispriced", "matter-of-fact", ...BREACH_KINDS]),
  domain: hex(20),
  sequence: integer,
  leafIndex: z.number().int().min(0),
  claimedNano: integer.refine((text) => BigInt(text) <= CLAIMED_NANO_MAX, "is more than 2^96"),
  evidenceHash: hex(32),
  finder: hex(20),
  nonce: integer,
  deadline: integer,
  signature: z.string().regex(/^0x[0-9a-fA-F]{2,1024}$/),
});

/**
 * Of a mispriced charge positional, as the contract takes it: charge group, rest of the leaf, path, price
 * evidence. Of every kind ABI-encoded in the shape of its judge.
 */
const openingSchema = z.union([
  z.strictObject({ claimId: hex(32), opening: z.array(z.unknown()).length(4) }),
  z.strictObject({
    claimId: hex(32),
    evidence: z
      .string()
      .regex(/^0x([0-9a-f]{2})+$/)
      .max(2 + 2 * EVIDENCE_BYTES_MAX),
  }),
]);

/** Steps that the contract lets anyone take once a deadline has passed. */
const conclusionSchema = z.strictObject({
  claimId: hex(32),
  step: z.enum(["concludeSilence", "lapse", "markOverdue"]),
});

/**
 * Carries what a subscriber signed to the ledger, so that nobody needs an account or a fee there.
 * Any member's node does it for any subscriber: the accused operator can not keep a claim away.
 * What the ledger would refuse is refused here, before it costs a transaction.
 */
export function relayRoutes(outbox: Outbox, ledger: Ledger): Router {
  const router = Router();
  const recent: number[] = [];
  const finders = new FinderLimits(ledger);

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

  /** @returns how the call ended before, when it was carried already */
  async function carriedBefore(call: LedgerCall): Promise<Settled | undefined> {
    return outbox.find(keyOf(ledger.prepare(call).data));
  }

  async function relay(purpose: string, call: LedgerCall): Promise<Settled> {
    const prepared = ledger.prepare(call);
    const refusal = await ledger.refusalOf(prepared, ledger.senderOf("settle"));
    let key = keyOf(prepared.data);
    let before = await outbox.find(key);
    for (let attempt = 2; isRefused(before) && refusal === undefined; attempt++) {
      if (attempt > ATTEMPTS_MAX) break;
      key = `${keyOf(prepared.data)}:${attempt}`;
      before = await outbox.find(key);
    }
    if (refusal !== undefined && before === undefined) throw refused(refusal.name);
    await outbox.enqueue({ key, purpose, duty: "settle", call });
    const settled = await outbox.settled(key);
    if (settled.error !== undefined) throw refused(settled.error.name);
    return settled;
  }

  router.post("/claims", async (request, response) => {
    const claim = readBody(claimSchema, request.body);
    const kind = claimKindCode(claim.kind);
    const place = [claim.domain, BigInt(claim.sequence), claim.leafIndex];
    const call: LedgerCall = {
      contract: "claims",
      method: "claimBySignature",
      args: [
        [kind, ...place, BigInt(claim.claimedNano), claim.evidenceHash],
        claim.finder,
        BigInt(claim.nonce),
        BigInt(claim.deadline),
        claim.signature,
      ],
    };
    const send = () => relay("relay claim", call);
    // The same claim again is no second one: whoever lost the answer gets it.
    const settled =
      (await carriedBefore(call)) === undefined
        ? await finders.admit(claim.finder, [kind, ...place].join(), send)
        : await send();
    response.status(201).json({ transaction: settled.hash });
  });

  router.post("/openings", async (request, response) => {
    const asked = readBody(openingSchema, request.body);
    const call: LedgerCall =
      "evidence" in asked
        ? { contract: "claims", method: "open", args: [asked.claimId, asked.evidence] }
        : { contract: "claims", method: "openMispriced", args: [asked.claimId, asked.opening] };
    const { hash } = await relay("relay opening", call);
    response.status(201).json({ transaction: hash });
  });

  router.post("/conclusions", async (request, response) => {
    const { claimId, step } = readBody(conclusionSchema, request.body);
    const call: LedgerCall = { contract: "claims", method: step, args: [claimId] };
    const { hash } = await relay("relay conclusion", call);
    response.status(201).json({ transaction: hash });
  });

  for (const [path, { purpose, read: readCall }] of Object.entries(DEMAND_RELAYS)) {
    router.post(path, async (request, response) => {
      const { hash } = await relay(
        purpose,
        readCall((schema) => readBody(schema, request.body)),
      );
      response.status(201).json({ transaction: hash });
    });
  }

  return router;
}

const keyOf = (data: Hex): string => `relay:${toHex(hashDocument(new TextEncoder().encode(data)))}`;

const isRefused = (settled: Settled | undefined): boolean => settled?.error !== undefined;

const refused = (name: string) =>
  new HttpError(409, "ledger.refused", `The ledger did not take it: ${name}.`);
