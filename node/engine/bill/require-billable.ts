import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readBatch } from "../store/read-charges.ts";
import { getJson } from "../store/stored-json.ts";
import type { BookState } from "../store/stored-types.ts";
import { billingEpoch, epochBefore } from "./billing-epoch.ts";

/**
 * The period is over, what was charged stands on the ledger, and no earlier period is open.
 * @returns ledger time in seconds
 */
export async function requireBillable(
  context: EngineContext,
  epoch: string,
  closed: string | undefined,
): Promise<bigint> {
  const { profile, time } = context;
  const now = await time.seconds();
  const { toMilliseconds } = billingEpoch(epoch, profile.zone);
  if (now * 1000n < BigInt(toMilliseconds)) {
    throw new TallystickError(
      "bill.period-open",
      `${epoch} ends at ${new Date(toMilliseconds).toISOString()}; the ledger's time is ${new Date(Number(now) * 1000).toISOString()}. Run the bill after the period.`,
    );
  }
  const { chargeBook, creditBook } = profile.agreement;
  for (const book of [chargeBook, creditBook]) await assertCommitted(context, book);
  await assertNothingSkipped(context, { after: closed, before: epoch });
  return now;
}

/** Every charge and credit stands on the ledger, by a final commitment, before a bill names it. */
async function assertCommitted({ store }: EngineContext, domain: Hex): Promise<void> {
  const book = (await getJson<BookState>(store, keys.book(domain))) as BookState;
  let waits = book.pendingFirst !== book.pendingNext;
  for (let sequence = BigInt(book.lastSequence); !waits && sequence > 0n; sequence--) {
    const batch = await readBatch(store, domain, sequence);
    if (batch.blockTime !== undefined) break;
    waits = batch.count > 0;
  }
  if (!waits) return;
  throw new TallystickError(
    "bill.charges-pending",
    "Some charges or credits are not on the ledger yet; commit first, then run the bill.",
  );
}

/** A period that was passed over would never be billed: later runs close it. */
async function assertNothingSkipped(
  { store, profile }: EngineContext,
  { after, before }: { after: string | undefined; before: string },
): Promise<void> {
  if (after === epochBefore(before)) return;
  // Seldom: the first run of a node, or after months without one. Keys only are looked at, once.
  for await (const { key } of store.scan({ ...below("epoch/"), keysOnly: true })) {
    const [, , epoch = "", domain] = key.split("/");
    if (domain !== profile.agreement.chargeBook || epoch >= before) continue;
    if (after !== undefined && epoch <= after) continue;
    throw new TallystickError(
      "bill.earlier-period-open",
      `There are charges in ${epoch}, which was not billed; run the bill of ${epoch} first.`,
    );
  }
}
