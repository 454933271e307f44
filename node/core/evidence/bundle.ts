import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { fromHex, type Hex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { isChargeProof } from "./charge-proof-shape.ts";

/*
 * An evidence bundle: one self-contained JSON file that opens the commitments of one subscriber's
 * billing epoch to its reader (docs/EVIDENCE.md). Integers that can exceed 2^53 are decimal
 * strings, bytes are "0x…", amounts are nano-units of the book's currency.
 */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`), `expected 0x and ${2 * bytes} hex digits`)
    .transform((text) => text as Hex);

const unsigned = (bytes: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,38})$/, "expected a decimal integer")
    .refine((text) => BigInt(text) < 1n << BigInt(8 * bytes), `does not fit ${bytes} bytes`);

const small = (bytes: number) =>
  z
    .number()
    .int()
    .min(0)
    .max(2 ** (8 * bytes) - 1);

/** The last instant that a date can hold (ECMA-262, 21.4.1.1), in milliseconds since 1970 UTC. */
const INSTANT_MAX = 8_640_000_000_000_000n;

const milliseconds = unsigned(8).refine(
  (text) => BigInt(text) <= INSTANT_MAX,
  "no date can hold this instant",
);

const seconds = unsigned(8).refine(
  (text) => BigInt(text) * 1000n <= INSTANT_MAX,
  "no date can hold this instant",
);

const instant = z.iso.datetime("expected an instant in UTC, such as 2026-10-31T23:00:00.000Z");

const zoneName = z.string().max(64).refine(isZone, "expected a time zone such as Europe/Berlin");

/**
 * A name that people read. Control characters and marks that turn the direction of writing could make
 * a terminal or a page show something else than what stands there.
 */
const name = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .regex(
      /^[^\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$/u,
      "a name of plain characters",
    );

function isZone(text: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
    return true;
  } catch {
    return false;
  }
}

const accountGroup = z.strictObject({
  salt: hex(32),
  pseudonym: hex(32),
  chargeNumber: unsigned(8),
  runningTotalNano: unsigned(16),
  sourceTag: hex(24),
  deviceTag: hex(16),
});

const partyGroup = z.strictObject({
  salt: hex(32),
  restDigits: hex(8),
  type: small(1),
  cell: unsigned(8),
  file: hex(16),
  offset: unsigned(8),
  length: small(4),
  eventsRoot: hex(32),
  /** The name that the text identity stands for, when type is 3. */
  text: name(102).optional(),
});

const chargeGroup = z.strictObject({
  salt: hex(32),
  kind: small(1),
  service: small(1),
  flags: small(1),
  start: milliseconds,
  sessionMinutes: small(2),
  quantity: unsigned(8),
  secondQuantity: unsigned(8),
  decidingDigits: hex(8),
  originDigits: hex(8),
  visitedNetwork: small(3),
  class: small(1),
  tariffVersion: small(4),
  counters: z
    .array(
      z.strictObject({ scope: hex(8), scopeSequence: unsigned(8), counterBefore: unsigned(8) }),
    )
    .max(2),
});

const creditGroup = z.strictObject({
  salt: hex(32),
  targetDomain: hex(20),
  targetSequence: unsigned(8),
  targetIndex: small(4),
  reason: small(1),
  claim: hex(32),
});

/** A group is either opened or, for a reader who may not see it, only its digest. */
const closed = z.strictObject({ digest: hex(32) });

const place = {
  /** Index into `batches`. */
  batch: z.number().int().min(0),
  leafIndex: small(4),
  amountNano: unsigned(16),
  path: z.array(hex(32)).max(20),
};

const signedDecimal = z.string().regex(/^-?(0|[1-9][0-9]{0,59})$/, "expected a decimal integer");

const toldComponent = z.strictObject({
  kind: name(32),
  amountNano: signedDecimal,
  quantity: signedDecimal.optional(),
  billed: signedDecimal.optional(),
  row: small(4).optional(),
  name: name(1000).optional(),
  percent: name(32).optional(),
  counterBefore: signedDecimal.optional(),
});

const toldMove = z.strictObject({
  name: name(200),
  scope: name(200),
  /** Of which device; absent where it is the account's or several accounts'. */
  device: name(200).optional(),
  before: signedDecimal,
  after: signedDecimal,
  /** Of an allowance: what there was of it. */
  granted: signedDecimal.optional(),
  /** Of an allowance that was carried over: how many periods ago it was granted. */
  rolled: small(1).optional(),
});

/**
 * How the account's plan made the amount: the operator's words. A checker recomputes them from the plan
 * that the charge names and from the lines before it (plan-replay.ts), as far as those tell.
 */
const told = z.strictObject({
  components: z.array(toldComponent).max(1000),
  moves: z.array(toldMove).max(1000),
});

const chargeProof = z.strictObject({
  line: name(32).min(1),
  ...place,
  account: z.union([accountGroup, closed]),
  party: z.union([partyGroup, closed]),
  charge: z.union([chargeGroup, closed]),
  told: told.optional(),
});

const creditProof = z.strictObject({
  line: name(32).min(1),
  ...place,
  account: z.union([accountGroup, closed]),
  party: closed,
  credit: z.union([creditGroup, closed]),
});

const invoiceProof = z.strictObject({
  batch: z.number().int().min(0),
  leafIndex: small(4),
  path: z.array(hex(32)).max(20),
  run: unsigned(8),
  chargesNano: unsigned(16),
  body: z.strictObject({
    salt: hex(32),
    pseudonym: hex(32),
    lastChargeNumber: unsigned(8),
    lastCreditNumber: unsigned(8),
    creditsNano: unsigned(16),
    taxNano: unsigned(16),
  }),
  document: z.strictObject({ salt: hex(32), closingState: hex(32) }),
  /** The invoice as sent, character by character; its UTF-8 bytes are what was hashed. */
  documentText: z.string(),
  /** By which the operator stands by the document (docs/PROTOCOL.md, section 10); of older bundles none. */
  signed: z.strictObject({ signer: hex(20), signature: hex(65) }).optional(),
});

const bookSection = z.strictObject({
  domain: hex(20),
  kind: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  number: unsigned(8),
  /** The subscriber's pseudonym in this book and epoch, and what it is made of. */
  pseudonym: hex(32).optional(),
  disputeAddress: hex(20).optional(),
  blind: hex(32).optional(),
});

const batchSection = z.strictObject({
  domain: hex(20),
  sequence: unsigned(8),
  depth: z.number().int().min(5).max(20),
  root: hex(32),
  totals: hex(32),
  runningTotals: hex(32),
  /** Seconds; absent while the commitment is not yet on the ledger. */
  blockTime: seconds.optional(),
});

/** Exported for the test that holds the plain checks of charge-proof-shape.ts against it. */
export const chargeProofSchema = chargeProof;

/** What the operator signed when it was asked (docs/EVIDENCE.md): charges up to this number exist. */
const receiptSection = z.strictObject({
  lastChargeNumber: unsigned(8),
  /** Block time in seconds. */
  issuedAt: seconds,
  signer: hex(20),
  signature: z
    .string()
    .regex(/^0x[0-9a-f]{2,1024}$/)
    .transform((text) => text as Hex),
});

const bundleSchema = z.strictObject({
  format: z.literal("tallystick-evidence"),
  version: z.literal(1),
  /** When the node put the bundle together. UTC. */
  createdAt: instant,
  ledger: z.strictObject({
    chainId: unsigned(8),
    /** "embedded" for a ledger that one member runs alone. */
    kind: z.enum(["embedded", "consortium"]),
    runBy: name(200),
    contracts: z.strictObject({
      books: hex(20),
      tariffs: hex(20),
      agreements: hex(20),
      claims: hex(20),
      members: hex(20),
      /** Where evidence is demanded; absent where the ledger has no such contracts. */
      standings: hex(20).optional(),
      demands: hex(20).optional(),
    }),
    /** JSON-RPC end points, each with the member that answers there. */
    endpoints: z.array(z.strictObject({ member: name(200), url: name(2000) })).max(32),
  }),
  operator: z.strictObject({ id: hex(20), name: name(200) }),
  agreement: hex(32),
  currency: z.string().regex(/^[A-Z]{3}$/),
  period: z.strictObject({
    /** Billing epoch, "2026-10". */
    epoch: name(32),
    from: instant,
    to: instant,
    zone: zoneName,
  }),
  books: z.array(bookSection).min(1).max(8),
  batches: z.array(batchSection),
  /** Ordered by charge number. */
  charges: z.array(chargeProof),
  credits: z.array(creditProof),
  invoice: invoiceProof.optional(),
  receipt: receiptSection.optional(),
  tariffs: z.array(
    z.strictObject({
      version: small(4),
      /** Seconds. */
      validFrom: seconds,
      document: z.record(z.string(), z.unknown()),
    }),
  ),
});

export type Bundle = z.infer<typeof bundleSchema>;
export type BundleCharge = Bundle["charges"][number];
export type BundleCredit = Bundle["credits"][number];
export type BundleBatch = Bundle["batches"][number];
export type BundleInvoice = NonNullable<Bundle["invoice"]>;
export type BundleReceipt = z.infer<typeof receiptSection>;
export type OpenedAccount = z.infer<typeof accountGroup>;
export type OpenedParty = z.infer<typeof partyGroup>;
export type OpenedCharge = z.infer<typeof chargeGroup>;
export type ToldComponent = z.infer<typeof toldComponent>;
export type ToldMove = z.infer<typeof toldMove>;
export type OpenedCredit = z.infer<typeof creditGroup>;
export type ClosedGroup = z.infer<typeof closed>;

export const isClosed = (group: object): group is ClosedGroup => "digest" in group;

/** Lines of plain shape are taken as they are; anything else goes through the schema whole. */
function readShape(value: unknown): z.ZodSafeParseResult<Bundle> {
  const charges = (value as { charges?: unknown } | null)?.charges;
  if (!Array.isArray(charges) || !charges.every(isChargeProof))
    return bundleSchema.safeParse(value);
  const result = bundleSchema.safeParse({ ...(value as object), charges: [] });
  if (result.success) result.data.charges = charges;
  return result;
}

/**
 * Reads a bundle from untrusted JSON.
 * @throws TallystickError `bundle.not-json`, `bundle.wrong-shape` with the first wrong field
 */
export function parseBundle(text: string): Bundle {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TallystickError(
      "bundle.not-json",
      "This is no evidence bundle: it is not JSON. Ask the operator for it again.",
      {},
      cause,
    );
  }
  const result = readShape(value);
  if (!result.success) {
    const { field, says } = firstShapeProblem(result.error, value);
    throw new TallystickError(
      "bundle.wrong-shape",
      `This is no evidence bundle of version 1: ${field === "" ? "" : `${field}: `}${says}. Ask the operator for it again.`,
      { field },
    );
  }
  const bundle = result.data;
  for (const entry of [
    ...bundle.charges,
    ...bundle.credits,
    ...(bundle.invoice ? [bundle.invoice] : []),
  ]) {
    const batch = bundle.batches[entry.batch];
    if (batch === undefined) {
      throw new TallystickError(
        "bundle.wrong-shape",
        `A line names batch ${entry.batch}; the bundle holds ${bundle.batches.length}.`,
        { field: "batch" },
      );
    }
  }
  return bundle;
}

export const hexBytes = (text: Hex): Uint8Array => fromHex(text);
