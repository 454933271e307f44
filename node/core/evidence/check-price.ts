import { CHARGE_FLAG, CHARGE_KIND, NO_NETWORK } from "../commitment/charge-groups.ts";
import { TallystickError } from "../errors.ts";
import { formatNano } from "../money/decimal.ts";
import type { Pricing, PricingFacts } from "../rating/outcome.ts";
import { placeCharge, priceCharge } from "../rating/price-charge.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { OpenedCharge } from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";
import { checkPeriodEnd } from "./check-period-end.ts";
import type { ClosedLine } from "./period-replay.ts";
import type { Replayed } from "./plan-replay.ts";
import { sessionStart } from "./session-start.ts";

export interface PublishedVersion {
  version: number;
  validFromSeconds: bigint;
  compiled: CompiledTariff | undefined;
}

/** The version in force at an instant: the last that began by then. */
export function versionInForce<V extends { validFromSeconds: bigint }>(
  versions: readonly V[],
  startMilliseconds: bigint,
): V | undefined {
  return versions
    .filter(({ validFromSeconds }) => validFromSeconds * 1000n <= startMilliseconds)
    .reduce<V | undefined>(
      (latest, one) =>
        latest === undefined || one.validFromSeconds > latest.validFromSeconds ? one : latest,
      undefined,
    );
}

/** Prices an opened charge again. @throws TallystickError as `priceCharge` */
export function repriceCharge(compiled: CompiledTariff, charge: OpenedCharge): Pricing {
  return priceCharge(compiled, factsOf(charge));
}

/** The rows that price an opened charge. @throws TallystickError as `priceCharge` */
export function rowsOfCharge(compiled: CompiledTariff, charge: OpenedCharge): Pricing["rows"] {
  return placeCharge(compiled, factsOf(charge));
}

function factsOf(charge: OpenedCharge): PricingFacts {
  return {
    service: charge.service,
    direction: charge.flags & CHARGE_FLAG.directionMask,
    startMilliseconds: Number(charge.start),
    sessionMinutes: charge.sessionMinutes,
    quantity: BigInt(charge.quantity),
    decidingDigits: BigInt(charge.decidingDigits),
    wholeNumber: (charge.flags & CHARGE_FLAG.wholeNumber) !== 0,
    originDigits: BigInt(charge.originDigits),
    ...(charge.visitedNetwork === NO_NETWORK ? {} : { visitedNetwork: charge.visitedNetwork }),
    class: charge.class,
    // As the ledger does: a charge that names no counter is counted from zero.
    counterBefore: BigInt(charge.counters[0]?.counterBefore ?? 0),
  };
}

/**
 * Whether the amount is what the tariff in force at the charge's start yields.
 * @param replay prices a charge that names a plan, by the lines before it
 * @param close finds a line of a period's end in what the lines of the bill yield
 */
export function checkPrice(
  charge: OpenedCharge,
  amountNano: bigint,
  currency: string,
  tariffs: readonly PublishedVersion[],
  replay?: (compiled: CompiledTariff) => Replayed | undefined,
  close?: (compiled: CompiledTariff) => ClosedLine | undefined,
): { check: Check; expectedNano?: bigint } {
  const name = "priced";
  const failed = (because: string) => ({ check: fail(name, because) });
  if (charge.kind === CHARGE_KIND.assignment) {
    return {
      expectedNano: 0n,
      check:
        amountNano === 0n
          ? pass(name, "It says which plan the account has, and asks nothing.")
          : fail(name, "It says which plan the account has, and must ask nothing."),
    };
  }
  if (charge.kind !== CHARGE_KIND.usage) {
    const { version, compiled } = versionInForce(tariffs, BigInt(charge.start)) ?? {};
    const isOfBill = compiled?.currency === currency && version === charge.tariffVersion;
    const closed = compiled === undefined || !isOfBill ? undefined : close?.(compiled);
    return checkPeriodEnd(charge.kind, amountNano, currency, closed);
  }
  const tariff = versionInForce(tariffs, BigInt(charge.start));
  if (tariff === undefined) return failed("No tariff that is shown was in force at that time.");
  if (tariff.compiled === undefined)
    return failed("The tariff in force could not be confirmed on the ledger.");
  if (tariff.compiled.currency !== currency) {
    return failed(`The tariff is in ${tariff.compiled.currency}, the bill in ${currency}.`);
  }
  const session = sessionStart(charge);
  if (session.isImpossible) return failed(session.because);
  let expectedNano: bigint;
  let replayed: Replayed | undefined;
  try {
    replayed = replay?.(tariff.compiled);
    expectedNano = replayed?.amountNano ?? repriceCharge(tariff.compiled, charge).amountNano;
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return error.code === "rating.needs-account"
      ? { check: unknown(name, "Its price depends on a plan that is not shown.") }
      : failed(`The tariff has no price for it: ${error.message}`);
  }
  if (tariff.version !== charge.tariffVersion) {
    const because = `It was priced by version ${charge.tariffVersion}; version ${tariff.version} was in force.`;
    return { expectedNano, check: fail(name, because) };
  }
  const [asked, expected] = [formatNano(amountNano, 2), formatNano(expectedNano, 2)];
  const asOf = session.isFar ? ` ${session.because}` : "";
  if (replayed !== undefined) {
    return { expectedNano, check: checkReplayed(replayed, amountNano, currency, asOf) };
  }
  return {
    expectedNano,
    check:
      expectedNano === amountNano
        ? pass(name, `The published tariff yields ${expected} ${currency}.${asOf}`)
        : fail(
            name,
            `The published tariff yields ${expected} ${currency}; the bill asks ${asked}.${asOf}`,
          ),
  };
}

/** A price that the account's plan decided: green only where nothing but the bill's own lines decides it. */
function checkReplayed(
  { plan, amountNano: expectedNano, wrong, told }: Replayed,
  amountNano: bigint,
  currency: string,
  asOf: string,
): Check {
  const name = "priced";
  const [asked, expected] = [formatNano(amountNano, 2), formatNano(expectedNano, 2)];
  const by = plan === undefined ? "without a plan" : `by the plan "${plan}"`;
  const yields = `The published tariff yields ${expected} ${currency} ${by}, which this charge names`;
  if (expectedNano !== amountNano) return fail(name, `${yields}; the bill asks ${asked}.${asOf}`);
  if (wrong !== undefined) return fail(name, `${yields}, but ${wrong}.${asOf}`);
  if (told.length === 0) {
    return pass(name, `${yields}, counted from the lines of this bill.${asOf}`);
  }
  const words = told.join("; ");
  return unknown(name, `${yields}, if the operator's word is true on: ${words}.${asOf}`);
}
