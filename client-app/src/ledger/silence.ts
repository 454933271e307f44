import type { Hex } from "../../../node/core/bytes.ts";
import type { Bundle } from "../../../node/core/evidence/bundle.ts";
import { BOOKS, CLAIMS } from "./contract-reads.ts";
import { LedgerEndpoint } from "./rpc.ts";

/**
 * Whether the operator let the time for its answer pass: then it has agreed, and anyone may have that
 * recorded. Both times are seconds of ledger time. False where no end point can say.
 */
export async function isSilent({ ledger }: Bundle, claim: Hex): Promise<boolean> {
  for (const { url } of ledger.endpoints) {
    try {
      const endpoint = new LedgerEndpoint(url);
      const [deadline, now] = await Promise.all([
        endpoint.call(
          ledger.contracts.claims,
          CLAIMS.encodeFunctionData("deadlineOf", [claim]),
          "latest",
        ),
        endpoint.call(ledger.contracts.books, BOOKS.encodeFunctionData("ledgerTime"), "latest"),
      ]);
      return BigInt(now) > BigInt(deadline);
    } catch {
      // The next end point may answer.
    }
  }
  return false;
}
