import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import { writeInvoiceDocument } from "../../../node/core/invoice/invoice-document.ts";
import { invoiceLine, invoiceMoney } from "../../../node/core/invoice/invoice-line.ts";
import {
  NO_TEXT,
  PACKED,
  PACKED_HEAD_WORDS,
  packedWords,
} from "../../../node/core/invoice/packed-line.ts";
import { TextBytes } from "../../../node/core/invoice/text-bytes.ts";
import { InvoiceDocumentWriter } from "../../../node/core/invoice/write-document.ts";
import { packDigits } from "../../../node/core/tariff/digits.ts";

const RUN = {
  issuedAt: "2026-11-01T06:00:00.000Z",
  operator: { name: 'Alder "Mobile" GmbH & Söhne', member: "0x01" },
  period: { epoch: "2026-10", from: "x", to: "y", zone: "Europe/Berlin" },
};
// Where counting in numbers ends and bigint begins, too.
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 10n ** 10n }),
  fc.constantFrom(0n, 2n ** 32n - 1n, 2n ** 52n - 1n, 2n ** 52n, 2n ** 53n, 10n ** 9n, 10n ** 18n),
);
const digits = fc
  .string({ unit: fc.constantFrom(..."0123456789*#"), maxLength: 16 })
  .map(packDigits);
const charge = fc.record({
  number: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  service: fc.integer({ min: 0, max: 9 }),
  flags: fc.integer({ min: 0, max: 15 }),
  partyType: fc.integer({ min: 0, max: 3 }),
  nano: word,
  start: fc.integer({ min: 0, max: Date.parse("9999-12-31T23:59:59.999Z") }).map(BigInt),
  quantity: word,
  secondQuantity: word,
  decidingDigits: digits,
  restDigits: digits,
  device: fc.string({ unit: "grapheme", maxLength: 20 }),
  text: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
});
type Charge = typeof charge extends fc.Arbitrary<infer Value> ? Value : never;

/** One charge after the other, by the layout that packed-line.ts states. */
function packed(charges: Charge[]): { words: Uint32Array; bytes: Uint8Array; at: number[] } {
  const encoder = new TextEncoder();
  const pieces: number[] = [];
  const at: number[] = [];
  for (const one of charges) {
    at.push(pieces.length / 4);
    const head = new DataView(new ArrayBuffer(4 * PACKED_HEAD_WORDS));
    const device = encoder.encode(one.device);
    const text = encoder.encode(one.text ?? "");
    head.setUint32(0, one.number, true);
    const kinds = (one.service << 8) | (one.flags << 16) | (one.partyType << 24);
    head.setInt32(4 * PACKED.kinds, kinds, true);
    for (const name of [
      "nano",
      "start",
      "quantity",
      "secondQuantity",
      "decidingDigits",
      "restDigits",
    ] as const) {
      head.setBigUint64(4 * PACKED[name], one[name], true);
    }
    head.setUint32(4 * PACKED.names, 4 | (device.length << 16), true);
    head.setUint32(4 * PACKED.text, one.text === undefined ? NO_TEXT : text.length, true);
    pieces.push(...new Uint8Array(head.buffer), ...encoder.encode("anna"), ...device, ...text);
    while (pieces.length % 4 !== 0) pieces.push(0);
  }
  const bytes = Uint8Array.from(pieces);
  return { words: new Uint32Array(bytes.buffer), bytes, at };
}

function lineOf(one: Charge, currency: string) {
  return invoiceLine(
    {
      chargeNumber: String(one.number),
      device: one.device,
      amountNano: one.nano,
      charge: {
        service: one.service,
        flags: one.flags,
        start: String(one.start),
        quantity: String(one.quantity),
        secondQuantity: String(one.secondQuantity),
        decidingDigits: `0x${one.decidingDigits.toString(16)}`,
      },
      party: {
        type: one.partyType,
        restDigits: `0x${one.restDigits.toString(16)}`,
        ...(one.text === undefined ? {} : { text: one.text }),
      },
    },
    invoiceMoney(currency),
  );
}

const read = ({ bytes, length }: TextBytes): string =>
  new TextDecoder().decode(bytes.subarray(0, length));

describe("an invoice written from packed charges", () => {
  it("is the canonical form of the same document, whatever its charges hold", () => {
    const money = fc.bigInt({ min: 0n, max: 2n ** 100n });
    const totals = fc.record({ chargesNano: money, creditsNano: money, taxNano: money });
    const currency = fc.constantFrom("EUR", "JPY", "CLF");
    const out = new TextBytes();
    fc.assert(
      fc.property(fc.array(charge, { maxLength: 5 }), totals, currency, (charges, sums, of) => {
        const { words, bytes, at } = packed(charges);
        const writer = new InvoiceDocumentWriter({ ...RUN, currency: of });
        out.clear();
        writer.write(
          out,
          { account: "anna", number: "2026-10-000001", ...sums },
          {
            eachCharge: (take) =>
              at.forEach((from) => {
                take(words, bytes, from);
              }),
            eachCredit: () => {},
          },
        );
        const asText = invoiceMoney(of);
        const expected = writeInvoiceDocument({
          format: "tallystick-invoice",
          version: 1,
          number: "2026-10-000001",
          ...RUN,
          account: "anna",
          currency: of,
          lines: charges.map((one) => lineOf(one, of)),
          credits: [],
          charges: asText(sums.chargesNano),
          creditsTotal: asText(sums.creditsNano),
          tax: asText(sums.taxNano),
          total: asText(sums.chargesNano - sums.creditsNano),
        });
        assert.equal(read(out), expected);
        const ends = at.map((from) => from + packedWords(words, from));
        assert.deepEqual(ends, [...at.slice(1), ...(at.length === 0 ? [] : [words.length])]);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses digits that are none", () => {
    const one = fc.sample(charge, { numRuns: 1, seed: 7 })[0] as Charge;
    for (const restDigits of [0xc0ff_ffff_ffff_ffffn, 0xff1f_ffff_ffff_ffffn]) {
      const { words, bytes } = packed([{ ...one, partyType: 1, restDigits }]);
      const writer = new InvoiceDocumentWriter({ ...RUN, currency: "EUR" });
      const lines = {
        eachCharge: (take: (w: Uint32Array, b: Uint8Array, at: number) => void) =>
          take(words, bytes, 0),
        eachCredit: () => {},
      };
      const head = { account: "anna", number: "1", chargesNano: 0n, creditsNano: 0n, taxNano: 0n };
      assert.throws(
        () => writer.write(new TextBytes(), head, lines),
        (error) => error instanceof TallystickError && error.code === "digits.malformed",
      );
    }
  });
});
