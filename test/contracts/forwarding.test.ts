import { strict as assert } from "node:assert";
import { id, Wallet } from "ethers";
import { type ForwardedCall, signForwardRequest } from "../../node/adapters/forward-request.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  openBook,
  type Party,
  ROLE,
  retailTerms,
} from "./support/parties.ts";

describe("A call that one signs and another carries", () => {
  let ledger: TestLedger;
  let operator: Party;
  let book: string;
  const subscriber = new Wallet(id("subscriber"));
  /** Has an account and pays the fee; it is nobody to the ledger. */
  const carrier = () => ledger.account(15);

  before(async () => {
    ledger = await TestLedger.start();
    operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    const arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 4);
    const agreement = await agree(ledger, retailTerms(ledger, operator, arbiter), [operator]);
    book = await openBook(ledger, operator, agreement, BOOK.charges);
    await ledger.send(operator.commit, "books", "commit", book, 1, id("batch"));
  });

  async function signed(change: Partial<ForwardedCall> = {}, chainId?: bigint) {
    const { forwarder, claims } = ledger.addresses;
    const block = await ledger.provider.getBlock("latest");
    const network = await ledger.provider.getNetwork();
    return signForwardRequest(
      subscriber,
      { chainId: chainId ?? network.chainId, address: forwarder as Hex },
      {
        contract: "claims",
        to: claims as Hex,
        method: "claim",
        args: [100, book, 1, 0, 7n, id("what the arbiter is shown")],
        gas: 1_000_000n,
        nonce: await ledger.read("forwarder", "nonces", subscriber.address),
        deadlineSeconds: (block?.timestamp ?? 0) + DAY,
        ...change,
      },
    );
  }

  const refusal = (request: object) => ledger.refusal(carrier(), "forwarder", "execute", request);

  it("is the signer's own, who has no account", async () => {
    const request = await signed();
    await ledger.send(carrier(), "forwarder", "execute", request);
    const count = await ledger.read("claims", "claimCount");
    const claim = await ledger.read("claims", "claimAt", count);
    assert.equal((await ledger.read("claims", "claimOf", claim)).finder, subscriber.address);
    assert.equal(await refusal(request), "ERC2771ForwarderInvalidSigner", "once");
  });

  it("is good for one chain, one contract and until its deadline", async () => {
    assert.equal(await refusal(await signed({}, 1n)), "ERC2771ForwarderInvalidSigner");
    const { books, settlement } = ledger.addresses;
    const untrusting = await signed({ to: books as Hex });
    assert.equal(await refusal(untrusting), "ERC2771UntrustfulTarget");
    const moved = { ...(await signed()), to: settlement };
    assert.equal(await refusal(moved), "ERC2771ForwarderInvalidSigner");
    const late = await signed();
    await ledger.pass(DAY + 60);
    assert.equal(await refusal(late), "ERC2771ForwarderExpiredRequest");
  });

  it("does nothing that the signer itself may not do", async () => {
    const { settlement, demoToken } = ledger.addresses;
    const withdrawal = await signed({
      contract: "settlement",
      to: settlement as Hex,
      method: "withdraw",
      args: [demoToken, subscriber.address],
    });
    assert.equal(await refusal(withdrawal), "FailedCall");
  });

  it("is trusted by who takes it from subscribers and partners, and by nobody else", async () => {
    const { forwarder } = ledger.addresses;
    for (const contract of ["claims", "settlement", "netting", "disputes"] as const) {
      assert.equal(await ledger.read(contract, "isTrustedForwarder", forwarder), true, contract);
      assert.equal(await ledger.read(contract, "isTrustedForwarder", carrier().address), false);
    }
  });
});
