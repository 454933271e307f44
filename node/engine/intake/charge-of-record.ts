import { fromHex, toHex } from "../../core/bytes.ts";
import {
  CHARGE_FLAG,
  CHARGE_KIND,
  type ChargeGroup,
  chargeWithoutUse,
  NO_DIGITS,
  NO_NETWORK,
  PARTY_TYPE,
} from "../../core/commitment/charge-groups.ts";
import { type SourceRole, textIdentity } from "../../core/commitment/secrets.ts";
import type { ToldComponent } from "../../core/evidence/bundle.ts";
import type { Component, Rated } from "../../core/rating/outcome.ts";
import type { RatedFacts } from "../../core/rating/rate-usage.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { UnnumberedCharge } from "../number/number-charge.ts";
import type { HandPrice } from "../operator.ts";
import type { Guided } from "../rate/price-use.ts";
import type { PricedUse } from "../rate/rate-accounts.ts";
import type { AccountedPrice } from "../store/stored-types.ts";

/* From a rated record to the groups that its charge commits to. */

/** Of the part of a charge that another account pays (docs/PROTOCOL.md, section 3). */
export const SPONSOR_ROLE: SourceRole = 4;

export interface PricedRecord {
  record: UsageRecord;
  rated: Rated;
  use: PricedUse;
  guide: Guided;
  amountNano: bigint;
  hand: HandPrice | undefined;
  fileSha256: string | undefined;
}

/** A charge of a record that waits for its number. */
export function unnumbered(one: PricedRecord): UnnumberedCharge {
  const { record, rated, use, guide, amountNano, hand, fileSha256 } = one;
  const accounted = accountedPrice(use);
  return {
    recordId: record.id,
    revision: 0,
    account: guide.account,
    epoch: guide.epoch,
    device: guide.device,
    amountNano,
    startMilliseconds: guide.startMilliseconds,
    party: (salt) => partyGroupOf(rated, record, fileSha256, salt),
    third: { kind: "charge", group: chargeGroupOf(rated, use.scopes) },
    ...(accounted === undefined ? {} : { moves: accounted.moves }),
    components:
      hand === undefined
        ? rated.components.map(toldComponent)
        : [{ kind: "hand-price", amountNano: amountNano.toString(), reason: hand.reason }],
    usage: record,
  };
}

/** All of a usage charge's third group but its salt. */
export function chargeGroupOf(
  rated: RatedFacts,
  counters: ChargeGroup["counters"] = [],
): Omit<ChargeGroup, "salt"> {
  return {
    kind: CHARGE_KIND.usage,
    service: rated.service,
    flags: rated.direction | (rated.wholeNumber ? CHARGE_FLAG.wholeNumber : 0),
    start: BigInt(rated.startMilliseconds),
    sessionMinutes: rated.sessionMinutes,
    quantity: rated.quantity,
    secondQuantity: rated.secondQuantity,
    decidingDigits: rated.decidingDigits,
    originDigits: rated.originDigits ?? NO_DIGITS,
    visitedNetwork: rated.visitedNetwork ?? NO_NETWORK,
    class: rated.class ?? 0,
    tariffVersion: rated.tariffVersion,
    counters,
  };
}

/** A charge that stands for itself. */
const NO_EVENTS = new Uint8Array(32);

function partyGroupOf(
  rated: Pick<Rated, "restDigits" | "partyType" | "partyText">,
  record: { source?: UsageRecord["source"]; eventsRoot?: string | undefined },
  fileSha256: string | undefined,
  salt: Uint8Array,
) {
  const text = rated.partyText;
  const source = record.source;
  return {
    group: {
      restDigits: text === undefined ? rated.restDigits : BigInt(toHex(textIdentity(salt, text))),
      type: rated.partyType,
      cell: 0n,
      file:
        fileSha256 === undefined ? new Uint8Array(16) : fromHex(`0x${fileSha256.slice(0, 32)}`, 16),
      offset: BigInt(source?.byteOffset ?? 0),
      length: source?.byteLength ?? 0,
      eventsRoot: record.eventsRoot === undefined ? NO_EVENTS : fromHex(record.eventsRoot, 32),
    },
    ...(text === undefined ? {} : { text }),
  };
}

/** What the store keeps of a price that an account decided; undefined for others. */
export function accountedPrice({ accounted, scopes = [] }: PricedUse): AccountedPrice | undefined {
  if (accounted === undefined) return undefined;
  return {
    scopes: scopes.map(({ scope, scopeSequence, counterBefore }) => ({
      scope: toHex(scope),
      scopeSequence: scopeSequence.toString(),
      counterBefore: counterBefore.toString(),
    })),
    components: accounted.components.map(toldComponent),
    moves: accounted.counters.map(({ name, scope, of, before, after, granted, rolled }) => ({
      name,
      scope,
      ...(scope === "device" ? { device: of } : {}),
      before: before.toString(),
      after: after.toString(),
      ...(granted === undefined ? {} : { granted: granted.toString() }),
      ...(rolled === undefined ? {} : { rolled }),
    })),
  };
}

function toldComponent(component: Component): ToldComponent {
  const { amountNano, quantity, billed, counterBefore, ...rest } = component;
  return {
    ...rest,
    amountNano: amountNano.toString(),
    ...(quantity === undefined ? {} : { quantity: quantity.toString() }),
    ...(billed === undefined ? {} : { billed: billed.toString() }),
    ...(counterBefore === undefined ? {} : { counterBefore: counterBefore.toString() }),
  };
}

/** What sponsors pay of a record: a charge of kind third party for each, with no facts of the use. */
export function sponsoredCharges({
  record,
  use: { accounted },
  guide: { epoch, startMilliseconds, tariff },
  fileSha256,
}: PricedRecord): UnnumberedCharge[] {
  const sums = new Map<string, { amountNano: bigint; components: ToldComponent[] }>();
  for (const { name, account, amountNano } of accounted?.sponsored ?? []) {
    const sum = sums.get(account) ?? { amountNano: 0n, components: [] };
    sum.amountNano += amountNano;
    sum.components.push({ kind: "sponsored", name, amountNano: amountNano.toString() });
    sums.set(account, sum);
  }
  const nobody = { partyType: PARTY_TYPE.none, restDigits: NO_DIGITS } as const;
  return [...sums].map(([account, { amountNano, components }]) => ({
    recordId: record.id,
    revision: 0,
    account,
    epoch,
    device: account,
    amountNano,
    startMilliseconds,
    party: (salt) => partyGroupOf(nobody, { ...record, eventsRoot: undefined }, fileSha256, salt),
    third: {
      kind: "charge",
      group: chargeWithoutUse(CHARGE_KIND.thirdParty, startMilliseconds, tariff.version),
    },
    components,
    moves: [],
  }));
}
