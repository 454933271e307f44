import assert from "node:assert/strict";
import { Wallet } from "ethers";
import { invoiceSigner } from "../../node/adapters/receipt-signer.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { type Bundle, parseBundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, neededFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import { ALDER, BIRCH, GENESIS } from "../adapters/memory-members.ts";
import { calls, EngineScene, RECORD_AGE_MAX_SECONDS } from "./engine-scene.ts";

const KEY = new Wallet(`0x${"a7".repeat(32)}`);
const SIGNER = KEY.address.toLowerCase() as Hex;

describe("an invoice that its operator signed", () => {
  let bundle: Bundle;
  let facts: LedgerFacts;

  before(async () => {
    // The wallet's own EIP-712 is the other implementation that the check is held against.
    const signInvoice = invoiceSigner(KEY, { chainId: GENESIS.chainId, books: GENESIS.books });
    const scene = await EngineScene.withAccounts({ signInvoice });
    await scene.ingest("october", calls("c", 3));
    await scene.commit();
    scene.at("2026-11-01T06:00:00Z");
    await scene.pipeline.bill("2026-10");
    await scene.commit();
    bundle = parseBundle(JSON.stringify(await scene.pipeline.evidence("anna", "2026-10")));
    const seals: Record<string, Hex> = {};
    for (const { domain, sequence } of bundle.batches) {
      seals[sealKey(domain, sequence)] = (await scene.ledger.sealOf(
        domain,
        BigInt(sequence),
      )) as Hex;
    }
    const [tariff] = scene.tariffs.versions;
    facts = {
      sources: [],
      seals,
      tariffs: { 1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) } },
      keys: { [SIGNER]: ALDER.id },
      maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
    };
  });

  const signed = (change: (bundle: Bundle) => void = () => {}, more: Partial<LedgerFacts> = {}) => {
    const copy = structuredClone(bundle);
    change(copy);
    const { ok, bundleChecks } = verifyBundle(copy, { ...facts, ...more });
    return [bundleChecks.find(({ name }) => name === "invoice-signed")?.ok, ok];
  };

  it("is good when the key is the operator's, and asks the ledger whose it is", () => {
    assert.deepEqual(signed(), [true, true]);
    assert.deepEqual(neededFacts(bundle).keys, [SIGNER]);
  });

  it("is bad when the document, the key or the signature is another", () => {
    const invoiceOf = (one: Bundle) => one.invoice ?? assert.fail();
    const signedOf = (one: Bundle) => invoiceOf(one).signed ?? assert.fail();
    for (const change of [
      (one: Bundle) => {
        invoiceOf(one).documentText += " ";
      },
      (one: Bundle) => {
        signedOf(one).signer = BIRCH.id;
      },
      (one: Bundle) => {
        const { signature } = signedOf(one);
        const other = signature[20] === "0" ? "1" : "0";
        signedOf(one).signature = `${signature.slice(0, 20)}${other}${signature.slice(21)}` as Hex;
      },
      (one: Bundle) => {
        signedOf(one).signature = `0x${"00".repeat(65)}`;
      },
    ]) {
      assert.deepEqual(signed(change), [false, false]);
    }
    assert.deepEqual(signed(undefined, { keys: { [SIGNER]: BIRCH.id } }), [false, false]);
  });

  it("says nothing where nobody knows whose key it is, nor where it is not signed", () => {
    assert.deepEqual(signed(undefined, { keys: {} }), [undefined, true]);
    const unsigned = signed((one) => {
      delete one.invoice?.signed;
    });
    assert.deepEqual(unsigned, [undefined, true]);
  });
});
