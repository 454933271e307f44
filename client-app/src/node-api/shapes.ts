import { z } from "zod";
import type { Hex } from "../../../node/core/bytes.ts";
import { DISPUTE_STATES } from "../model/dispute-words.ts";

/*
 * What the operator's node answers. It is not trusted: the shapes are checked here, the contents
 * against the ledger. Unknown fields are allowed, because the interface may grow.
 */

const decimalInteger = z.string().regex(/^(0|[1-9][0-9]*)$/);

export const periodShape = z.object({
  epoch: z.string(),
  from: z.string(),
  to: z.string(),
  zone: z.string(),
  status: z.enum(["open", "billed"]),
  totalNano: decimalInteger,
  lines: z.number().int().min(0),
  /** Newest edition of the published evidence file, where it holds all that there is. */
  published: z.number().int().min(1).max(65_535).optional(),
});

export const sessionShape = z.object({
  operator: z.object({ name: z.string() }),
  account: z.object({ label: z.string(), devices: z.array(z.string()).default([]) }),
  currency: z.string().regex(/^[A-Z]{3}$/),
  periods: z.array(periodShape),
  sample: z.object({ deviceLogUrl: z.string(), billUrl: z.string().optional() }).optional(),
});

export const disputeShape = z.object({
  id: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .transform((text) => text as Hex),
  /** Whose claim it is; without it, it is taken for a stranger's. */
  finder: z.string().toLowerCase().optional(),
  domain: z.string(),
  sequence: z.coerce.string(),
  leafIndex: z.number().int(),
  line: z.string(),
  kind: z.enum(["mispriced", "matter-of-fact"]),
  state: z.enum(DISPUTE_STATES),
  claimedNano: decimalInteger,
  dueNano: decimalInteger.optional(),
  creditLine: z.string().optional(),
  history: z.array(z.object({ at: z.string(), words: z.string() })).default([]),
});

export const disputesShape = z.object({ disputes: z.array(disputeShape) });
/** What the relay answers once the ledger has taken what it carried. */
export const relayedShape = z.object({ transaction: z.string() });
export const errorShape = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

export type Session = z.infer<typeof sessionShape>;
export type Period = z.infer<typeof periodShape>;
