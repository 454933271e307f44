import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import type { InvoiceDocument } from "./invoice-document.ts";
import { PackedLineWriter } from "./packed-line.ts";
import type { TextBytes } from "./text-bytes.ts";

/** What the invoices of a run share. */
export type InvoiceRun = Pick<InvoiceDocument, "issuedAt" | "operator" | "period" | "currency">;

export interface InvoiceHead {
  account: string;
  number: string;
  chargesNano: bigint;
  creditsNano: bigint;
  taxNano: bigint;
}

/** Lines as packed charges (packed-line.ts), in the order in which they stand in the document. */
export interface InvoiceLines {
  eachCharge(take: (words: Uint32Array, bytes: Uint8Array, at: number) => void): void;
  eachCredit(take: (words: Uint32Array, bytes: Uint8Array, at: number) => void): void;
}

/** Writes invoices as `writeInvoiceDocument` does, from packed charges. */
export class InvoiceDocumentWriter {
  readonly #lines: PackedLineWriter;
  readonly #money: (nano: bigint) => string;
  /** What stands between the members that differ, in the order of their names (RFC 8785). */
  readonly #beforeLines: string;
  readonly #beforeTax: string;

  constructor({ issuedAt, operator, period, currency }: InvoiceRun) {
    const digits = minorUnitDigits(currency) ?? 2;
    this.#lines = new PackedLineWriter(digits);
    this.#money = (nano) => formatNano(nano, digits);
    const head = { currency, format: "tallystick-invoice", issuedAt };
    this.#beforeLines = `,${canonicalJson(head).slice(1, -1)},"lines":[`;
    this.#beforeTax = `,${canonicalJson({ operator, period }).slice(1, -1)},"tax":"`;
  }

  write(out: TextBytes, head: InvoiceHead, lines: InvoiceLines): void {
    const { account, number, chargesNano, creditsNano, taxNano } = head;
    out.text(
      `{"account":${canonicalJson(account)},"charges":"${this.#money(chargesNano)}","credits":[`,
    );
    let separator = "";
    const write = (words: Uint32Array, bytes: Uint8Array, at: number) => {
      out.ascii(separator);
      separator = ",";
      this.#lines.write(out, words, bytes, at);
    };
    lines.eachCredit(write);
    out.text(`],"creditsTotal":"${this.#money(creditsNano)}"${this.#beforeLines}`);
    separator = "";
    lines.eachCharge(write);
    out.text(`],"number":"${number}"${this.#beforeTax}${this.#money(taxNano)}","total":"`);
    out.ascii(`${this.#money(chargesNano - creditsNano)}","version":1}`);
  }
}
