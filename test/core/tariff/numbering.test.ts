import assert from "node:assert/strict";
import { readOtherParty } from "../../../node/core/tariff/numbering.ts";

const GERMANY = { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" };
/** North America: the national prefix is the country code. */
const AMERICA = { countryCode: "1", nationalPrefix: "1", internationalPrefix: "011" };
/** Denmark has no national prefix. */
const DENMARK = { countryCode: "45", nationalPrefix: "", internationalPrefix: "00" };

describe("the other side's number", () => {
  const cases: [string | undefined, Parameters<typeof readOtherParty>[1], object][] = [
    ["+44 7700 900123", GERMANY, { type: "international", digits: "447700900123" }],
    ["0044 7700 900123", GERMANY, { type: "international", digits: "447700900123" }],
    ["(030) 23125-001", GERMANY, { type: "international", digits: "493023125001" }],
    ["112", GERMANY, { type: "national", digits: "49112" }],
    ["*100#", GERMANY, { type: "national", digits: "49*100#" }],
    [
      "447700900123",
      { ...GERMANY, bare: "international" },
      { type: "international", digits: "447700900123" },
    ],
    ["1 202 555 0123", AMERICA, { type: "international", digits: "12025550123" }],
    ["202.555.0123", AMERICA, { type: "national", digits: "12025550123" }],
    ["011 44 7700 900123", AMERICA, { type: "international", digits: "447700900123" }],
    ["32 12 34 56", DENMARK, { type: "national", digits: "4532123456" }],
    ["0044 7700 900123", undefined, { type: "national", digits: "00447700900123" }],
    ["Vodafone", GERMANY, { type: "text", text: "Vodafone" }],
    ["sip:alice@example.org", GERMANY, { type: "text", text: "sip:alice@example.org" }],
    ["++49", GERMANY, { type: "text", text: "++49" }],
    ["+", GERMANY, { type: "text", text: "+" }],
    ["", GERMANY, { type: "none" }],
    ["  ", GERMANY, { type: "none" }],
    [undefined, GERMANY, { type: "none" }],
  ];
  for (const [written, numbering, expected] of cases) {
    const where = numbering === undefined ? "" : ` in +${numbering.countryCode}`;
    it(`${JSON.stringify(written)}${where} is ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(readOtherParty(written, numbering), expected);
    });
  }
});
