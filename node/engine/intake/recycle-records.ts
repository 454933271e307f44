import { lastClosing } from "../bill/bill-state.ts";
import { numberCharge } from "../number/number-charge.ts";
import type { EngineContext } from "../operator.ts";
import type { Guided, UsePricer, Wait } from "../rate/price-use.ts";
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
 * Rates records again that waited in suspense, after they, their accounts or the tariff changed: in the order
 * of the ids, each as if it were alone, and all in one write with their going from suspense. A crash leaves
 * all of them waiting, or none.
 * @param recordIds as many as fit into a unit of work
 * @returns what became of those that waited
 */
export async function recycleRecords(
  context: EngineContext,
  pricer: UsePricer,
  recordIds: readonly string[],
): Promise<Map<string, ControlClass>> {
  const outcomes = new Map<string, ControlClass>();
  const session = new StoreSession(context.store);
  await session.prefetch(recordIds.flatMap((id) => [keys.suspense(id), keys.source(id)]));
  const waiting: SuspendedRecord[] = [];
  for (const id of new Set(recordIds)) {
    const one = session.peek<SuspendedRecord>(keys.suspense(id));
    if (one !== undefined) waiting.push(one);
  }
  if (waiting.length === 0) return outcomes;
  try {
    await pricer.startAt(await lastClosing(session));
    const guides = waiting.map(({ record }) => pricer.guide(record));
    await readAhead(context, pricer, session, guides);
    for (const [at, one] of waiting.entries()) {
      const guide = guides[at] as Guided | Wait;
      outcomes.set(one.record.id, await recycleOne(context, pricer, session, one, guide));
    }
    pricer.rating.save(session);
    await session.commit();
  } catch (error) {
    pricer.rating.forget();
    throw error;
  }
  return outcomes;
}

/** What each of them will ask for, in few calls to the store. */
async function readAhead(
  { profile: { agreement } }: EngineContext,
  pricer: UsePricer,
  session: StoreSession,
  guides: readonly (Guided | Wait)[],
): Promise<void> {
  const epochs: string[] = [];
  const quantities: string[] = [];
  for (const guide of guides) {
    if ("code" in guide) continue;
    epochs.push(keys.epoch(guide.account, guide.epoch, agreement.chargeBook));
    quantities.push(...pricer.rating.keysOf(guide));
  }
  await session.prefetch([...epochs, ...quantities]);
  pricer.rating.learn(session, quantities);
}

async function recycleOne(
  context: EngineContext,
  pricer: UsePricer,
  session: StoreSession,
  waiting: SuspendedRecord,
  guide: Guided | Wait,
): Promise<ControlClass> {
  const { id } = waiting.record;
  removeWaiting(session, waiting);
  const seen = session.peek<SourceSeen>(keys.source(id));
  const before = await session.get<BookState>(keys.book(context.profile.agreement.chargeBook));
  const outcome = await priceAgain(context, pricer, session, waiting, guide);
  const isCharge = outcome === "charged" || outcome === "pricedAtZero";
  if (seen !== undefined) {
    const charge = isCharge ? { charge: Number(before?.pendingNext) } : {};
    session.put(keys.source(id), { ...seen, outcome, ...charge } satisfies SourceSeen);
  }
  await moveTotals(session, waiting.counted, outcome);
  return outcome;
}

async function priceAgain(
  context: EngineContext,
  pricer: UsePricer,
  session: StoreSession,
  { record, counted }: SuspendedRecord,
  guide: Guided | Wait,
): Promise<ControlClass> {
  const { chargeBook } = context.profile.agreement;
  if ("code" in guide) return suspendRecord(session, record, guide, pricer.nowSeconds, counted);
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
