/**
 * Why a charge costs what it costs: the parts sum exactly to its amount. "covered" units are paid by
 * an allowance; "counted" units are charged at the period's end, by their sum.
 */
export interface Component {
  kind:
    | "set-up"
    | "tier-fee"
    | "usage"
    | "covered"
    | "counted"
    | "too-short"
    | "sponsored"
    | "minimum"
    | "maximum"
    | "discount"
    | "rounding"
    | "limit"
    | "allowance";
  /** Nano-units; negative where a maximum or a rounding takes away. */
  amountNano: bigint;
  /** What was used, in units of the service's quantity; where units are priced. */
  quantity?: bigint;
  /** What is billed of it, in whole increments; where units are priced. */
  billed?: bigint;
  /** Place of the row that priced it, where that is not the charge's own. */
  row?: number;
  /** The plan's name for what covers, takes off or limits. */
  name?: string;
  /** What a discount takes off, as the plan writes it. */
  percent?: string;
  /** The counter that its tier was found by, before these units. */
  counterBefore?: bigint;
}

/** Places of the rows that priced a charge, counted over all rows in the tariff's tree. */
export interface RowPlaces {
  interval: number;
  calendar: number;
  price: number;
}

export interface Pricing {
  amountNano: bigint;
  components: Component[];
  rows: RowPlaces;
}

/** What a price is found by: the facts that a charge group holds (docs/PROTOCOL.md, section 4). */
export interface PricingFacts {
  /** Codes of the protocol. */
  service: number;
  direction: number;
  /** Since 1970 UTC. */
  startMilliseconds: number;
  /** Whole minutes of the clock from the session's first minute to that of the start. */
  sessionMinutes: number;
  quantity: bigint;
  decidingDigits: bigint;
  /** The number ends within the deciding digits. */
  wholeNumber: boolean;
  /** Packed digits that decide the calling number's origin; where the price asks. */
  originDigits?: bigint;
  /** Packed; where the price asks, and the record names one. */
  visitedNetwork?: number;
  /** The tariff's class of the record; where the price asks. */
  class?: number;
  /** Of the price's counter; absent where it is not known, and then its price is not. */
  counterBefore?: bigint;
}

/** A usage record with its price, and all that its charge and party groups need of both. */
export interface Rated extends Pricing, PricingFacts {
  outcome: "rated";
  currency: string;
  tariffVersion: number;
  secondQuantity: bigint;
  /** Packed digits after the deciding ones; all filler when `partyType` is text. */
  restDigits: bigint;
  /** Code of the protocol: 0 none, 1 international, 2 national or unknown, 3 text. */
  partyType: number;
  /** The name of the other side when `partyType` is text. */
  partyText?: string;
}

/** A record that can not be priced. It waits with its reason; it never costs zero. */
export interface Suspended {
  outcome: "suspended";
  code: string;
  message: string;
}

/** A use that was never charged for: a call that nobody answered. */
export interface NotBillable {
  outcome: "not-billable";
}

export type RatingOutcome = Rated | Suspended | NotBillable;

/** What a use comes to for all who pay for it: its account, and its sponsors. */
export function owedNano({
  amountNano,
  sponsored = [],
}: {
  amountNano: bigint;
  sponsored?: readonly { amountNano: bigint }[];
}): bigint {
  return sponsored.reduce((sum, share) => sum + share.amountNano, amountNano);
}
