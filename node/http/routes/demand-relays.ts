import { z } from "zod";
import type { LedgerCall } from "../../engine/commit/ledger.ts";
import { hex, integer, signature, wide } from "./relay-fields.ts";

/*
 * What a subscriber has carried to get evidence that is withheld: who it is, what it demands, and what
 * became of it. Nothing in it can be changed, and none of it costs the subscriber anything.
 */

type ReadBody = <T>(schema: z.ZodType<T>) => T;

/** A delivery has at most so many words (contracts/Demands.sol). */
const WORDS_MAX = 404;

const point = z.strictObject({ x: wide, y: wide });
const owner = z.strictObject({ disputeAddress: hex(20), blind: hex(32) });
const path = z.strictObject({
  depth: z.number().int().min(5).max(20),
  siblings: z.array(hex(32)).max(20),
  totals: hex(32),
  runningTotals: hex(32),
  blockTime: integer,
});

const invoiceStanding = z.strictObject({
  book: hex(20),
  owner,
  invoice: z.strictObject({
    invoiceBook: hex(20),
    sequence: integer,
    leafIndex: z.number().int().min(0),
    orderKey: hex(32),
    body: z.strictObject({
      salt: hex(32),
      pseudonym: hex(32),
      lastChargeNumber: integer,
      lastCreditNumber: integer,
      creditsNano: integer,
      taxNano: integer,
    }),
    document: hex(32),
    chargesNano: integer,
    path,
  }),
});

const receiptStanding = z.strictObject({
  book: hex(20),
  owner,
  receipt: z.strictObject({
    lastChargeNumber: integer,
    issuedAt: integer,
    signer: hex(20),
    signature,
  }),
});

const demand = z.strictObject({
  pseudonym: hex(32),
  chargeNumber: integer,
  key: point,
  nonce: integer,
  validUntil: integer,
  signature,
});

const complaint = z.strictObject({
  demandId: hex(32),
  oneTimeKey: wide,
  ephemeral: point,
  ciphertext: z.array(hex(32)).max(WORDS_MAX),
});

/** Path below /v1/relay, and the call that a body becomes. */
export const DEMAND_RELAYS: Record<
  string,
  { purpose: string; read: (read: ReadBody) => LedgerCall }
> = {
  "/standings": {
    purpose: "relay standing",
    read: (read) => {
      const { book, owner: shown, invoice } = read(invoiceStanding);
      return { contract: "standings", method: "showByInvoice", args: [book, shown, invoice] };
    },
  },
  "/receipts": {
    purpose: "relay receipt",
    read: (read) => {
      const { book, owner: shown, receipt } = read(receiptStanding);
      return { contract: "standings", method: "showByReceipt", args: [book, shown, receipt] };
    },
  },
  "/demands": {
    purpose: "relay demand",
    read: (read) => {
      const { pseudonym, chargeNumber, key, nonce, validUntil, ...rest } = read(demand);
      const args = [pseudonym, chargeNumber, key, nonce, validUntil, rest.signature];
      return { contract: "demands", method: "demandCharge", args };
    },
  },
  "/complaints": {
    purpose: "relay complaint",
    read: (read) => {
      const { demandId, oneTimeKey, ephemeral, ciphertext } = read(complaint);
      const args = [demandId, oneTimeKey, ephemeral, ciphertext];
      return { contract: "demands", method: "showRubbish", args };
    },
  },
  "/silences": {
    purpose: "relay silence",
    read: (read) => {
      const { demandId } = read(z.strictObject({ demandId: hex(32) }));
      return { contract: "demands", method: "concludeSilence", args: [demandId] };
    },
  },
};
