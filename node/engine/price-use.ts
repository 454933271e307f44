import { fromHex, toHex } from "../core/bytes.ts";
import {
  CHARGE_FLAG,
  CHARGE_KIND,
  dueMilliseconds,
  NO_DIGITS,
  NO_NETWORK,
} from "../core/commitment/charge-groups.ts";
import { textIdentity } from "../core/commitment/secrets.ts";
import { parseDecimalNano } from "../core/money/decimal.ts";
import type { Rated, RatingOutcome } from "../core/rating/outcome.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import { EpochCalendar, epochAfter } from "./billing-epoch.ts";
import type { AccountGuide } from "./guide-account.ts";
import type { UnnumberedCharge } from "./number-charge.ts";
import type { EngineContext, HandPrice } from "./operator.ts";
import { ServedNumbers, servedIdentities } from "./served-party.ts";
import type { ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

/** What a record needs before it can be priced. */
export interface Guided {
  startMilliseconds: number;
  tariff: ShelvedTariff;
  account: string;
  device: string;
  epoch: string;
}

/** Why a record waits in suspense. */
export interface Wait {
  code: string;
  message: string;
}

export type PriceOutcome =
  | { outcome: "priced"; priced: PricedRecord }
  | { outcome: "not-billable" }
  | { outcome: "wait"; wait: Wait };

/** Guides a record to its account and prices it, or says why neither can be. Keeps nothing of it. */
export class UsePricer {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #epochs: EpochCalendar;
  readonly #hasHandPrices: boolean;
  readonly #numbers = new Map<ShelvedTariff, ServedNumbers>();
  readonly #rate: (tariff: ShelvedTariff, record: UsageRecord) => RatingOutcome;
  #guide: AccountGuide;
  #nowSeconds = 0n;
  #closedEpoch: string | undefined;

  /** @param rate the compiled rater, unless it is to be compared with another */
  constructor(
    context: EngineContext,
    tariffs: TariffShelf,
    guide: AccountGuide,
    rate: (tariff: ShelvedTariff, record: UsageRecord) => RatingOutcome = ({ rater }, record) =>
      rater.rate(record),
  ) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#guide = guide;
    this.#rate = rate;
    this.#epochs = new EpochCalendar(context.profile.zone);
    this.#hasHandPrices = Object.keys(context.profile.handPrices).length > 0;
  }

  useGuide(guide: AccountGuide): void {
    this.#guide = guide;
  }

  /** @param closedEpoch the last that was billed, as the store says it */
  async startAt(closedEpoch: string | undefined): Promise<void> {
    this.#closedEpoch = closedEpoch;
    await this.readTime();
  }

  /** The ledger's time moves on while a file is taken in. */
  async readTime(): Promise<void> {
    this.#nowSeconds = await this.#context.time.seconds();
  }

  get nowSeconds(): bigint {
    return this.#nowSeconds;
  }

  /** Whose it is, by which tariff and in which epoch; or why that can not be said. */
  guide(record: UsageRecord): Guided | Wait {
    const { profile } = this.#context;
    const startMilliseconds = Date.parse(record.start);
    const tariff = this.#tariffs.inForce(startMilliseconds);
    if (tariff === undefined) {
      return {
        code: "rating.tariff-not-in-force",
        message: "No published tariff was in force when it started; publish one and recycle.",
      };
    }
    const guided =
      profile.trunkAccount === undefined
        ? this.#guide.guide(
            servedIdentities(record, this.#numbersOf(tariff), tariff.compiled.document.numbering),
            startMilliseconds,
          )
        : { account: profile.trunkAccount, device: profile.trunkAccount };
    if ("code" in guided) return guided;
    const { account, device } = guided;
    return {
      startMilliseconds,
      tariff,
      account,
      device,
      epoch: this.#openEpoch(startMilliseconds),
    };
  }

  /** A tariff says how numbers are written, so each has a memory of its own. */
  #numbersOf(tariff: ShelvedTariff): ServedNumbers {
    let numbers = this.#numbers.get(tariff);
    if (numbers === undefined) {
      numbers = new ServedNumbers();
      this.#numbers.set(tariff, numbers);
    }
    return numbers;
  }

  price(record: UsageRecord, guide: Guided, fileSha256: string | undefined): PriceOutcome {
    const rated = this.#rate(guide.tariff, record);
    if (rated.outcome === "not-billable") return rated;
    if (rated.outcome === "suspended") return { outcome: "wait", wait: rated };
    const wait = this.#untimely(rated);
    if (wait !== undefined) return { outcome: "wait", wait };
    const hand = this.#handPriceOf(record);
    const amountNano = hand === undefined ? rated.amountNano : parseDecimalNano(hand.amount);
    return {
      outcome: "priced",
      priced: { record, rated, guide, amountNano, hand, fileSha256 },
    };
  }

  /** A charge must be due, and not longer ago than the agreement's maximum record age. */
  #untimely(rated: Rated): Wait | undefined {
    const now = this.#nowSeconds * 1000n;
    const { service, quantity, secondQuantity } = rated;
    const start = BigInt(rated.startMilliseconds);
    const due = dueMilliseconds(service, start, quantity, secondQuantity);
    if (due > now) {
      return {
        code: "record.from-the-future",
        message:
          "It ends later than the ledger's newest block; recycle it when that time has come.",
      };
    }
    if (now - due <= this.#context.profile.agreement.maxRecordAgeSeconds * 1000n) return undefined;
    return {
      code: "record.too-old",
      message: "It is older than the agreement's maximum record age and can not be charged.",
    };
  }

  #handPriceOf(record: UsageRecord): HandPrice | undefined {
    return this.#hasHandPrices ? this.#context.profile.handPrices[record.id] : undefined;
  }

  /** The epoch of the start, or the one after the last that was billed: late records go there. */
  #openEpoch(startMilliseconds: number): string {
    const epoch = this.#epochs.epochOf(startMilliseconds);
    const closed = this.#closedEpoch;
    return closed !== undefined && epoch <= closed ? epochAfter(closed) : epoch;
  }
}

/** All that a charge of a usage record is made of. */
export interface PricedRecord {
  record: UsageRecord;
  rated: Rated;
  guide: Guided;
  amountNano: bigint;
  hand: HandPrice | undefined;
  fileSha256: string | undefined;
}

/** The charge of a usage record, before it has its number. */
export function unnumbered(priced: PricedRecord): UnnumberedCharge {
  const { record, rated, guide, amountNano, hand, fileSha256 } = priced;
  return {
    recordId: record.id,
    revision: 0,
    account: guide.account,
    epoch: guide.epoch,
    device: guide.device,
    amountNano,
    startMilliseconds: guide.startMilliseconds,
    party: (salt) => partyGroupOf(rated, record, fileSha256, salt),
    third: { kind: "charge", group: chargeGroupOf(rated) },
    components:
      hand === undefined
        ? rated.components.map((component) => ({
            ...component,
            amountNano: component.amountNano.toString(),
            quantity: component.quantity?.toString(),
            billed: component.billed?.toString(),
          }))
        : [{ kind: "hand-price", amountNano: amountNano.toString(), reason: hand.reason }],
    usage: record,
  };
}

function chargeGroupOf(rated: Rated) {
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
    counters: [],
  };
}

/** A charge that stands for itself. */
const NO_EVENTS = new Uint8Array(32);

function partyGroupOf(
  rated: Rated,
  record: UsageRecord,
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
