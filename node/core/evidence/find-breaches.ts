import { CHARGE_KIND, chargeDueMilliseconds } from "../commitment/charge-groups.ts";
import { rowsAt } from "../rating/price-charge.ts";
import {
  accountOpening,
  creditOpening,
  invoiceOpening,
  leafOfCharge,
  leafOfCredit,
  leafOfInvoice,
  leafRest,
  openedAccount,
  openedCredit,
  openedUse,
  usageOpening,
} from "./breach-openings.ts";
import type { Bundle, BundleBatch, BundleCharge, BundleCredit } from "./bundle.ts";
import { isClosed } from "./bundle.ts";
import { repriceCharge } from "./check-price.ts";
import type { OpenedLeaf } from "./claim-message.ts";
import { counterSteps, scopesReused } from "./counter-steps.ts";
import {
  attempt,
  BundleTariffs,
  type FoundBreach,
  inOrderOfPlaces,
  placeOf,
} from "./found-breach.ts";
import { chargeFromJson } from "./group-json.ts";
import { priceEvidence } from "./mispriced-opening.ts";
import { planBreaches } from "./plan-breaches.ts";
import { sessionStart } from "./session-start.ts";

/**
 * What the ledger would find against the operator, by what this bundle opens. Only what is shown
 * counts: a bundle with closed groups shows less. It believes the bundle's proofs; whoever claims a
 * breach verifies them first.
 * @param maxRecordAgeSeconds of the agreement; without it nothing is too late
 */
export function findBreaches(
  bundle: Bundle,
  { maxRecordAgeSeconds }: { maxRecordAgeSeconds?: string } = {},
): FoundBreach[] {
  const ageMax = maxRecordAgeSeconds === undefined ? undefined : BigInt(maxRecordAgeSeconds);
  const tariffs = new BundleTariffs(bundle);
  return [
    ...bundle.charges.flatMap((charge) => [
      ...attempt(() => mispriced(bundle, tariffs, charge)),
      ...attempt(() => untimely(bundle, charge, ageMax)),
      ...attempt(() => afterInvoice(bundle, charge)),
    ]),
    ...usedTwice(bundle, "chargeNumberReused", (charge) => {
      const { pseudonym, chargeNumber } = openedAccount(charge);
      return `${pseudonym} ${chargeNumber}`;
    }),
    ...usedTwice(bundle, "sourceReused", (charge) => {
      const { sourceTag } = openedAccount(charge);
      return /^0x0*$/.test(sourceTag) ? undefined : sourceTag;
    }),
    ...runningTotals(bundle),
    ...scopesReused(bundle),
    ...counterSteps(bundle, tariffs),
    ...planBreaches(bundle),
    ...attempt(() => invoiceTotal(bundle)),
    ...creditsAbove(bundle),
  ];
}

const byUse = (bundle: Bundle, charge: BundleCharge): OpenedLeaf => ({
  leaf: leafOfCharge(bundle, charge),
  salt: openedUse(charge).salt,
});
const byAccount = (bundle: Bundle, charge: BundleCharge): OpenedLeaf => ({
  leaf: leafOfCharge(bundle, charge),
  salt: openedAccount(charge).salt,
});

function mispriced(
  bundle: Bundle,
  tariffs: BundleTariffs,
  charge: BundleCharge,
): FoundBreach | undefined {
  const use = openedUse(charge);
  if (use.kind !== CHARGE_KIND.usage) return undefined;
  const { tariff, tree } = tariffs.inForce(use);
  const pricing = repriceCharge(tariff, use);
  const claimedNano = BigInt(charge.amountNano) - pricing.amountNano;
  // What the rows do not let the ledger price again is for the arbiter.
  if (claimedNano <= 0n || !rowsAt(tariff, pricing.rows).price.provable) return undefined;
  return {
    kind: "mispricedCharge",
    line: charge.line,
    ...placeOf(bundle, charge),
    claimedNano,
    opened: byUse(bundle, charge),
    evidence: { ...usageOpening(bundle, charge), price: priceEvidence(tariff, pricing, tree) },
  };
}

function untimely(
  bundle: Bundle,
  charge: BundleCharge,
  ageMax: bigint | undefined,
): FoundBreach | undefined {
  const use = openedUse(charge);
  const { blockTime } = bundle.batches[charge.batch] as BundleBatch;
  if (use.kind === CHARGE_KIND.assignment || blockTime === undefined) return undefined;
  const due = chargeDueMilliseconds(chargeFromJson(use));
  const committed = BigInt(blockTime) * 1000n;
  const isLate = ageMax !== undefined && committed / 1000n - due / 1000n > ageMax;
  const isUntimely = due > committed || isLate || sessionStart(use).isImpossible;
  const claimedNano = BigInt(charge.amountNano);
  if (!isUntimely || claimedNano === 0n) return undefined;
  return {
    kind: "untimelyCharge",
    line: charge.line,
    ...placeOf(bundle, charge),
    claimedNano,
    opened: byUse(bundle, charge),
    evidence: usageOpening(bundle, charge),
  };
}

function afterInvoice(bundle: Bundle, charge: BundleCharge): FoundBreach | undefined {
  const { invoice } = bundle;
  const { pseudonym, chargeNumber } = openedAccount(charge);
  const claimedNano = BigInt(charge.amountNano);
  if (invoice === undefined || invoice.body.pseudonym !== pseudonym) return undefined;
  if (BigInt(chargeNumber) <= BigInt(invoice.body.lastChargeNumber)) return undefined;
  if (claimedNano === 0n) return undefined;
  const at = placeOf(bundle, invoice);
  return {
    kind: "chargeAfterInvoice",
    line: charge.line,
    ...placeOf(bundle, charge),
    claimedNano,
    opened: byAccount(bundle, charge),
    evidence: {
      charge: accountOpening(bundle, charge),
      invoiceBook: at.book,
      invoiceSequence: at.sequence.toString(),
      invoiceIndex: at.leafIndex,
      invoice: invoiceOpening(bundle, invoice),
    },
  };
}

/** Of two that must not both stand the later place is the breach. */
function* usedTwice(
  bundle: Bundle,
  kind: "chargeNumberReused" | "sourceReused",
  keyOf: (charge: BundleCharge) => string | undefined,
): Generator<FoundBreach> {
  const first = new Map<string, BundleCharge>();
  for (const charge of inOrderOfPlaces(bundle)) {
    if (isClosed(charge.account)) continue;
    const key = keyOf(charge);
    if (key === undefined) continue;
    const before = first.get(key);
    if (before === undefined) first.set(key, charge);
    else yield* attempt(() => pairOf(bundle, kind, charge, before, BigInt(charge.amountNano)));
  }
}

function* runningTotals(bundle: Bundle): Generator<FoundBreach> {
  for (const charge of bundle.charges) {
    yield* attempt(() => {
      const { pseudonym, chargeNumber, runningTotalNano } = openedAccount(charge);
      const number = BigInt(chargeNumber);
      const before =
        number === 1n
          ? charge
          : bundle.charges.find(
              ({ account }) =>
                !isClosed(account) &&
                account.pseudonym === pseudonym &&
                BigInt(account.chargeNumber) === number - 1n,
            );
      if (before === undefined) return undefined;
      const totalBefore = number === 1n ? 0n : BigInt(openedAccount(before).runningTotalNano);
      const excess = BigInt(runningTotalNano) - totalBefore - BigInt(charge.amountNano);
      return excess > 0n ? pairOf(bundle, "runningTotalWrong", charge, before, excess) : undefined;
    });
  }
}

function pairOf(
  bundle: Bundle,
  kind: "chargeNumberReused" | "sourceReused" | "runningTotalWrong",
  claimed: BundleCharge,
  before: BundleCharge,
  claimedNano: bigint,
): FoundBreach | undefined {
  if (claimedNano === 0n) return undefined;
  const { sequence, leafIndex } = placeOf(bundle, before);
  return {
    kind,
    line: claimed.line,
    ...placeOf(bundle, claimed),
    claimedNano,
    opened: byAccount(bundle, claimed),
    evidence: {
      claimed: accountOpening(bundle, claimed),
      beforeSequence: sequence.toString(),
      beforeIndex: leafIndex,
      before: accountOpening(bundle, before),
    },
  };
}

function invoiceTotal(bundle: Bundle): FoundBreach | undefined {
  const { invoice } = bundle;
  if (invoice === undefined) return undefined;
  const { pseudonym, lastChargeNumber } = invoice.body;
  const last = bundle.charges.find(
    ({ account }) =>
      !isClosed(account) &&
      account.pseudonym === pseudonym &&
      account.chargeNumber === lastChargeNumber,
  );
  if (last === undefined) return undefined;
  const excess = BigInt(invoice.chargesNano) - BigInt(openedAccount(last).runningTotalNano);
  if (excess <= 0n) return undefined;
  const at = placeOf(bundle, last);
  return {
    kind: "invoiceTotalWrong",
    line: "invoice",
    ...placeOf(bundle, invoice),
    claimedNano: excess,
    opened: { leaf: leafOfInvoice(bundle, invoice), salt: invoice.body.salt },
    evidence: {
      invoice: invoiceOpening(bundle, invoice),
      chargeBook: at.book,
      chargeSequence: at.sequence.toString(),
      chargeIndex: at.leafIndex,
      lastCharge: accountOpening(bundle, last),
    },
  };
}

/** Credits in the order of their places; the one that passes the charge's amount is the breach. */
function* creditsAbove(bundle: Bundle): Generator<FoundBreach> {
  for (const charge of bundle.charges) {
    const target = placeOf(bundle, charge);
    const credits = bundle.credits.filter((proof): proof is BundleCredit => {
      if (isClosed(proof.credit)) return false;
      const { targetDomain, targetSequence, targetIndex } = openedCredit(proof);
      return (
        targetDomain === target.book &&
        BigInt(targetSequence) === target.sequence &&
        targetIndex === target.leafIndex
      );
    });
    const sum = credits.reduce((total, { amountNano }) => total + BigInt(amountNano), 0n);
    const last = credits.at(-1);
    if (last === undefined || sum <= BigInt(charge.amountNano)) continue;
    yield* attempt(() => {
      const { third, path } = accountOpening(bundle, charge);
      return {
        kind: "creditAboveOriginal",
        line: last.line,
        ...placeOf(bundle, last),
        claimedNano: 0n,
        opened: { leaf: leafOfCredit(bundle, last), salt: openedCredit(last).salt },
        evidence: {
          credits: credits.map((credit) => creditOpening(bundle, credit)),
          third,
          charge: leafRest(charge),
          chargePath: path,
        },
      };
    });
  }
}
