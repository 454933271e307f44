import { Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { pseudonym } from "../../node/core/commitment/secrets.ts";
import {
  DEMAND_TYPES,
  demandDomain,
  demandMessage,
  RECEIPT_TYPES,
  receiptDomain,
} from "../../node/core/evidence/demand-message.ts";
import { oneTimePublicKey, sealDelivery } from "../../node/core/evidence/sealed-delivery.ts";
import type { Outcome } from "./finder.ts";
import { callOf } from "./made-leaves.ts";
import { bytesOf } from "./named-bytes.ts";
import type { ScriptedOperator } from "./scripted-operator.ts";

const STATES = ["none", "asked", "answered", "withheld", "rubbish"] as const;
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600n;

/**
 * A subscriber who holds a receipt for its charges, and no evidence: it demands a charge on the
 * ledger, and the operator says nothing, or answers with bytes that open nothing.
 */
export async function playWithheld(
  operator: ScriptedOperator,
  answer: "nothing" | "rubbish",
): Promise<Outcome> {
  const { client } = operator;
  const subscriber = new Wallet(Wallet.createRandom().privateKey);
  const blind = bytesOf(`blind ${answer}`);
  const disputeAddress = subscriber.address.toLowerCase() as Hex;
  const book = operator.book("charges");
  const name = pseudonym(fromHex(book, 20), fromHex(disputeAddress, 20), blind);
  await operator.commit("charges", [callOf(operator, `withheld ${answer}`, { pseudonym: name })]);
  const token = await operator.tokenOf();
  const fundBefore: bigint = await client.read("bonds", "fundOf", token);
  let gasUsed = await showReceipt(operator, subscriber, toHex(name), toHex(blind));

  const secret = bytesOf(`one-time key ${answer}`);
  const key = oneTimePublicKey(secret);
  const nonce: bigint = await client.read("demands", "nonces", subscriber.address);
  const validUntil = operator.ago(0) / 1000n + HOUR_SECONDS;
  const asked = { pseudonym: toHex(name), chargeNumber: 1n, nonce, validUntil };
  const domain = demandDomain(BigInt(operator.chainId), operator.contracts.demands as Hex);
  const signature = await subscriber.signTypedData(domain, DEMAND_TYPES, demandMessage(asked, key));
  const call = [asked.pseudonym, 1n, key, nonce, validUntil, signature];
  gasUsed += await client.send(subscriber, "demands", "demandCharge", ...call);
  const count: bigint = await client.read("demands", "demandCount");
  const demand: Hex = await client.read("demands", "demandAt", count);
  gasUsed += await (answer === "nothing"
    ? waitInVain(operator, subscriber, demand)
    : complain(operator, subscriber, demand, secret));
  gasUsed += await client.send(subscriber, "bonds", "collectFor", token, subscriber.address);
  const { state } = await client.read("demands", "demandOf", demand);
  return {
    kind: answer === "nothing" ? "evidenceWithheld" : "evidenceRubbish",
    story: answer === "nothing" ? "does not show a charge" : "answers a demand with rubbish",
    claim: demand,
    state: STATES[Number(state)] as Outcome["state"],
    finder: subscriber.address,
    finderPaidUnits: await client.read("token", "balanceOf", subscriber.address),
    fundPaidUnits: (await client.read("bonds", "fundOf", token)) - fundBefore,
    ownerOwedNano: 0n,
    gasUsed,
  };
}

/** The operator signed, off the ledger, that the subscriber has one charge. */
async function showReceipt(
  operator: ScriptedOperator,
  subscriber: Wallet,
  name: Hex,
  blind: Hex,
): Promise<bigint> {
  const book = operator.book("charges");
  // Not this very second: the ledger refuses what is issued after the block that it estimates in.
  const issuedAt = operator.ago(60) / 1000n;
  const said = { book, pseudonym: name, lastChargeNumber: 1n, issuedAt };
  const domain = receiptDomain(BigInt(operator.chainId), operator.contracts.standings as Hex);
  const signed = await operator.sign(domain, RECEIPT_TYPES, said);
  const receipt = { lastChargeNumber: 1n, issuedAt, ...signed };
  const owner = { disputeAddress: subscriber.address, blind };
  return operator.client.send(subscriber, "standings", "showByReceipt", book, owner, receipt);
}

async function waitInVain(
  operator: ScriptedOperator,
  subscriber: Wallet,
  demand: Hex,
): Promise<bigint> {
  for (let day = 0; day < 2; day++) {
    await operator.wait(DAY_SECONDS);
    await operator.send("clock", "tick");
  }
  return operator.client.send(subscriber, "demands", "concludeSilence", demand);
}

async function complain(
  operator: ScriptedOperator,
  subscriber: Wallet,
  demand: Hex,
  secret: Uint8Array,
): Promise<bigint> {
  const rubbish = new Uint8Array(1_024);
  const sealed = sealDelivery(demand, oneTimePublicKey(secret), bytesOf("operator"), rubbish);
  const { ephemeral, ciphertext } = sealed;
  await operator.send("demands", "deliver", demand, ephemeral, ciphertext);
  const complaint = [demand, BigInt(toHex(secret)), ephemeral, ciphertext];
  return operator.client.send(subscriber, "demands", "showRubbish", ...complaint);
}
