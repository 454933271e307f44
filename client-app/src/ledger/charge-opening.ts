import { type Hex, toHex } from "../../../node/core/bytes.ts";
import {
  accountGroupDigest,
  partyGroupDigest,
} from "../../../node/core/commitment/charge-groups.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { type Bundle, isClosed, type OpenedCharge } from "../../../node/core/evidence/bundle.ts";
import { repriceCharge } from "../../../node/core/evidence/check-price.ts";
import { accountFromJson, partyFromJson } from "../../../node/core/evidence/group-json.ts";
import { ROUNDING_MODES } from "../../../node/core/money/rounding.ts";
import { rowsAt } from "../../../node/core/rating/price-charge.ts";
import { type CompiledTariff, compileTariff } from "../../../node/core/tariff/compile.ts";
import type { PriceRow } from "../../../node/core/tariff/rows.ts";
import { buildTariffTree } from "../../../node/core/tariff/tariff-tree.ts";

const NO_SCOPE = { scope: `0x${"00".repeat(8)}`, scopeSequence: "0", counterBefore: "0" };

/**
 * What the ledger is shown to price one charge again: the charge group with its salt, and of the two
 * other groups only their digests, so that neither the subscriber nor the rest of the number appears.
 * The shape is MispricedEvidence of contracts/interfaces/IClaims.sol, field by field; integers are
 * decimal strings, bytes "0x…".
 */
export type ChargeOpening = ReturnType<typeof openCharge>;

/** @throws TallystickError `dispute.group-closed`, and what pricing throws */
export function openCharge(bundle: Bundle, line: string) {
  const proof = bundle.charges.find((charge) => charge.line === line);
  const batch = proof === undefined ? undefined : bundle.batches[proof.batch];
  if (proof === undefined || batch?.blockTime === undefined || isClosed(proof.charge)) {
    throw new TallystickError(
      "dispute.group-closed",
      "This bill does not hold what the ledger needs to price the line again. Ask your operator for the full evidence.",
    );
  }
  const { charge, account, party } = proof;
  const document = bundle.tariffs.find((tariff) => tariff.version === charge.tariffVersion);
  const tariff = compileTariff(document?.document, charge.tariffVersion);
  return {
    charge: chargeGroup(charge),
    rest: {
      account: isClosed(account)
        ? account.digest
        : toHex(accountGroupDigest(accountFromJson(account))),
      party: isClosed(party) ? party.digest : toHex(partyGroupDigest(partyFromJson(party))),
      amountNano: proof.amountNano,
    },
    path: {
      depth: batch.depth,
      siblings: proof.path,
      totals: batch.totals,
      runningTotals: batch.runningTotals,
      blockTime: batch.blockTime,
    },
    price: priceEvidence(tariff, charge),
  };
}

function chargeGroup(charge: OpenedCharge) {
  const { counters, visitedNetwork, decidingDigits, originDigits, ...same } = charge;
  return {
    ...same,
    decidingDigits: BigInt(decidingDigits).toString(),
    originDigits: BigInt(originDigits).toString(),
    visitedNetwork: `0x${visitedNetwork.toString(16).padStart(6, "0")}`,
    scopes: [counters[0] ?? NO_SCOPE, counters[1] ?? NO_SCOPE],
  };
}

function priceEvidence(tariff: CompiledTariff, charge: OpenedCharge) {
  const { rows } = repriceCharge(tariff, charge);
  const { interval, calendar, price } = rowsAt(tariff, rows);
  const { header, path } = buildTariffTree(tariff);
  const place = (row: number) => ({ index: row, siblings: path(row).map(toHex) });
  return {
    header: {
      currency: toHex(new TextEncoder().encode(header.currency)),
      depth: header.depth,
      count: header.count,
      rowsRoot: toHex(header.rowsRoot),
      documentHash: toHex(header.documentHash),
    },
    interval: {
      service: interval.service,
      direction: interval.direction,
      low: interval.low.toString(),
      high: interval.high.toString(),
      zone: interval.zone,
    },
    intervalPath: place(rows.interval),
    calendar: { from: `${calendar.from}`, to: `${calendar.to}`, band: calendar.band },
    calendarPath: place(rows.calendar),
    price: priceRow(price),
    pricePath: place(rows.price),
  };
}

function priceRow(row: PriceRow) {
  return {
    zone: row.zone,
    area: row.area,
    origin: row.origin,
    band: row.band,
    class: row.class,
    kind: row.kind,
    provable: row.provable ? 1 : 0,
    price: row.priceNano.toString(),
    per: row.per.toString(),
    setUp: row.setUpNano.toString(),
    first: row.first.toString(),
    step: row.step.toString(),
    minimum: row.minimumNano.toString(),
    maximum: row.maximumNano.toString(),
    tierFrom: row.tierFrom.toString(),
    tierTo: row.tierTo.toString(),
    mode: ROUNDING_MODES.indexOf(row.mode),
    scale: row.scale,
    split: row.split,
  };
}

/** The place of a charge in its operator's book, as a claim names it. */
export interface ClaimPlace {
  domain: Hex;
  sequence: string;
  leafIndex: number;
}

export interface ClaimContext {
  place: ClaimPlace;
  chainId: string;
  claims: Hex;
  endpoints: { member: string; url: string }[];
  epoch: string;
}

/** What a claim about one line has to name. */
export function claimContext(bundle: Bundle, line: string): ClaimContext {
  const proof = bundle.charges.find((charge) => charge.line === line);
  const batch = proof === undefined ? undefined : bundle.batches[proof.batch];
  if (proof === undefined || batch === undefined) {
    throw new TallystickError("dispute.line-unknown", `This bill has no line ${line}.`);
  }
  return {
    place: { domain: batch.domain, sequence: batch.sequence, leafIndex: proof.leafIndex },
    chainId: bundle.ledger.chainId,
    claims: bundle.ledger.contracts.claims,
    endpoints: bundle.ledger.endpoints,
    epoch: bundle.period.epoch,
  };
}
