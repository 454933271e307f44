import { DIRECTION_CODE, PARTY_TYPE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { TallystickError } from "../errors.ts";
import { packNetwork } from "../records/network-code.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { type CompiledTariff, findIntervalRow } from "../tariff/compile.ts";
import { classOf, type Dimensions, type Groups, originDigitsOf } from "../tariff/conditions.ts";
import { DIGITS_MAX, NO_DIGITS, packDigits, splitDecidingDigits } from "../tariff/digits.ts";
import { type OtherParty, readOtherParty } from "../tariff/numbering.ts";
import { type IntervalRow, NO_MAXIMUM_NANO, PLAN_REDUCES, PRICE_KIND } from "../tariff/rows.ts";
import { declaredAmountOf } from "./declared-amount.ts";
import type { Pricing, Rated, RatingOutcome } from "./outcome.ts";
import { noRowForNumber, priceInInterval, requireInForce, rowsAt } from "./price-charge.ts";
import { firstPricePlace } from "./price-pieces.ts";
import { quantitiesOf } from "./quantity.ts";
import { sessionTimesOf } from "./session.ts";

/**
 * Prices one usage record. What can not be priced is suspended with its reason, never priced at
 * zero; what was not answered is not billable. The record is trusted to have the shape of
 * `UsageRecord`, not to make sense.
 */
export function rateUsage(tariff: CompiledTariff, record: UsageRecord): RatingOutcome {
  if (record.billable === false) return { outcome: "not-billable" };
  try {
    return rate(tariff, record);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return { outcome: "suspended", code: error.code, message: error.message };
  }
}

function rate(tariff: CompiledTariff, record: UsageRecord): Rated {
  const { interval, facts } = locateUse(tariff, record);
  const pricing = priceInInterval(tariff, interval, facts);
  requireWholeSession(tariff, record, pricing.rows);
  return { outcome: "rated", ...pricing, ...facts };
}

/** All of a rated record but its price. */
export type RatedFacts = Omit<Rated, "outcome" | keyof Pricing>;

/**
 * Where a record belongs: its interval row, and the facts that its charge will hold.
 * @throws TallystickError with the reason for which it can not be priced
 */
export function locateUse(
  tariff: CompiledTariff,
  record: UsageRecord,
  groupsAt?: (startMilliseconds: number) => Groups,
): { interval: number; facts: RatedFacts } {
  const times = sessionTimesOf(record);
  requireInForce(tariff, times.startMilliseconds);
  const service = SERVICE_CODE[record.service];
  const direction = DIRECTION_CODE[record.direction];
  const party = otherPartyOf(tariff, record);
  const digits = "digits" in party ? party.digits : "";
  const head = packDigits(digits.slice(0, DIGITS_MAX));
  const interval = findIntervalRow(tariff, service, direction, head);
  if (interval === undefined) throw noRow(tariff, record, party);
  const row = tariff.intervalRows[interval] as IntervalRow;
  const zone = tariff.zones[row.zone - 1];
  const quantities =
    zone?.service.measure === "amount" ? declaredAmountOf(record, tariff) : quantitiesOf(record);
  const split = splitDecidingDigits(digits, row);
  requireNumber(record, party, split.deciding === NO_DIGITS && !split.wholeNumber);
  const facts: RatedFacts = {
    ...times,
    ...quantities,
    service,
    direction,
    decidingDigits: split.deciding,
    restDigits: split.rest,
    wholeNumber: split.wholeNumber,
    partyType: PARTY_TYPE[party.type],
    ...(party.type === "text" ? { partyText: party.text } : {}),
    ...(zone === undefined ? {} : conditionsOf(tariff, zone.by, record, times, groupsAt)),
    currency: tariff.currency,
    tariffVersion: tariff.version,
  };
  return { interval, facts };
}

/** Facts that only some services' prices ask for. */
function conditionsOf(
  { conditions, document }: CompiledTariff,
  by: Dimensions,
  record: UsageRecord,
  { startMilliseconds }: Pick<RatedFacts, "startMilliseconds">,
  groupsAt: ((startMilliseconds: number) => Groups) | undefined,
): Pick<RatedFacts, "originDigits" | "visitedNetwork" | "class"> {
  return {
    ...(by.origin ? { originDigits: originDigitsOf(conditions, record, document) } : {}),
    ...(by.area && record.visitedNetwork !== undefined
      ? { visitedNetwork: packNetwork(record.visitedNetwork) }
      : {}),
    ...(by.class ? { class: classOf(document, record, groupsAt?.(startMilliseconds)) } : {}),
  };
}

/** The other side as the served party sees it: who called in, or who was called. */
function otherPartyOf(tariff: CompiledTariff, record: UsageRecord): OtherParty {
  const written = record.direction === "incoming" ? record.aParty : record.bParty;
  return readOtherParty(written, tariff.document.numbering);
}

function noRow(tariff: CompiledTariff, record: UsageRecord, party: OtherParty): TallystickError {
  const { service, direction } = record;
  const isSold = tariff.document.services.some(
    (sold) => sold.service === service && (sold.direction ?? "none") === direction,
  );
  if (isSold) {
    requireNumber(record, party, false);
    return noRowForNumber();
  }
  return new TallystickError(
    "rating.service-not-in-tariff",
    `The tariff has no prices for ${service}, direction ${direction}.`,
    { field: "service" },
  );
}

/** Callers may withhold their number; whoever was called has one, if it decides the price. */
function requireNumber(record: UsageRecord, party: OtherParty, anyNumber: boolean): void {
  if (anyNumber || "digits" in party || record.direction === "incoming") return;
  throw new TallystickError(
    "rating.no-number",
    party.type === "none"
      ? "The price depends on the other side's number, and the record has none."
      : "The price depends on the other side's number, and the record has a name instead.",
    { field: "bParty" },
  );
}

/** Fees, bounds, tiers and bands that run over a whole session: its partial records must be joined first. */
export function requireWholeSession(
  tariff: CompiledTariff,
  record: UsageRecord,
  places: Rated["rows"],
): void {
  if (record.partial === undefined) return;
  const { price } = rowsAt(tariff, places);
  const source = tariff.priceSources[places.price - firstPricePlace(tariff)]?.price;
  // What is counted over the session is joined while it is rated.
  if (source?.counted === "session" || source?.counted === "session-end") return;
  const hasMaximum = price.maximumNano < NO_MAXIMUM_NANO;
  const kind = price.kind & ~PLAN_REDUCES;
  const runsOn = kind === PRICE_KIND.byIncrementBand || kind === PRICE_KIND.sessionTier;
  const hasFloor = price.minimumNano > 0n || source?.chargedFrom !== undefined;
  const countsOnce = price.setUpNano > 0n || hasFloor || hasMaximum || runsOn;
  if (!countsOnce) return;
  throw new TallystickError(
    "rating.session-not-joined",
    "The price has a part that is due once a session; join the session's partial records first.",
    { field: "partial" },
  );
}
