import { dueMilliseconds } from "../../core/commitment/charge-groups.ts";
import { parseDecimalNano } from "../../core/money/decimal.ts";
import type { RatingOutcome } from "../../core/rating/outcome.ts";
import type { RatedFacts } from "../../core/rating/rate-usage.ts";
import { ServedNumbers, servedIdentities } from "../../core/rating/served-party.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { billingEpoch, EpochCalendar, epochAfter } from "../bill/billing-epoch.ts";
import type { PricedRecord } from "../intake/charge-of-record.ts";
import type { AccountGuide } from "../intake/guide-account.ts";
import type { EngineContext, HandPrice } from "../operator.ts";
import type { TariffAnswer } from "./follow-tariff.ts";
import { AccountRating, type GuidedUse, type PricedUse } from "./rate-accounts.ts";
import type { ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

/** What a record needs before it can be priced. */
export interface Guided extends GuidedUse {
  epoch: string;
}

/** The same for every record of a served party that starts within a stretch of time, half-open. */
export interface GuidedSpan extends Guided {
  from: number;
  to: number;
}

/** What tells whose a record is, the strongest first; the number as the record writes it. */
export interface ServedParty {
  deviceId: string | undefined;
  imsi: string | undefined;
  written: string | undefined;
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

const TARIFF_LACKING: Wait = {
  code: "rating.tariff-lacking",
  message:
    "The ledger has a newer version of the tariff for its start, which this node does not have; publish the same document again, and recycle.",
};

/** Versions of the tariff that are published while records are priced. */
export interface FollowTariff {
  /** Asks the ledger, whose time was read before, and changes nothing. */
  ask(): Promise<TariffAnswer | undefined>;
  /** @returns the accounts' rating by what was published; undefined when there was nothing */
  take(answer: TariffAnswer | undefined): Promise<AccountRating | undefined>;
}

/** The ledger's time, and what was published until then. */
interface LedgerNews {
  seconds: bigint;
  answer: TariffAnswer | undefined;
}

const ALWAYS = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Guides a record to its account and prices it, or says why neither can be. Keeps nothing of it. */
export class UsePricer {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #epochs: EpochCalendar;
  readonly #hasHandPrices: boolean;
  readonly #numbers = new Map<ShelvedTariff, ServedNumbers>();
  readonly #rate: (tariff: ShelvedTariff, record: UsageRecord) => RatingOutcome;
  readonly #guide: AccountGuide;
  #rating: AccountRating;
  readonly #follow: FollowTariff | undefined;
  /** Asked for, and not taken yet. */
  #news: Promise<LedgerNews> | undefined;
  #nowSeconds = 0n;
  /** The same and the oldest age as numbers, for who asks for each record. */
  #nowMilliseconds = 0;
  readonly #maxAgeMilliseconds: number;
  #closedEpoch: string | undefined;
  #epochAfterClosed = "";

  /** @param rate the compiled rater, unless it is to be compared with another */
  constructor(
    context: EngineContext,
    tariffs: TariffShelf,
    guide: AccountGuide,
    rate: (tariff: ShelvedTariff, record: UsageRecord) => RatingOutcome = ({ rater }, record) =>
      rater.rate(record),
    rating = new AccountRating(tariffs, [], context.random),
    follow?: FollowTariff,
  ) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#guide = guide;
    this.#rate = rate;
    this.#rating = rating;
    this.#follow = follow;
    this.#epochs = new EpochCalendar(context.profile.zone);
    this.#maxAgeMilliseconds = 1000 * Number(context.profile.agreement.maxRecordAgeSeconds);
    this.#hasHandPrices = Object.keys(context.profile.handPrices).length > 0;
  }

  /** Plans, counters and allowances of accounts; what `price` moves is for the caller to save. */
  get rating(): AccountRating {
    return this.#rating;
  }

  /** @param closedEpoch the last that was billed, as the store says it */
  async startAt(closedEpoch: string | undefined): Promise<void> {
    this.#closedEpoch = closedEpoch;
    if (closedEpoch !== undefined) {
      this.#epochAfterClosed = epochAfter(closedEpoch);
      const { toMilliseconds } = billingEpoch(closedEpoch, this.#context.profile.zone);
      this.#rating.closedUntil(toMilliseconds);
    }
    this.dropNews();
    await this.readTime();
  }

  /**
   * The ledger's time moves on while a file is taken in: read at the start and for each unit of work,
   * and after it what was published until then. As it was when it was asked ahead, or else as it is.
   * @throws TallystickError as the ledger; one that can not be reached is no error
   */
  async readTime(): Promise<void> {
    const { seconds, answer } = await (this.#news ?? this.#askNews());
    this.dropNews();
    this.#nowSeconds = seconds;
    this.#nowMilliseconds = 1000 * Number(seconds);
    const rating = await this.#follow?.take(answer);
    if (rating !== undefined) this.takeRating(rating);
  }

  /**
   * Asks for the next `readTime`, which need not wait for the ledger then. Until that nothing changes: a time that is
   * older than what was published is as right, since records are charged only when they ended by it.
   */
  askAhead(): void {
    if (this.#news !== undefined) return;
    this.#news = this.#askNews();
    // Who fails is told when it is read.
    this.#news.catch(() => {});
  }

  /** Of what was asked ahead nothing is of use any more. */
  dropNews(): void {
    this.#news = undefined;
  }

  async #askNews(): Promise<LedgerNews> {
    const seconds = await this.#context.time.seconds();
    return { seconds, answer: await this.#follow?.ask() };
  }

  /** From now on by these; what the ones before moved is saved. */
  takeRating(rating: AccountRating): void {
    this.#rating = rating;
    if (this.#closedEpoch === undefined) return;
    const { toMilliseconds } = billingEpoch(this.#closedEpoch, this.#context.profile.zone);
    rating.closedUntil(toMilliseconds);
  }

  /** Another number when versions of the tariff came: what was found by the ones before may be wrong. */
  get tariffRevision(): number {
    return this.#tariffs.revision;
  }

  get nowSeconds(): bigint {
    return this.#nowSeconds;
  }

  /** Whose it is, by which tariff and in which epoch; or why that can not be said. */
  guide(record: UsageRecord): Guided | Wait {
    const { profile } = this.#context;
    const startMilliseconds = Date.parse(record.start);
    if (this.#tariffs.lacksAt(startMilliseconds)) return TARIFF_LACKING;
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

  /**
   * What `guide` finds for records of a served party, and for how long. Undefined where records wait.
   */
  guideParty(
    { deviceId, imsi, written }: ServedParty,
    startMilliseconds: number,
  ): GuidedSpan | undefined {
    const tariff = this.#tariffs.inForce(startMilliseconds);
    if (tariff === undefined || this.#tariffs.lacksAt(startMilliseconds)) return undefined;
    const { trunkAccount } = this.#context.profile;
    const number = this.#numbersOf(tariff).of(written, tariff.compiled.document.numbering);
    const { guided, ...dates } =
      trunkAccount === undefined
        ? this.#guide.span([deviceId, imsi, number, written], startMilliseconds)
        : { guided: { account: trunkAccount, device: trunkAccount }, ...ALWAYS };
    if ("code" in guided) return undefined;
    const epoch = this.#epochs.at(startMilliseconds);
    const inForce = this.#tariffs.spanAround(startMilliseconds);
    return {
      startMilliseconds,
      tariff,
      ...guided,
      epoch: this.#openEpoch(startMilliseconds),
      from: Math.max(dates.from, inForce.from, epoch.fromMilliseconds),
      to: Math.min(dates.to, inForce.to, epoch.toMilliseconds),
    };
  }

  /** Of records whose price is a clerk's word. */
  get handPricedIds(): string[] {
    return Object.keys(this.#context.profile.handPrices);
  }

  /** Whether a charge that is due then is neither of the future nor too old. */
  isTimely(dueMilliseconds: number): boolean {
    const age = this.#nowMilliseconds - dueMilliseconds;
    return age >= 0 && age <= this.#maxAgeMilliseconds;
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
    const use = this.#rateUse(record, guide);
    const rated = use.outcome;
    if (rated.outcome === "not-billable") return rated;
    if (rated.outcome === "suspended") return { outcome: "wait", wait: rated };
    const wait = this.#untimely(rated);
    if (wait !== undefined) return { outcome: "wait", wait };
    const hand = this.#handPriceOf(record);
    const amountNano = hand === undefined ? rated.amountNano : parseDecimalNano(hand.amount);
    return {
      outcome: "priced",
      priced: { record, rated, use, guide, amountNano, hand, fileSha256 },
    };
  }

  /** By the account's plan where it has one; else by the tariff alone. */
  #rateUse(record: UsageRecord, guide: Guided): PricedUse {
    const refuse = (facts: RatedFacts) => this.#untimely(facts);
    if (this.#rating.decides(guide)) return this.#rating.rate(record, guide, refuse);
    const outcome = this.#rate(guide.tariff, record);
    return outcome.outcome === "suspended" && outcome.code === "rating.needs-account"
      ? this.#rating.rate(record, guide, refuse)
      : { outcome };
  }

  /** A charge must be due, and not longer ago than the agreement's maximum record age. */
  #untimely(rated: RatedFacts): Wait | undefined {
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
    return closed !== undefined && epoch <= closed ? this.#epochAfterClosed : epoch;
  }
}
