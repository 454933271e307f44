import { CREDIT_REASON } from "../commitment/charge-groups.ts";
import {
  type DescribedCharge,
  type DescribedParty,
  describeCharge,
} from "../evidence/describe-charge.ts";
import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import type { InvoiceDocument, InvoiceDocumentLine } from "./invoice-document.ts";

export type InvoiceDocumentCredit = InvoiceDocument["credits"][number];

/** A charge as far as its line on the invoice tells of it. */
export interface BilledCharge {
  chargeNumber: string;
  device: string;
  amountNano: bigint;
  charge: DescribedCharge;
  party: DescribedParty;
}

/** Writes nano-units as the invoice does: with the currency's minor unit, more digits where needed. */
export function invoiceMoney(currency: string): (nano: bigint) => string {
  const digits = minorUnitDigits(currency) ?? 2;
  return (nano) => formatNano(nano, digits);
}

export function invoiceLine(
  billed: BilledCharge,
  money: (nano: bigint) => string,
): InvoiceDocumentLine {
  const facts = describeCharge(billed.charge, billed.party);
  return {
    line: billed.chargeNumber,
    device: billed.device,
    service: facts.service ?? "other",
    direction: facts.direction,
    ...(facts.otherParty === undefined ? {} : { otherParty: facts.otherParty }),
    start: new Date(facts.startMilliseconds).toISOString(),
    ...(facts.durationSeconds === undefined ? {} : { durationSeconds: facts.durationSeconds }),
    ...(facts.octets === undefined ? {} : { octets: facts.octets }),
    ...(facts.units === undefined ? {} : { units: facts.units }),
    amount: money(billed.amountNano),
  };
}

/**
 * In canonical form, as it stands in the document. Written by hand since a month has millions of
 * lines; what has an alphabet of its own (amounts, numbers, times, words) needs no quoting.
 */
export function writeInvoiceLine(line: InvoiceDocumentLine): string {
  const { amount, device, direction, durationSeconds, octets, otherParty, units } = line;
  return `{"amount":"${amount}","device":${canonicalJson(device)},"direction":"${direction}",${
    durationSeconds === undefined ? "" : `"durationSeconds":"${durationSeconds}",`
  }"line":"${line.line}",${octets === undefined ? "" : `"octets":"${octets}",`}${
    otherParty === undefined ? "" : `"otherParty":${canonicalJson(otherParty)},`
  }"service":"${line.service}","start":"${line.start}"${
    units === undefined ? "" : `,"units":"${units}"`
  }}`;
}

export const writeInvoiceCredit = (credit: InvoiceDocumentCredit): string => canonicalJson(credit);

const REASON_WORDS: Record<number, string> = {
  [CREDIT_REASON.claimConceded]: "claim conceded",
  [CREDIT_REASON.breachProven]: "breach proven on the ledger",
  [CREDIT_REASON.goodwill]: "goodwill",
  [CREDIT_REASON.correction]: "correction",
};

export const creditReason = (code: number | undefined): string =>
  REASON_WORDS[code ?? 0] ?? "credit";
