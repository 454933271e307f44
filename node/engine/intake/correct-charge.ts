import { fromHex, toHex } from "../../core/bytes.ts";
import { CREDIT_REASON } from "../../core/commitment/charge-groups.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ToldComponent } from "../../core/evidence/bundle.ts";
import { hashDocument } from "../../core/hash.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { canonicalJson } from "../../core/tariff/canonical-json.ts";
import { lastClosing } from "../bill/bill-state.ts";
import { openEpoch } from "../bill/open-epoch.ts";
import { creditsOf } from "../claims/credits-of-charge.ts";
import { noParty } from "../number/no-party.ts";
import { numberCharge } from "../number/number-charge.ts";
import { openSubscriberEpoch } from "../number/subscriber-epoch.ts";
import type { EngineContext } from "../operator.ts";
import type { UsePricer } from "../rate/price-use.ts";
import { requireKept } from "../retention/retention-state.ts";
import { keys } from "../store/key-spaces.ts";
import { RowOpener } from "../store/open-rows.ts";
import { readOwnedRows } from "../store/read-charges.ts";
import { StoreSession } from "../store/store-session.ts";
import { type BatchPlace, batchAt, findRows, isBlock } from "../store/stored-rows.ts";
import type {
  Account,
  BookState,
  CorrectionEntry,
  StoredCharge,
  StoredCorrection,
} from "../store/stored-types.ts";
import { type PricedRecord, sponsoredCharges, unnumbered } from "./charge-of-record.ts";

/** What was wrong with the charge of a record, and who says so. */
export interface Correction {
  recordId: string;
  /** As it should have been; undefined: nothing of it is charged any more. */
  record?: UsageRecord;
  /** Only so much of it was too much: a credit, and no other charge. */
  creditNano?: bigint;
  by: string;
  reason: string;
}

/** Where the charge of a record stands in the book; undefined where it became none. */
export type FindCharge = (session: StoreSession, recordId: string) => Promise<number | undefined>;

/**
 * Corrects a charge that is committed: what is left of it becomes a credit that points at it, and the
 * corrected record a charge of its own, which has no source (docs/PROTOCOL.md, section 3: the same source
 * again would be a breach). Both join the account's open bill; what was committed and billed stays. One
 * write with the note of the correction: a crash leaves all of it or nothing, and the same correction
 * again is answered as before.
 * @throws TallystickError `correction.unknown`, `correction.not-sealed`, `correction.plan-counted`,
 *   `correction.above-charge`, `correction.nothing-credited`, `correction.sponsor-unknown`,
 *   `correction.not-billable`, `evidence.retention-over`, and whatever keeps the corrected record waiting
 */
export async function correctCharge(
  context: EngineContext,
  pricer: UsePricer,
  find: FindCharge,
  correction: Correction,
): Promise<StoredCorrection & { already: boolean }> {
  const { profile, store } = context;
  const { recordId, by, reason } = correction;
  const session = new StoreSession(store);
  const digest = digestOf(correction);
  const known = await session.get<StoredCorrection>(keys.correction(recordId));
  // A list of credits that is given again repeats each of them, not only the last.
  const isKnown = known?.digest === digest || known?.credits?.includes(digest) === true;
  if (known !== undefined && isKnown) return { ...known, already: true };
  if (correction.creditNano === 0n) throw nothingCredited();
  await pricer.startAt(await lastClosing(session));
  const position = known === undefined ? await find(session, recordId) : known.position;
  const target = position === undefined ? undefined : await placedAt(context, position);
  if (target === undefined && known === undefined) throw unknownRecord(recordId);
  if (target === undefined && correction.creditNano !== undefined) throw aboveCharge();
  // What shares a batch with a kept month is there still, and what was credited of it may be gone.
  if (target !== undefined) await requireKept(store, target.charge.epoch);
  const again = correction.record && priceAgain(pricer, correction.record, target?.charge);
  const revision = (known?.revision ?? 0) + 1;
  const epoch = await openEpoch(context, session);
  const credit =
    target && (await creditTarget(context, session, target, correction.creditNano, epoch));
  const sponsors: CorrectionEntry[] = [];
  if (target !== undefined && correction.creditNano === undefined) {
    for (const share of await sharesOfSponsors(context, session, target.charge)) {
      const entry = await creditTarget(context, session, share, undefined, epoch);
      if (entry !== undefined) sponsors.push(entry);
    }
  }
  let corrected: StoredCorrection["charge"];
  let newPosition = correction.creditNano === undefined ? undefined : position;
  if (again !== undefined) {
    const { chargeBook } = profile.agreement;
    const book = await session.get<BookState>(keys.book(chargeBook));
    newPosition = Number(book?.pendingNext);
    const charge = await numberCharge(session, context, chargeBook, {
      ...unnumbered(again),
      recordId,
      revision,
    });
    const { account, epoch, amountNano, opened } = charge;
    corrected = { account, epoch, amountNano, number: opened.account.chargeNumber };
  }
  const at = new Date(Number(pricer.nowSeconds) * 1000).toISOString();
  const stored: StoredCorrection = {
    record: recordId,
    revision,
    digest,
    at,
    by,
    reason,
    ...(newPosition === undefined ? {} : { position: newPosition }),
    ...(correction.creditNano === undefined
      ? {}
      : { credits: [...(known?.credits ?? []), digest] }),
    ...(credit === undefined ? {} : { credit }),
    ...(sponsors.length === 0 ? {} : { sponsors }),
    ...(corrected === undefined ? {} : { charge: corrected }),
  };
  session.put(keys.correction(recordId), stored);
  await session.commit();
  return { ...stored, already: false };
}

/** A second credit of the same amount is another one if its reason is. */
function digestOf({ recordId, record, creditNano, reason }: Correction): string {
  const credit = creditNano === undefined ? null : creditNano.toString();
  const asked = {
    recordId,
    record: record ?? null,
    credit,
    ...(credit === null ? {} : { reason }),
  };
  return toHex(hashDocument(new TextEncoder().encode(canonicalJson(asked))));
}

interface Placed {
  charge: StoredCharge;
  sequence: bigint;
  leafIndex: number;
}

/** @throws TallystickError `correction.not-sealed` */
async function placedAt({ store, profile }: EngineContext, position: number): Promise<Placed> {
  const domain = profile.agreement.chargeBook;
  const found = await findRows(store, domain, BigInt(position));
  if (found === undefined) throw unknownRecord("");
  const { rows, first } = found;
  const charge = isBlock(rows)
    ? await new RowOpener(store, domain).open(rows, position - Number(first))
    : (rows as StoredCharge);
  if (charge === undefined) throw unknownRecord("");
  const batch: BatchPlace | undefined = await batchAt(store, domain, BigInt(position));
  if (batch === undefined) {
    throw new TallystickError(
      "correction.not-sealed",
      "Its charge is in no batch yet, and a credit points at a place in one; commit first.",
    );
  }
  const leafIndex = position - Number(batch.first);
  return { charge, sequence: BigInt(batch.sequence), leafIndex };
}

/** As any record, but for a clerk's word about the first one. */
function priceAgain(
  pricer: UsePricer,
  record: UsageRecord,
  before: StoredCharge | undefined,
): PricedRecord {
  const guide = pricer.guide(record);
  if ("code" in guide) throw new TallystickError(guide.code, guide.message);
  // Counters of plans are a chain on the ledger that nothing is taken out of.
  if (pricer.rating.decides(guide) || (before?.moves?.length ?? 0) > 0) throw planCounted();
  const found = pricer.price(record, guide, undefined);
  if (found.outcome === "wait") throw new TallystickError(found.wait.code, found.wait.message);
  if (found.outcome === "not-billable") {
    throw new TallystickError(
      "correction.not-billable",
      "The corrected record is not billable; withdraw the charge instead.",
    );
  }
  const { rated } = found.priced;
  const priced = { ...found.priced, amountNano: rated.amountNano, hand: undefined };
  if (sponsoredCharges(priced).length > 0) throw planCounted();
  return priced;
}

/** What is left of a charge after earlier credits, or the part of it that was too much. */
async function creditTarget(
  context: EngineContext,
  session: StoreSession,
  { charge, sequence, leafIndex }: Placed,
  creditNano: bigint | undefined,
  epoch: string,
): Promise<CorrectionEntry | undefined> {
  const { chargeBook, creditBook } = context.profile.agreement;
  let left = BigInt(charge.amountNano);
  for await (const earlier of creditsOf(context, charge, { sequence, leafIndex }, epoch)) {
    left -= BigInt(earlier.amountNano);
  }
  const amountNano = creditNano ?? left;
  if (amountNano > left) throw aboveCharge();
  if (amountNano === 0n) return undefined;
  // Who has no charge in that month is billed for it all the same: the invoice states the credit.
  await openSubscriberEpoch(session, context.random, charge.account, epoch, chargeBook);
  const credit = await numberCharge(session, context, creditBook, {
    recordId: `correction:${sequence}:${leafIndex}:${charge.amountNano}:${left}`,
    revision: 0,
    account: charge.account,
    epoch,
    device: charge.device,
    amountNano,
    startMilliseconds: Number(await context.time.seconds()) * 1000,
    party: noParty,
    third: {
      kind: "credit",
      group: {
        targetDomain: fromHex(chargeBook, 20),
        targetSequence: sequence,
        targetIndex: leafIndex,
        reason: CREDIT_REASON.correction,
        claim: new Uint8Array(32),
      },
    },
    components: [{ kind: "credit", amountNano: amountNano.toString() }],
  });
  const { account, opened } = credit;
  return { account, epoch, number: opened.account.chargeNumber, amountNano: amountNano.toString() };
}

/** What sponsors pay of a charge: charges of theirs for the same record, numbered with it. */
async function sharesOfSponsors(
  context: EngineContext,
  session: StoreSession,
  { recordId, account, epoch, components = [] }: StoredCharge,
): Promise<Placed[]> {
  let missingNano = 0n;
  for (const { kind, amountNano } of components as ToldComponent[]) {
    if (kind === "sponsored") missingNano -= BigInt(amountNano);
  }
  if (missingNano <= 0n) return [];
  const stored = await session.get<Account>(keys.account(account));
  const shares: Placed[] = [];
  for (const sponsor of new Set(stored?.sponsors?.map((one) => one.account))) {
    const { chargeBook } = context.profile.agreement;
    for await (const { position, charge } of readOwnedRows(
      context.store,
      sponsor,
      epoch,
      chargeBook,
    )) {
      if (charge.recordId !== recordId) continue;
      shares.push(await placedAt(context, Number(position)));
      missingNano -= BigInt(charge.amountNano);
    }
  }
  if (missingNano === 0n) return shares;
  throw new TallystickError(
    "correction.sponsor-unknown",
    "A sponsor pays a part of this charge, and the account does not name that sponsor any more; name it again, then withdraw.",
  );
}

const aboveCharge = (): TallystickError =>
  new TallystickError(
    "correction.above-charge",
    "Credits can not be above their charge; earlier ones gave back the rest of it.",
  );

const nothingCredited = (): TallystickError =>
  new TallystickError(
    "correction.nothing-credited",
    "A credit of nothing corrects nothing; say how much was too much.",
  );

const unknownRecord = (recordId: string): TallystickError =>
  new TallystickError(
    "correction.unknown",
    `There is no charge of the record "${recordId}"; what waits in suspense is corrected there.`,
  );

const planCounted = (): TallystickError =>
  new TallystickError(
    "correction.plan-counted",
    "A plan decides its price, and nothing is taken out of a plan's counters again; credit what was too much, or withdraw the charge and take the record in under an id of its own.",
  );
