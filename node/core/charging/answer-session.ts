import { TallystickError } from "../errors.ts";
import { type ChargingAccount, spendableNano } from "./charging-account.ts";
import type { ChargingAnswer, ChargingSession } from "./charging-session.ts";
import type { ChargingState } from "./charging-state.ts";
import type { SessionAnswered, SessionRecord } from "./entry.ts";
import { largestGrant } from "./largest-grant.ts";
import type { SessionPrice, SessionPricer, SponsorShare } from "./price-session.ts";
import { type Opened, sessionRecord } from "./session-record.ts";
import {
  answerAgain,
  requireAccount,
  requireGoingOn,
  requireNew,
  requireUse,
  type SessionRequest,
} from "./session-request.ts";
import { readQuantity, statedQuantity, usualQuota } from "./session-use.ts";
import { canPay, sponsorHoldings } from "./sponsor-holdings.ts";
import { requireStartNow, START_WINDOW, type StartWindow } from "./start-window.ts";
import { thresholdNotices } from "./thresholds.ts";

/** The tariffs that sessions are priced by. */
export interface Pricers {
  readonly currency: string;
  /** @throws TallystickError `rating.tariff-not-in-force` */
  inForce(startMilliseconds: number): SessionPricer;
  ofVersion(version: number): SessionPricer;
}

/** An answer, and the entry that must be durable before it is given; none for a repetition. */
export interface Decided {
  answer: ChargingAnswer;
  entry?: SessionAnswered;
}

/** Costs more than any balance: what a sponsor can not pay is not granted. */
const UNPAID_NANO = 2n ** 127n;
const UNLIMITED_NANO = 2n ** 126n;

/** Tcc of RFC 8506, section 13: twice the validity. */
const SUPERVISION = 2_000;

export interface SessionRules {
  /**
   * A part of all balances is here: what a sponsor without one here would pay could be paid twice, so
   * such a session is refused. Where all balances are, the books bill a sponsor that has none.
   */
  sponsorsMustBeHere?: boolean;
  /** Where a session may begin; START_WINDOW unless said. */
  startWindow?: StartWindow;
}

/**
 * Decides a request and changes nothing.
 * @throws TallystickError `charging.…`, and `rating.…` where the use has no price
 */
export function answerSession(
  state: ChargingState,
  pricers: Pricers,
  request: SessionRequest,
  at: number,
  rules: SessionRules = {},
): Decided {
  const asked = JSON.stringify([
    request.kind,
    request.account,
    request.use,
    request.used,
    request.requested,
  ]);
  const known = state.sessions.get(request.session);
  const repeated = known === undefined ? undefined : answerAgain(known, request.request, asked);
  if (repeated !== undefined) return { answer: repeated };
  return new Decision(state, pricers, request, { known, at, rules }).decide(asked);
}

class Decision {
  readonly #state: ChargingState;
  readonly #request: SessionRequest;
  readonly #at: number;
  readonly #rules: SessionRules;
  readonly #known: ChargingSession | undefined;
  readonly #session: Opened;
  readonly #account: ChargingAccount;
  readonly #pricer: SessionPricer;
  readonly #currency: string;

  constructor(
    state: ChargingState,
    pricers: Pricers,
    request: SessionRequest,
    { known, at, rules }: { known: ChargingSession | undefined; at: number; rules: SessionRules },
  ) {
    const { kind } = request;
    const begins = kind === "reserve" || kind === "debit";
    if (begins) requireNew(known);
    else requireGoingOn(known);
    if (known === undefined) {
      const use = requireUse(request, at);
      const start = Date.parse(use.start);
      requireStartNow(start, at, rules.startWindow ?? START_WINDOW);
      this.#pricer = pricers.inForce(start);
      this.#session = {
        id: request.session,
        account: request.account ?? "",
        use,
        tariffVersion: this.#pricer.tariff.version,
        period: this.#pricer.periods.at(start).from,
      };
    } else {
      this.#pricer = pricers.ofVersion(known.tariffVersion);
      this.#session = known;
    }
    this.#account = requireAccount(state, this.#session.account);
    this.#currency = pricers.currency;
    this.#state = state;
    this.#request = request;
    this.#known = known;
    this.#at = at;
    this.#rules = rules;
  }

  decide(asked: string): { answer: ChargingAnswer; entry: SessionAnswered } {
    const { kind } = this.#request;
    const grants = kind === "reserve" || kind === "update";
    const outcome = grants ? this.#grant() : kind === "commit" ? this.#commit() : this.#debit();
    const { spentNano, reservedNano, ...rest } = outcome;
    const before = this.#known;
    const moved =
      spentNano + reservedNano - (before?.spentNano ?? 0n) - (before?.reservedNano ?? 0n);
    const answer: ChargingAnswer = {
      session: this.#session.id,
      request: this.#request.request,
      ...rest.answer,
      chargedNano: spentNano.toString(),
      reservedNano: reservedNano.toString(),
      balanceNano: (this.#account.balanceNano - moved).toString(),
    };
    const { use, tariffVersion, period } = this.#session;
    const sponsored = sponsorHoldings(this.#state, period, before, outcome);
    const raising = thresholdNotices(this.#account, period, {
      spentNano: spentNano - (before?.spentNano ?? 0n),
      balanceAfterNano: this.#account.balanceNano - moved,
      ...(rest.price === undefined ? {} : { price: rest.price, tariff: this.#pricer.tariff }),
    });
    const entry: SessionAnswered = {
      type: "session-answered",
      at: this.#at,
      session: this.#session.id,
      account: this.#account.id,
      asked,
      answer,
      state: rest.state,
      ...(before === undefined ? { opened: { use, tariffVersion, period } } : {}),
      begun: rest.begun,
      used: rest.used.toString(),
      granted: (rest.granted ?? 0n).toString(),
      spentNano: spentNano.toString(),
      reservedNano: reservedNano.toString(),
      ...(sponsored.holdings === undefined ? {} : { sponsored: sponsored.holdings }),
      ...withCounters("counters", rest.price),
      ...withCounters("held", rest.heldPrice ?? rest.price),
      ...(rest.state === "open" ? { expiresAt: this.#expiry() } : {}),
      ...(rest.record === undefined ? {} : { record: rest.record }),
      ...raising,
      ...(sponsored.notices.length === 0
        ? {}
        : { notices: [...(raising.notices ?? []), ...sponsored.notices] }),
    };
    return { answer, entry };
  }

  #grant(): Outcome {
    const { begun, used } = this.#used();
    const price = begun ? this.#price(used, "used") : undefined;
    const spentNano = price?.rated.amountNano ?? this.#known?.spentNano ?? 0n;
    const { service } = this.#session.use;
    const { requested } = this.#request;
    const wanted = requested === undefined ? usualQuota(service) : readQuantity(service, requested);
    const costOf = (units: bigint): bigint => {
      const { rated, sponsored } = this.#price(used + units, "held");
      return this.#isPaidBySponsors(sponsored) ? rated.amountNano - spentNano : UNPAID_NANO;
    };
    const isLocked = this.#account.lock !== undefined;
    // A use without a price is refused even where nothing can be granted.
    const whole = costOf(wanted);
    const granted = isLocked
      ? 0n
      : largestGrant(wanted, this.#spendable(spentNano) ?? UNLIMITED_NANO, (units) =>
          units === wanted ? whole : costOf(units),
        );
    const isEmpty = granted === 0n && wanted > 0n;
    const { finalUnit, validitySeconds } = this.#account.policy;
    const heldPrice = isEmpty ? undefined : this.#price(used + granted, "held");
    const reserved = heldPrice === undefined ? 0n : heldPrice.rated.amountNano - spentNano;
    return {
      state: isEmpty && this.#request.kind === "reserve" ? "refused" : "open",
      begun,
      used,
      granted,
      spentNano,
      reservedNano: reserved > 0n ? reserved : 0n,
      ...(price === undefined ? {} : { price }),
      ...(heldPrice === undefined ? {} : { heldPrice }),
      answer: {
        result: isLocked ? "locked" : isEmpty ? "credit-limit-reached" : "granted",
        ...(isEmpty ? {} : { granted: statedQuantity(service, granted), validitySeconds }),
        ...(granted < wanted ? { finalUnit } : {}),
      },
    };
  }

  #commit(): Outcome {
    const { begun, used } = this.#used();
    return this.#closed(begun, used, "committed");
  }

  /** All or nothing: a message can not be half sent. */
  #debit(): Outcome {
    const { service } = this.#session.use;
    const { requested } = this.#request;
    if (this.#request.used !== undefined) {
      throw new TallystickError(
        "charging.debit-states-use",
        'A debit is for what is "requested"; state its units there.',
        { field: "used" },
      );
    }
    const used = requested === undefined ? usualQuota(service) : readQuantity(service, requested);
    const { rated, sponsored } = this.#price(used, "held");
    const cost = rated.amountNano;
    const limit = this.#spendable(0n);
    const isPaid =
      (limit === undefined || cost === 0n || cost <= limit) && this.#isPaidBySponsors(sponsored);
    if (this.#account.lock === undefined && isPaid) return this.#closed(true, used, "committed");
    const { finalUnit } = this.#account.policy;
    const result = this.#account.lock === undefined ? "credit-limit-reached" : "locked";
    return {
      state: "refused",
      begun: false,
      used: 0n,
      spentNano: 0n,
      reservedNano: 0n,
      answer: { result, finalUnit },
    };
  }

  #closed(begun: boolean, used: bigint, result: "committed"): Outcome {
    const price = begun ? this.#price(used, "used") : undefined;
    const spentNano = price?.rated.amountNano ?? 0n;
    return {
      state: "closed",
      begun,
      used,
      spentNano,
      reservedNano: 0n,
      ...(price === undefined
        ? {}
        : { price, record: sessionRecord(this.#session, used, price, this.#currency) }),
      answer: { result },
    };
  }

  #price(quantity: bigint, as: "used" | "held"): SessionPrice {
    const own = as === "used" ? this.#known?.counters : this.#known?.held;
    return this.#pricer.price(this.#session, quantity, this.#state[as], own ?? []);
  }

  #spendable(spentNano: bigint): bigint | undefined {
    const { account, known } = { account: this.#account, known: this.#known };
    const limit = spendableNano(account, known?.reservedNano ?? 0n, this.#session.period);
    return limit === undefined ? undefined : limit - (spentNano - (known?.spentNano ?? 0n));
  }

  /** @throws TallystickError `charging.sponsor-elsewhere` */
  #isPaidBySponsors(shares: readonly SponsorShare[]): boolean {
    if (this.#rules.sponsorsMustBeHere === true) {
      const away = shares.find(({ account }) => !this.#state.accounts.has(account));
      if (away !== undefined) throw sponsorElsewhere();
    }
    const { period } = this.#session;
    return shares.every((share) => canPay(this.#state, period, this.#known, share));
  }

  /** @throws TallystickError `charging.use-went-back` */
  #used(): { begun: boolean; used: bigint } {
    const before = this.#known?.used ?? 0n;
    const stated = this.#request.used;
    if (stated === undefined) return { begun: this.#known?.begun ?? false, used: before };
    const used = readQuantity(this.#session.use.service, stated);
    if (used >= before) return { begun: true, used };
    throw new TallystickError(
      "charging.use-went-back",
      "The session's use is less than it was; state all that was used since it began.",
      { field: "used" },
    );
  }

  #expiry(): number {
    return this.#at + this.#account.policy.validitySeconds * SUPERVISION;
  }
}

const sponsorElsewhere = (): TallystickError =>
  new TallystickError(
    "charging.sponsor-elsewhere",
    "A sponsor pays a part of this session, and this edge holds no slice of its balance; give it one, or charge the session at the centre.",
    { field: "account" },
  );

interface Outcome {
  state: SessionAnswered["state"];
  begun: boolean;
  used: bigint;
  granted?: bigint;
  spentNano: bigint;
  reservedNano: bigint;
  price?: SessionPrice;
  heldPrice?: SessionPrice;
  record?: SessionRecord;
  answer: Pick<ChargingAnswer, "result" | "granted" | "validitySeconds" | "finalUnit">;
}

function withCounters<Name extends "counters" | "held">(
  name: Name,
  price: SessionPrice | undefined,
): Partial<Pick<SessionAnswered, Name>> {
  if (price === undefined || price.counters.length === 0) return {};
  return { [name]: price.counters } as Partial<Pick<SessionAnswered, Name>>;
}
