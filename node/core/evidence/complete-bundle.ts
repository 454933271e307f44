import { fromHex, toHex } from "../bytes.ts";
import type { ChargeGroup } from "../commitment/charge-groups.ts";
import type { Bundle, BundleBatch, BundleCharge } from "./bundle.ts";
import { type DeliveredCharge, rootOfCharge } from "./delivery-bytes.ts";
import { accountToJson, chargeToJson, partyToJson } from "./group-json.ts";

/**
 * The bundle with a charge that was delivered on the ledger, in its place by charge number; it replaces an
 * entry of the same number. Whether the delivery is genuine is for its seal to show, as for every line.
 */
export function withDelivered(bundle: Bundle, delivered: DeliveredCharge): Bundle {
  const domain = bundle.books.find(({ kind }) => kind === 1)?.domain as BundleBatch["domain"];
  const sequence = delivered.sequence.toString();
  const known = bundle.batches.findIndex(
    (batch) => batch.domain === domain && batch.sequence === sequence,
  );
  const { depth, totals, runningTotals, blockTime } = delivered.batch;
  const section: BundleBatch = {
    domain,
    sequence,
    depth,
    root: toHex(rootOfCharge(fromHex(domain, 20), delivered)),
    totals: toHex(totals),
    runningTotals: toHex(runningTotals),
    blockTime: blockTime.toString(),
  };
  const batches = known < 0 ? [...bundle.batches, section] : bundle.batches;
  const { account, party, third, amountNano } = delivered.leaf;
  const line = account.chargeNumber.toString();
  const charge: BundleCharge = {
    line,
    batch: known < 0 ? bundle.batches.length : known,
    leafIndex: delivered.leafIndex,
    amountNano: amountNano.toString(),
    path: delivered.path.map(toHex),
    account: accountToJson(account),
    party: partyToJson(party),
    charge: chargeToJson(third as ChargeGroup),
  };
  const others = bundle.charges.filter((other) => other.line !== line);
  const at = others.findIndex((other) => BigInt(other.line) > account.chargeNumber);
  const charges = at < 0 ? [...others, charge] : others.toSpliced(at, 0, charge);
  return { ...bundle, batches, charges };
}
