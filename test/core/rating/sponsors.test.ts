import assert from "node:assert/strict";
import fc from "fast-check";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const document = (sponsored: object[], plan: object = {}) => ({
  ...tariffDocument({
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [
          {
            price: { amount: "0.01", per: 1, unit: "s" },
            increments: { first: 1, further: 1, unit: "s" },
          },
        ],
      },
    ],
  }),
  defaultPlan: "S",
  plans: [{ name: "S", sponsored, ...plan }],
});
const ACCOUNTS = [
  { id: "a", sponsors: [{ account: "shop" }, { account: "school" }] },
  { id: "b", sponsors: [{ account: "shop" }] },
  { id: "shop" },
  { id: "school" },
];
const CENT = 10_000_000n;

describe("sponsored use", () => {
  it("is paid by both together to the last billionth, whatever the share and the cap", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 0, max: 1_000_000_000 }),
        fc.integer({ min: 0, max: 20 }),
        fc.constantFrom("device", "account", "sponsor"),
        (calls, share, cap, capScope) => {
          const percent = (share / 1e7).toFixed(7);
          const { rate, close } = accountScene(
            document([{ name: "s", percent, cap: `${cap}`, capScope }]),
            ACCOUNTS,
          );
          let whole = 0n;
          for (const [index, durationSeconds] of calls.entries()) {
            const account = index % 2 === 0 ? "a" : "b";
            const charge = rate({ durationSeconds, account });
            const paid = (charge.sponsored ?? []).reduce((sum, one) => sum + one.amountNano, 0n);
            assert.equal(charge.amountNano + paid, BigInt(durationSeconds) * CENT);
            whole += BigInt(durationSeconds) * CENT;
          }
          const totals = close("2026-03-01/2026-04-01");
          assert.equal(
            totals.reduce((sum, { totalNano }) => sum + totalNano, 0n),
            whole,
          );
          const shop = totals.find(({ account }) => account === "shop")?.totalNano ?? 0n;
          const caps = { device: 2n, account: 2n, sponsor: 1n }[capScope as "device"];
          assert.ok(shop <= caps * BigInt(cap) * 100n * CENT);
        },
      ),
    );
  });

  it("is paid by the sponsor of its name and time", () => {
    const { rate } = accountScene(document([{ name: "x" }]), [
      {
        id: "a",
        sponsors: [
          { account: "shop", name: "y" },
          { account: "school", name: "x", from: "2026-03-01", to: "2026-03-06" },
        ],
      },
      { id: "shop" },
      { id: "school" },
    ]);
    assert.equal(rate({ durationSeconds: 1 }).sponsored?.[0]?.account, "school");
    const later = rate({ durationSeconds: 1, start: "2026-03-06T12:00:00.000Z" });
    assert.equal(later.sponsored, undefined);
    assert.equal(later.amountNano, CENT);
  });

  it("comes before the account's own money", () => {
    const { rate } = accountScene(
      document([{ name: "s", cap: "0.05" }], {
        allowances: [{ name: "m", scope: "account", uses: [{ service: "voice" }], money: "0.03" }],
      }),
      ACCOUNTS,
    );
    const { components, amountNano } = rate({ durationSeconds: 10 });
    assert.deepEqual(
      components.map(({ kind, amountNano: nano }) => [kind, nano / CENT]),
      [
        ["usage", 10n],
        ["sponsored", -5n],
        ["allowance", -3n],
      ],
    );
    assert.equal(amountNano, 2n * CENT);
  });

  it("owes both parts where one sponsor pays two parts of a charge", () => {
    const halves = [
      { name: "one", percent: "50" },
      { name: "two", percent: "50" },
    ];
    const { rate, close } = accountScene(document(halves), ACCOUNTS);
    assert.equal(rate({ account: "b", durationSeconds: 80 }).amountNano, 20n * CENT);
    const totals = close("2026-03-01/2026-04-01").map(({ account, totalNano }) => [
      account,
      totalNano,
    ]);
    assert.deepEqual(
      totals.filter(([, nano]) => nano !== 0n),
      [
        ["b", 20n * CENT],
        ["shop", 60n * CENT],
      ],
    );
  });

  it("is refused in a ring, and by nobody", () => {
    const read = (accounts: object[]) => () => accountScene(document([]), accounts);
    const by = (id: string, ...sponsors: string[]) => ({
      id,
      sponsors: sponsors.map((account) => ({ account })),
    });
    assert.throws(read([by("a", "b"), by("b", "c"), by("c", "a")]), {
      code: "accounts.sponsor-cycle",
    });
    assert.throws(read([by("a", "a")]), { code: "accounts.sponsor-cycle" });
    assert.throws(read([by("a", "z")]), { code: "accounts.sponsor-unknown" });
    // Two ways to one sponsor are no ring.
    read([by("a", "b", "c"), by("b", "d"), by("c", "d"), by("d")])();
    // However long the chain.
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      by(`n${i}`, ...(i > 0 ? [`n${i - 1}`] : [])),
    );
    read(chain)();
  });

  it("lets pools lead on, and refuses a ring of them, also where a later account closes it", () => {
    const by = (id: string, pool?: string) => ({ id, ...(pool === undefined ? {} : { pool }) });
    const read = (accounts: object[]) => () => accountScene(document([]), accounts);
    read([by("a", "b"), by("b", "c"), by("c"), by("d", "b"), by("e", "e")])();
    for (const ring of [
      [by("a", "b"), by("b", "a")],
      [by("d", "a"), by("a", "b"), by("b", "c"), by("c", "a")],
    ]) {
      assert.throws(read(ring), { code: "accounts.pool-cycle" });
    }
    const tariff = compileTariff(document([]));
    const periods = new BillingPeriods(tariff.document);
    const directory = AccountDirectory.read([by("a", "b"), by("b")], tariff.document, periods);
    assert.throws(() => directory.prepare([by("b", "a")], periods), {
      code: "accounts.pool-cycle",
    });
    assert.equal(directory.account("b")?.pool, "b");
  });
});
