import assert from "node:assert/strict";
import type { StoredCharge } from "../../node/engine/stored-types.ts";
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
