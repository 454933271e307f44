import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Wallet } from "ethers";
import { readLedgerFacts } from "../../node/adapters/evidence-ledger-reader.ts";
import { ClaimsOnLedger } from "../../node/cli/claims-on-ledger.ts";
import { fromHex, type Hex } from "../../node/core/bytes.ts";
import { accessToken, disputeKey } from "../../node/core/evidence/access-link.ts";
import { type Bundle, type BundleCharge, isClosed } from "../../node/core/evidence/bundle.ts";
import { claimKindCode } from "../../node/core/evidence/claim-kind.ts";
import {
  CLAIM_TYPES,
  claimDomain,
  finderEvidenceHash,
  relayedClaim,
} from "../../node/core/evidence/claim-message.ts";
import { evidencePlace, openEvidenceFile } from "../../node/core/evidence/evidence-file.ts";
import {
  mispricedOpening,
  openedLeafOf,
  repriceLine,
} from "../../node/core/evidence/mispriced-opening.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { ClaimState } from "../../node/engine/commit/ledger.ts";
import type { Account } from "../../node/engine/store/stored-types.ts";
import { SampleNetwork } from "../../scripts/network/sample-network.ts";
import { SampleMonth } from "../../scripts/sample/play-month.ts";

const WAIT_MS = 20_000;
const HUNDRED_YEARS = 3_153_600_000n;

/** The sample's month on the embedded ledger, two nodes as processes of their own. */
describe("a dispute from the subscriber's signature to the credit", function () {
  this.timeout(120_000);
  let sample: SampleNetwork;
  let directory: string;
  let secret: Uint8Array;
  let bundle: Bundle;
  let ledger: ClaimsOnLedger;
  let line: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-dispute-"));
    const quiet = () => {};
    const ports = { ledger: 0, alder: 0, birch: 0 };
    const publishTo = join(directory, "handed-out");
    sample = await SampleNetwork.start({
      directory,
      ports,
      say: quiet,
      progress: quiet,
      publishTo,
    });
    await new SampleMonth(sample, quiet).play();
    const { accounts } = (await sample.alder.ask("GET", "accounts")) as { accounts: Account[] };
    secret = fromHex(accounts.find(({ id }) => id === "sample")?.accessSecret as Hex, 32);
    bundle = await ownBundle();
    ledger = new ClaimsOnLedger(bundle.ledger, [sample.ledger.url]);
    const wrong = bundle.charges.filter(
      (charge) => BigInt(charge.amountNano) !== repriceLine(bundle, charge.line),
    );
    assert.equal(wrong.length, 1);
    line = (wrong[0] as BundleCharge).line;
  });
  after(async () => {
    ledger?.close();
    await sample?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** What the subscriber's link opens, as the page asks for it. */
  async function ownBundle(): Promise<Bundle> {
    const url = `${sample.alder.url}/v1/evidence?period=${sample.network.month}`;
    const authorization = `Bearer ${accessToken(secret)}`;
    const response = await fetch(url, { headers: { authorization } });
    assert.equal(response.status, 200);
    return (await response.json()) as Bundle;
  }

  /** Birch is Alder's competitor: the accused operator can not keep a claim away. */
  async function throughBirch(path: string, body: unknown) {
    const response = await fetch(`${sample.birch.url}/v1/relay/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { error?: { code: string; message: string } };
    return { status: response.status, error: answer.error };
  }

  async function signedClaim(claimedNano: bigint, key = disputeKey(secret, bundle.period.epoch)) {
    const wallet = new Wallet(key);
    const finder = wallet.address.toLowerCase() as Hex;
    const message = {
      ...placeOf(line),
      claimedNano,
      evidenceHash: finderEvidenceHash(finder, openedLeafOf(bundle, line)),
      finder,
      nonce: await ledger.nonceOf(finder),
      validUntil: (await ledger.blockTime()) + HUNDRED_YEARS,
    };
    const domain = claimDomain(bundle.ledger);
    const signature = await wallet.signTypedData(domain, CLAIM_TYPES, message);
    return { message, body: relayedClaim("mispriced", message, signature) };
  }

  const chargeOf = (name: string): BundleCharge =>
    bundle.charges.find((charge) => charge.line === name) as BundleCharge;

  function placeOf(name: string) {
    const { batch, leafIndex } = chargeOf(name);
    const { domain, sequence } = bundle.batches[batch] as Bundle["batches"][number];
    const kind = claimKindCode("mispriced");
    return { kind, book: domain, sequence: BigInt(sequence), leafIndex };
  }

  const overchargeNano = (): bigint =>
    BigInt(chargeOf(line).amountNano) - repriceLine(bundle, line);

  async function claimOnLedger() {
    const finder = new Wallet(disputeKey(secret, bundle.period.epoch)).address.toLowerCase() as Hex;
    return ledger.find({ ...placeOf(line), finder });
  }

  async function untilState(wanted: ClaimState) {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(100)) {
      const claim = await claimOnLedger();
      if (claim?.state === wanted) return claim;
    }
    assert.fail(`the claim is ${(await claimOnLedger())?.state}, not ${wanted}`);
  }

  it("starts from a bundle in which everything was committed, the wrong line included", async () => {
    const endpoints = [{ member: "Alder Mobile", url: sample.ledger.url }];
    const { facts } = await readLedgerFacts(bundle, endpoints);
    const report = verifyBundle(bundle, facts);
    const others = report.lines.filter((one) => one.line !== line);
    assert.deepEqual(new Set(others.map(({ verdict }) => verdict)), new Set(["committed"]));
    const own = report.lines.find((one) => one.line === line);
    const failed = own?.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    assert.deepEqual(failed, ["priced"]);
  });

  it("finds the same published, by the node itself once the bill was committed", async () => {
    const { month } = sample.network;
    const place = evidencePlace(secret, month, 1);
    let file: Buffer | undefined;
    for (const end = Date.now() + WAIT_MS; Date.now() < end && file === undefined; ) {
      await sleep(100);
      file = await readFile(join(directory, "handed-out", place)).catch(() => undefined);
    }
    assert.ok(file !== undefined, "the month is published");
    const text = await openEvidenceFile(new Uint8Array(file), secret);
    const { createdAt: _, receipt, ...published } = JSON.parse(text);
    const { createdAt: __, receipt: ___, ...answered } = bundle;
    assert.deepEqual(published, answered);
    assert.equal(receipt.lastChargeNumber, bundle.receipt?.lastChargeNumber);
    const served = await fetch(`${sample.alder.url}/published/${place}`);
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), file);
    const stranger = await fetch(
      `${sample.alder.url}/published/${evidencePlace(secret, month, 2)}`,
    );
    assert.equal(stranger.status, 404);
    const { publishing } = (await sample.alder.ask("GET", "status")) as {
      publishing: { period: string; files: number; trouble?: string };
    };
    assert.deepEqual([publishing.period, publishing.trouble], [month, undefined]);
    assert.ok(publishing.files > 0);
  });

  it("refuses a claim whose amount was raised after it was signed", async () => {
    const { body } = await signedClaim(overchargeNano());
    const { status, error } = await throughBirch("claims", { ...body, claimedNano: "999000000" });
    assert.deepEqual([status, error?.code], [409, "ledger.refused"]);
    assert.equal(await claimOnLedger(), undefined);
  });

  it("is claimed through Birch, and contested by Alder's policy", async () => {
    const { body } = await signedClaim(overchargeNano());
    assert.equal((await throughBirch("claims", body)).status, 201);
    const claim = await untilState("contested");
    assert.equal(claim.claimedNano, overchargeNano());
  });

  it("is the subscriber's dispute; a stranger's claim at another line is not", async () => {
    const key = Wallet.createRandom().privateKey as Hex;
    const other = chargeOf("1");
    const finder = new Wallet(key).address.toLowerCase() as Hex;
    const message = {
      ...placeOf(other.line),
      claimedNano: 1n,
      evidenceHash: `0x${"5e".repeat(32)}` as Hex,
      finder,
      nonce: 0n,
      validUntil: (await ledger.blockTime()) + HUNDRED_YEARS,
    };
    const signature = await new Wallet(key).signTypedData(
      claimDomain(bundle.ledger),
      CLAIM_TYPES,
      message,
    );
    const body = relayedClaim("mispriced", message, signature);
    assert.equal((await throughBirch("claims", body)).status, 201);
    const again = await throughBirch("claims", { ...body, nonce: "1" });
    assert.deepEqual([again.status, again.error?.code], [409, "relay.claim-open"]);
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(100)) {
      if ((await sample.alder.ask("GET", "claims")).claims.length === 2) break;
    }
    assert.equal((await sample.alder.ask("GET", "claims")).claims.length, 2);
    const url = `${sample.alder.url}/v1/disputes`;
    const authorization = `Bearer ${accessToken(secret)}`;
    const response = await fetch(url, { headers: { authorization } });
    const { disputes } = (await response.json()) as { disputes: { line: string }[] };
    assert.deepEqual(
      disputes.map((dispute) => dispute.line),
      [line],
    );
  });

  it("lets nobody conclude before its deadline what waits", async () => {
    const { id: claimId } = await untilState("contested");
    for (const step of ["concludeSilence", "lapse", "markOverdue"]) {
      const { status, error } = await throughBirch("conclusions", { claimId, step });
      assert.deepEqual([status, error?.code], [409, "ledger.refused"], step);
    }
  });

  it("refuses a fabricated opening, which changes nothing", async () => {
    const claim = await untilState("contested");
    const [charge, rest, path, price] = mispricedOpening(bundle, line);
    const raised = { ...rest, amountNano: `${BigInt(rest.amountNano) + 1n}` };
    const cheaper = { ...price, price: { ...price.price, price: "0" } };
    const longer = { ...charge, quantity: `${BigInt(charge.quantity) * 2n}` };
    for (const opening of [
      [charge, raised, path, price],
      [charge, rest, path, cheaper],
      [longer, rest, path, price],
      [charge, rest, { ...path, blockTime: "1" }, price],
    ]) {
      const { status, error } = await throughBirch("openings", { claimId: claim.id, opening });
      assert.deepEqual([status, error?.code], [409, "ledger.refused"]);
    }
    assert.deepEqual(await claimOnLedger(), claim);
  });

  it("is opened, proven, credited and settled", async () => {
    const { id } = await untilState("contested");
    const opening = mispricedOpening(bundle, line);
    assert.equal((await throughBirch("openings", { claimId: id, opening })).status, 201);
    const settled = await untilState("settled");
    assert.equal(settled.dueNano, overchargeNano());
  });

  it("leaves a credit in the bundle, committed, that points at the line", async () => {
    const { id } = await untilState("settled");
    const after = await ownBundle();
    assert.equal(after.credits.length, 1);
    const [credit] = after.credits;
    assert.ok(credit !== undefined && !isClosed(credit.credit));
    const { book, sequence, leafIndex } = placeOf(line);
    assert.equal(credit.amountNano, `${overchargeNano()}`);
    assert.deepEqual(
      [credit.credit.targetDomain, credit.credit.targetSequence, credit.credit.targetIndex],
      [book, sequence.toString(), leafIndex],
    );
    assert.equal(credit.credit.claim, id);
    const endpoints = [{ member: "Alder Mobile", url: sample.ledger.url }];
    const { facts } = await readLedgerFacts(after, endpoints);
    const report = verifyBundle(after, facts);
    assert.deepEqual(
      report.credits.map(({ verdict }) => verdict),
      ["committed"],
    );
    for (const node of [sample.alder, sample.birch]) {
      const { problems, waiting } = await node.ask("POST", "fsck");
      assert.deepEqual([problems, waiting], [[], 0]);
    }
  });

  it("refuses a second claim for the same place, whoever signs it", async () => {
    for (const key of [undefined, Wallet.createRandom().privateKey as Hex]) {
      const { body } = await signedClaim(overchargeNano(), key);
      const { status, error } = await throughBirch("claims", body);
      assert.deepEqual([status, error?.code], [409, "ledger.refused"]);
      assert.match(error?.message ?? "", /PlaceDecided/);
    }
    assert.equal((await ownBundle()).credits.length, 1);
  });
});
