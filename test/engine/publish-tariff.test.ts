import assert from "node:assert/strict";
import { MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import { MemoryNetwork } from "../../node/adapters/memory-network.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { publishTariff, type TariffToPublish } from "../../node/engine/rate/publish-tariff.ts";
import { requirePublished } from "../../node/engine/rate/require-published.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { ALDER, GENESIS, RETAIL_ALDER } from "../adapters/memory-members.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { policyOf, approvalOf as signed } from "../core/twin/signed-approval.ts";

const documentOf = (amount: string, more: object = {}) =>
  tariffDocument({
    validFrom: "2024-01-01T00:00:00Z",
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [{ ...PER_STARTED_MINUTE, price: { amount, per: 1, unit: "min" } }],
      },
    ],
    ...more,
  });
const rootOf = (document: unknown) =>
  new TariffShelf([{ version: 1, validFromSeconds: 0n, document }]).versions[0]?.root ??
  assert.fail();

const approvalOf = (before: unknown, draft: unknown) => signed(rootOf(before), rootOf(draft));

describe("publishing a tariff", () => {
  const first = documentOf("0.10");
  const second = documentOf("0.09");
  let ledger: MemoryLedger;

  beforeEach(() => {
    ledger = new MemoryLedger(new MemoryNetwork(GENESIS, { mines: "at once" }), ALDER);
  });

  const publish = (document: unknown, more: Partial<TariffToPublish> = {}) =>
    publishTariff(
      ledger,
      {
        agreement: RETAIL_ALDER,
        currency: "EUR",
        member: ALDER.id,
        document,
        approvalPolicy: policyOf(["ada"]),
        ...more,
      },
      async () => {},
    );
  const refuses = (work: Promise<unknown>, code: string, cause?: string) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof TallystickError);
      assert.equal(error.code, code);
      if (cause !== undefined) assert.equal((error.cause as TallystickError).code, cause);
      return true;
    });

  it("puts version after version onto the ledger, each from its document's start", async () => {
    const one = await publish(first);
    assert.deepEqual([one.version, one.isNew], [1, true]);
    assert.equal(one.validFromSeconds, 1_704_067_200n);
    const at = 1_710_000_000n;
    const approval = await approvalOf(first, second);
    const two = await publish(second, { approval, validFromSeconds: at });
    assert.deepEqual([two.version, two.isNew], [2, true]);
    assert.deepEqual(await ledger.tariff(RETAIL_ALDER, ALDER.id, 2), {
      root: two.root,
      validFrom: at,
    });
  });

  it("publishes the same document once, however often it is asked", async () => {
    await publish(first);
    assert.deepEqual(await publish(first), { ...(await publish(first)), isNew: false });
    assert.equal(await ledger.tariff(RETAIL_ALDER, ALDER.id, 2), undefined);
    await refuses(
      publish(first, { validFromSeconds: 1_720_000_000n }),
      "tariff.published-otherwise",
    );
  });

  it("refuses a further version whose difference nobody approved", async () => {
    await publish(first);
    const later = { validFromSeconds: 1_710_000_000n };
    await refuses(publish(second, later), "tariff.not-approved", "approval.shape");
    const other = await approvalOf(first, documentOf("0.08"));
    await refuses(
      publish(second, { ...later, approval: other }),
      "tariff.not-approved",
      "approval.other-draft",
    );
    const changed = { ...(await approvalOf(first, second)), report: "e".repeat(64) };
    await refuses(
      publish(second, { ...later, approval: changed }),
      "tariff.not-approved",
      "approval.digest",
    );
    assert.equal(await ledger.tariff(RETAIL_ALDER, ALDER.id, 2), undefined);
  });

  it("refuses what the ledger or the rater would refuse, before anything is sent", async () => {
    await refuses(publish({ ...first, services: [] }), "tariff.shape");
    await refuses(publish(documentOf("0.1", { currency: "USD" })), "tariff.other-currency");
    await refuses(
      publish(documentOf("0.1", { validFrom: "2020-01-01" })),
      "tariff.valid-from-too-early",
    );
    await refuses(
      publish(first, { validFromSeconds: 1_700_000_500n }),
      "tariff.valid-from-before-document",
    );
    await publish(first);
    const approval = await approvalOf(first, second);
    // Not before the version before it.
    await refuses(publish(second, { approval }), "tariff.valid-from-too-early");
  });

  it("says that the ledger is slow where it does not answer, and is done once it has", async () => {
    ledger.delivery = () => "delay";
    await refuses(publish(first), "ledger.slow");
    ledger.delivery = () => "deliver";
    assert.equal((await publish(first)).version, 1);
  });

  it("stops a node whose configuration lacks a version that is on the ledger", async () => {
    await publish(first);
    const validFromSeconds = 1_704_067_200n;
    const shelf = new TariffShelf([{ version: 1, validFromSeconds, document: first }]);
    const profile = { member: ALDER.id, agreement: { id: RETAIL_ALDER } } as Parameters<
      typeof requirePublished
    >[1];
    assert.equal(await requirePublished(shelf, profile, ledger), true);
    const approval = await approvalOf(first, second);
    await publish(second, { approval, validFromSeconds: 1_710_000_000n });
    await refuses(requirePublished(shelf, profile, ledger), "tariff.newer-published");
  });
});
