import assert from "node:assert/strict";
import { fromHex } from "../../node/core/bytes.ts";
import {
  accountGroupDigest,
  chargeGroupDigest,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import { isClosed } from "../../node/core/evidence/bundle.ts";
import { checkInclusion } from "../../node/core/evidence/check-batch.ts";
import {
  accountFromJson,
  chargeFromJson,
  partyFromJson,
} from "../../node/core/evidence/group-json.ts";
import type { StoredCharge } from "../../node/engine/store/stored-types.ts";
import { ANNA, BERT, calls, EngineScene, hasCode } from "./engine-scene.ts";

describe("evidence", () => {
  it("of one account holds nothing of another, although their charges share batches", async () => {
    const scene = await EngineScene.withAccounts();
    // Whole numbers of the other side, so that a leak would show as text.
    await scene.ingest("anna", calls("record-of-anna", 2, { bParty: "+493011112222" }));
    await scene.ingest(
      "bert",
      calls("record-of-bert", 3, { aParty: BERT, bParty: "+493033334444" }),
    );
    await scene.commit();
    scene.at("2026-11-01T06:00:00Z");
    await scene.pipeline.bill("2026-10");
    await scene.commit();
    const bundle = await scene.pipeline.evidence("anna", "2026-10");
    assert.equal(bundle.charges.length, 2);
    assert.equal(bundle.invoice?.chargesNano, "200000000");
    const text = JSON.stringify(bundle);
    const charges = await scene.charges();
    const secretsOf = (value: StoredCharge) => [
      value.opened.account.salt,
      value.opened.party.salt,
      value.opened.charge?.salt as string,
      value.opened.account.pseudonym,
      value.opened.account.sourceTag,
      value.opened.account.deviceTag,
    ];
    const of = (account: string) => charges.filter((charge) => charge.account === account);
    for (const secret of of("anna").flatMap(secretsOf)) assert.ok(text.includes(secret));
    const bertsSecrets = [...of("bert").flatMap(secretsOf), BERT, "33334444", "bert"];
    for (const secret of bertsSecrets) assert.ok(!text.includes(secret), secret);
    assert.ok(!text.includes((await accessSecret(scene, "bert")).slice(2)));
    assert.ok(!text.includes((await accessSecret(scene, "anna")).slice(2)));
  });

  it("binds the events that a charge stands for, and no others", async () => {
    const scene = await EngineScene.withAccounts();
    const root = (n: number) => `0x${n.toString(16).padStart(2, "0").repeat(32)}`;
    // More than one block and tile, so that a root could stay behind in one that is used again.
    const records = calls("a", 900).map((record, i) =>
      i % 100 === 7 ? { ...record, eventsRoot: root(1 + (i - 7) / 100) } : record,
    );
    await scene.ingest("events", records);
    await scene.ingest("plain", calls("b", 300, { durationSeconds: 31, aParty: BERT }));
    await scene.commit();
    await scene.assertConsistent();
    const { charges, batches } = await scene.pipeline.evidence("anna", "2026-10");
    assert.equal(charges.length, 900);
    for (const [i, charge] of charges.entries()) {
      const { party } = charge;
      assert.ok(!isClosed(party) && !isClosed(charge.account) && !isClosed(charge.charge));
      assert.equal(party.eventsRoot, records[i]?.eventsRoot ?? root(0));
      const batch = batches[charge.batch] ?? assert.fail("the batch is there");
      const leaf = chargeLeaf(
        fromHex(batch.domain),
        {
          account: accountGroupDigest(accountFromJson(charge.account)),
          party: partyGroupDigest(partyFromJson(party)),
          charge: chargeGroupDigest(chargeFromJson(charge.charge)),
        },
        BigInt(charge.amountNano),
      );
      assert.equal(checkInclusion(leaf, charge, batch).ok, true, `line ${charge.line}`);
    }
  });

  it("is refused where nothing was committed", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("anna", calls("a", 2, { aParty: ANNA }));
    await assert.rejects(scene.pipeline.evidence("anna", "2026-10"), hasCode("evidence.nothing"));
    await scene.commit();
    assert.equal((await scene.pipeline.evidence("anna", "2026-10")).charges.length, 2);
    await assert.rejects(scene.pipeline.evidence("bert", "2026-10"), hasCode("evidence.nothing"));
  });
});

async function accessSecret(scene: EngineScene, account: string): Promise<string> {
  const found = (await scene.pipeline.accounts()).find(({ id }) => id === account);
  return found?.accessSecret ?? assert.fail(`no account ${account}`);
}
