import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";

/**
 * The invoice as sent, version 1: JSON in canonical form (RFC 8785), so that the same invoice has
 * one spelling. Amounts are decimal strings in the invoice's currency; every line is one charge.
 */
const invoiceDocumentSchema = z.strictObject({
  format: z.literal("tallystick-invoice"),
  version: z.literal(1),
  number: z.string(),
  /** Ledger time when the bill was run. UTC. */
  issuedAt: z.string(),
  operator: z.strictObject({ name: z.string(), member: z.string() }),
  account: z.string(),
  period: z.strictObject({
    epoch: z.string(),
    from: z.string(),
    to: z.string(),
    zone: z.string(),
  }),
  currency: z.string(),
  lines: z.array(
    z.strictObject({
      /** The charge number. */
      line: z.string(),
      device: z.string(),
      service: z.string(),
      direction: z.string(),
      otherParty: z.string().optional(),
      start: z.string(),
      durationSeconds: z.string().optional(),
      octets: z.string().optional(),
      units: z.string().optional(),
      amount: z.string(),
    }),
  ),
  credits: z.array(
    z.strictObject({
      line: z.string(),
      amount: z.string(),
      reason: z.string(),
      invoice: z.string(),
    }),
  ),
  charges: z.string(),
  creditsTotal: z.string(),
  tax: z.string(),
  total: z.string(),
});

export type InvoiceDocument = z.infer<typeof invoiceDocumentSchema>;
export type InvoiceDocumentLine = InvoiceDocument["lines"][number];

export const writeInvoiceDocument = (document: InvoiceDocument): string => canonicalJson(document);

/** @throws TallystickError `invoice.unreadable` */
export function readInvoiceDocument(text: string): InvoiceDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TallystickError("invoice.unreadable", "This is no invoice: it is not JSON.");
  }
  const result = invoiceDocumentSchema.safeParse(value);
  if (!result.success) {
    const { field, says } = firstShapeProblem(result.error, value);
    throw new TallystickError(
      "invoice.unreadable",
      `This is no invoice of version 1: ${field === "" ? "" : `${field}: `}${says}.`,
      { field },
    );
  }
  return result.data;
}
