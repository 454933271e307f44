import { lastClosing } from "../bill/bill-state.ts";
import { numberCharge } from "../number/number-charge.ts";
import type { EngineContext } from "../operator.ts";
import type { UsePricer } from "../rate/price-use.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import type {
  BookState,
  ControlClass,
  SourceSeen,
  SuspendedRecord,
} from "../store/stored-types.ts";
import { SPONSOR_ROLE, sponsoredCharges, unnumbered } from "./charge-of-record.ts";
import { moveTotals } from "./move-totals.ts";
import { removeWaiting, suspendRecord } from "./suspend-record.ts";

/**
 * Rates a record again that waited in suspense, after it, its account or the tariff changed. Its charge
 * and its going from suspense are one write: a crash leaves it waiting, or charged.
 * @returns undefined when it does not wait
 */
export async function recycleRecord(
  context: EngineContext,
  pricer: UsePricer,
  recordId: string,
): Promise<ControlClass | undefined> {
  const session = new StoreSession(context.store);
  const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
  if (waiting === undefined) return undefined;
  await pricer.startAt(await lastClosing(session));
  removeWaiting(session, waiting);
  const seen = await session.get<SourceSeen>(keys.source(recordId));
  const before = await session.get<BookState>(keys.book(context.profile.agreement.chargeBook));
  try {
    const outcome = await priceAgain(context, pricer, session, waiting);
    const isCharge = outcome === "charged" || outcome === "pricedAtZero";
    if (seen !== undefined) {
      const charge = isCharge ? { charge: Number(before?.pendingNext) } : {};
      session.put(keys.source(recordId), { ...seen, outcome, ...charge } satisfies SourceSeen);
    }
    await moveTotals(session, waiting.counted, outcome);
    pricer.rating.save(session);
    await session.commit();
    return outcome;
  } catch (error) {
    pricer.rating.forget();
    throw error;
  }
}

async function priceAgain(
  context: EngineContext,
  pricer: UsePricer,
  session: StoreSession,
  { record, counted }: SuspendedRecord,
): Promise<ControlClass> {
  const { chargeBook } = context.profile.agreement;
  const guide = pricer.guide(record);
  if ("code" in guide) return suspendRecord(session, record, guide, pricer.nowSeconds, counted);
  const { rating } = pricer;
  const quantities = [...rating.keysOf(guide)];
  await session.prefetch(quantities);
  rating.learn(session, quantities);
  const found = pricer.price(record, guide, counted.file);
  if (found.outcome === "not-billable") return "notBillable";
  if (found.outcome === "wait") {
    return suspendRecord(session, record, found.wait, pricer.nowSeconds, counted);
  }
  await numberCharge(session, context, chargeBook, unnumbered(found.priced));
  for (const paid of sponsoredCharges(found.priced)) {
    await numberCharge(session, context, chargeBook, paid, { role: SPONSOR_ROLE });
  }
  return found.priced.amountNano === 0n ? "pricedAtZero" : "charged";
}
