import type { TariffDocument, TariffPrice } from "../../../node/core/tariff/document.ts";

/** 0.10 a started minute. */
export const PER_STARTED_MINUTE: TariffPrice = {
  price: { amount: "0.10", per: 1, unit: "min" },
  increments: { first: 60, further: 60, unit: "s" },
};

/** A small valid document: outgoing calls to anywhere; tests change what they are about. */
export function tariffDocument(changes: Partial<TariffDocument> = {}): TariffDocument {
  return {
    format: "tallystick-tariff-1",
    name: "Test",
    currency: "EUR",
    timeZone: "Europe/Berlin",
    validFrom: "2026-01-01",
    rounding: { mode: "half-up", scale: 9 },
    services: [{ service: "voice", direction: "outgoing", prices: [PER_STARTED_MINUTE] }],
    ...changes,
  };
}

/** Weekdays from 8 to 20 are peak, the rest is off-peak. */
export const PEAK_CALENDAR: NonNullable<TariffDocument["calendar"]> = {
  bands: [
    {
      name: "peak",
      when: [
        {
          days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
          from: "08:00",
          to: "20:00",
        },
      ],
    },
  ],
  otherwise: "off-peak",
};
