import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { parseTariff } from "../../../node/core/tariff/check.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const DOCUMENT = parseTariff(
  tariffDocument({ plans: [{ name: "S" }, { name: "L" }] } as Parameters<typeof tariffDocument>[0]),
);
const PERIODS = new BillingPeriods(DOCUMENT);
const IDS = ["a", "b", "c", "d"];
const NUMBERS = ["+491511", "+491512", "+491513"];
const AT = Date.parse("2026-03-02T12:00:00Z");

const id = fc.constantFrom(...IDS);
const account = fc.record(
  {
    id,
    plan: fc.constantFrom("S", "L"),
    pool: id,
    devices: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom(...NUMBERS),
        from: fc.constantFrom("2026-01-01", "2026-06-01"),
      }),
      { selector: (device) => device.id, maxLength: 2 },
    ),
    sponsors: fc.array(fc.record({ account: id }), { maxLength: 1 }),
  },
  { requiredKeys: ["id"] },
);

/** Everything that a rater asks of a directory. */
function seen(directory: AccountDirectory): object {
  return {
    accounts: IDS.map((one) => {
      const { devicesById: _, ...rest } = directory.account(one) ?? {};
      return rest;
    }),
    pools: IDS.map((one) =>
      directory
        .poolMembers(one)
        .map((member) => member.id)
        .sort(),
    ),
    owners: NUMBERS.map((number) => {
      try {
        const record = {
          id: "r",
          service: "voice",
          direction: "outgoing",
          start: "",
          billable: true,
        };
        const { account: owner, device } = directory.ownerOf(
          { ...record, aParty: number } as Parameters<AccountDirectory["ownerOf"]>[0],
          AT,
        );
        return [owner.id, device];
      } catch (error) {
        return (error as TallystickError).code;
      }
    }),
  };
}

describe("changes of an account directory", () => {
  it("end where reading all accounts anew ends, and are refused where that is refused", () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(account, { selector: (one) => one.id, maxLength: 3 }), {
          maxLength: 8,
        }),
        (puts) => {
          const directory = new AccountDirectory(DOCUMENT, false);
          let all = new Map<string, object>();
          for (const put of puts) {
            const wanted = new Map([...all, ...put.map((one): [string, object] => [one.id, one])]);
            let anew: AccountDirectory | undefined;
            try {
              anew = AccountDirectory.read([...wanted.values()], DOCUMENT, PERIODS);
            } catch (error) {
              assert.ok(error instanceof TallystickError);
              assert.match(error.code, /^accounts\./);
            }
            const before = seen(directory);
            if (anew === undefined) {
              // Of several things that are wrong, either may be told.
              assert.throws(() => directory.prepare(put, PERIODS), { code: /^accounts\./ });
              assert.deepEqual(seen(directory), before);
              refused += 1;
              continue;
            }
            const change = directory.prepare(put, PERIODS);
            assert.deepEqual(seen(directory), before);
            change();
            all = wanted;
            assert.deepEqual(seen(directory), seen(anew));
          }
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(refused > 100);
  });

  it("end there too where accounts come some at a time, whatever names what comes later", () => {
    const code = (read: () => unknown): string => {
      try {
        read();
        return "";
      } catch (error) {
        return (error as TallystickError).code;
      }
    };
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(account, { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        (all, some) => {
          let whole = new AccountDirectory(DOCUMENT, false);
          const wrong = code(() => {
            whole = AccountDirectory.read(all, DOCUMENT, PERIODS);
          });
          const parts = new AccountDirectory(DOCUMENT, false);
          const found = code(() => {
            for (let from = 0; from < all.length; from += some) {
              parts.add(all.slice(from, from + some), PERIODS, { isOneOfVersions: false });
            }
            parts.requireWhole();
          });
          assert.equal(found, wrong);
          if (wrong === "") assert.deepEqual(seen(parts), seen(whole));
          else refused += 1;
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(refused > 50);
  });

  it("leave once in memory what is empty, or the same for all: a node holds a million", () => {
    const device = (of: string) => [{ id: of }];
    const directory = AccountDirectory.read(
      ["a", "b"].map((one) => ({ id: one, plan: "S", devices: device(`${one}1`) })),
      DOCUMENT,
      PERIODS,
    );
    const [a, b] = [directory.account("a"), directory.account("b")];
    assert.ok(a !== undefined && b !== undefined);
    for (const shared of ["assignments", "groups", "friends", "sponsors", "planless"] as const) {
      assert.equal(a[shared], b[shared], shared);
    }
    assert.deepEqual(
      [a, b].map(({ devicesById }) => ["a1", "b1"].map((one) => devicesById.get(one)?.length)),
      [
        [1, undefined],
        [undefined, 1],
      ],
    );
  });
});
