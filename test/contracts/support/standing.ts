import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import { pseudonym } from "../../../node/core/commitment/secrets.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../../node/core/evidence/demand-message.ts";
import { bytesOf } from "../../../scripts/attack/named-bytes.ts";
import type { TestLedger } from "./chain.ts";
import type { Party } from "./parties.ts";

/** Makes an address a subscriber of the operator, as far as the ledger can tell. */
export async function giveStanding(
  ledger: TestLedger,
  operator: Party,
  book: string,
  address: string,
): Promise<void> {
  const owner = { disputeAddress: address.toLowerCase() as Hex, blind: toHex(bytesOf("blind")) };
  const own = pseudonym(
    fromHex(book as Hex, 20),
    fromHex(owner.disputeAddress, 20),
    fromHex(owner.blind, 32),
  );
  const block = await ledger.provider.getBlock("latest");
  const issuedAt = BigInt(block?.timestamp ?? 0);
  const { chainId } = await ledger.provider.getNetwork();
  const said = { book, pseudonym: toHex(own), lastChargeNumber: 1n, issuedAt };
  const domain = receiptDomain(chainId, ledger.addresses.standings as Hex);
  const signature = await operator.commit.signTypedData(domain, RECEIPT_TYPES, said);
  const signer = operator.commit.address;
  const receipt = { lastChargeNumber: 1n, issuedAt, signer, signature };
  await ledger.send(ledger.account(19), "standings", "showByReceipt", book, owner, receipt);
}
