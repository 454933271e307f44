const perMinute = (amount: string) => ({ amount, per: 1, unit: "min" });

/** Voice: 0.10, from the eleventh minute of a call 0.05. Data: 100 MB free, then dear, then less. */
export const TIERED_TARIFF = {
  format: "tallystick-tariff-1",
  name: "Tiers",
  currency: "EUR",
  timeZone: "UTC",
  validFrom: "2020-01-01T00:00:00Z",
  calendarUntil: "2100-01-01T00:00:00Z",
  rounding: { scale: 4, mode: "half-up" },
  services: [
    {
      service: "voice",
      direction: "outgoing",
      prices: [
        {
          tiers: {
            kind: "graduated",
            over: "session",
            unit: "min",
            steps: [{ upTo: 10, price: perMinute("0.10") }, { price: perMinute("0.05") }],
          },
          increments: { first: 60, further: 60, unit: "s" },
          setUp: "0.02",
        },
      ],
    },
    {
      service: "data",
      prices: [
        {
          tiers: {
            kind: "graduated",
            over: "account",
            unit: "MB",
            steps: [
              { upTo: 100, price: { amount: "0", per: 1, unit: "MB" } },
              { upTo: 200, price: { amount: "0.03", per: 1, unit: "MB" } },
              { price: { amount: "0.01", per: 1, unit: "MB" } },
            ],
          },
          increments: { first: 1, further: 1, unit: "MB" },
        },
      ],
    },
    {
      service: "sms",
      direction: "outgoing",
      prices: [
        {
          tiers: {
            kind: "package",
            over: "account",
            unit: "unit",
            steps: [{ price: { amount: "1", per: 10, unit: "unit" } }],
          },
        },
      ],
    },
    {
      service: "energy",
      prices: [
        {
          tiers: {
            kind: "volume",
            over: "account",
            unit: "Wh",
            steps: [{ price: { amount: "1", per: 1, unit: "Wh" } }],
          },
          increments: { first: 1, further: 1, unit: "Wh" },
        },
      ],
    },
  ],
};
