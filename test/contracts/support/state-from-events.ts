import { Interface } from "ethers";
import { LEDGER_ABI } from "../../../node/adapters/ledger-abi.ts";
import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import { sealOf } from "../../../node/core/commitment/batch-commitment.ts";
import type { TestLedger } from "./chain.ts";

/*
 * The state of the contracts made from their events alone, as somebody would who trusts no database
 * and no getter. Everything is text, so that two states compare by their JSON.
 */

// biome-ignore lint/suspicious/noExplicitAny: what ethers decodes has no static type
type Values = Record<string, any>;
type Table = Record<string, unknown>;

/** What decoded values say, without the shapes of the library that decoded them. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value === null || typeof value !== "object") return String(value).toLowerCase();
  const named = value as { toArray?: (deep: boolean) => unknown[] };
  return named.toArray === undefined ? value : (named.toArray(true) as unknown[]).map(plain);
}

const KEPT = [
  "agreements",
  "books",
  "periods",
  "tariffs",
  "amendments",
  "exchangeTables",
  "statements",
  "bonds",
] as const;

export class StateFromEvents {
  readonly tokens: Table = {};
  readonly agreements: Record<string, Values> = {};
  retailBounds: unknown;
  readonly books: Record<string, Values> = {};
  readonly seals: Record<string, string[]> = {};
  readonly closedThrough: Table = {};
  readonly periods: Record<string, Values> = {};
  readonly closings: Record<string, [string, string][]> = {};
  readonly dated: Record<string, [string, string][]> = {};
  readonly pairs: Record<string, string[]> = {};
  readonly amendments: Values[] = [];
  readonly statements: Record<string, Values> = {};
  readonly receipts: Table = {};
  readonly sampleFrom: Table = {};
  readonly stated: Table = {};
  readonly carried: Record<string, bigint> = {};
  readonly obligations: Record<string, Values> = {};
  readonly bonds: Record<string, bigint> = {};
  readonly announcements: Table = {};
  readonly bounties: Record<string, bigint> = {};
  readonly funds: Record<string, bigint> = {};

  static async read(ledger: TestLedger): Promise<StateFromEvents> {
    const state = new StateFromEvents();
    const interfaces = new Map(
      KEPT.map((name) => [
        (ledger.addresses as unknown as Record<string, string>)[name]?.toLowerCase() as string,
        new Interface(LEDGER_ABI[name]),
      ]),
    );
    const logs = await ledger.provider.getLogs({ address: [...interfaces.keys()], fromBlock: 0 });
    for (const log of logs) {
      const parsed = interfaces.get(log.address.toLowerCase())?.parseLog(log);
      if (parsed) state.#take(parsed.name, parsed.args.toObject(), parsed.args.toArray());
    }
    return state;
  }

  #take(name: string, of: Values, all: unknown[]): void {
    const take = TAKERS[name];
    if (take !== undefined) take(this, of, all);
    else if (!TELLS_NOTHING_MORE.has(name)) throw new Error(`${name} is not looked at`);
  }

  tokenOf(agreement: string): string {
    return (this.agreements[agreement] as Values).terms[6] as string;
  }

  move(agreement: string, member: string, units: bigint): void {
    const key = `${agreement} ${member}`;
    this.bonds[key] = (this.bonds[key] ?? 0n) + units;
  }

  reward(agreement: string, finder: string, units: bigint): void {
    const key = `${this.tokenOf(agreement)} ${finder.toLowerCase()}`;
    this.bounties[key] = (this.bounties[key] ?? 0n) + units;
  }
}

/** They say in words of their own what other events of the same call say. */
const TELLS_NOTHING_MORE = new Set([
  "AuthorityUpdated",
  "BondsSet",
  "ClockTouched",
  "PeriodOpened",
  "SampleShown",
]);

const statementOf = (state: StateFromEvents, of: Values): Values =>
  state.statements[of.statement] as Values;

const TAKERS: Record<string, (state: StateFromEvents, of: Values, all: unknown[]) => void> = {
  TokenAllowed: (state, { token, decimals }) => {
    state.tokens[token.toLowerCase()] = ["true", String(decimals)];
  },
  TokenRefused: (state, { token }) => {
    (state.tokens[token.toLowerCase()] as string[])[0] = "false";
  },
  AgreementProposed: (state, { agreement, terms }) => {
    state.agreements[agreement] = { terms: plain(terms), signed: [], inForce: false, endsAt: "0" };
  },
  AgreementSigned: (state, { agreement, party }) => {
    state.agreements[agreement]?.signed.push(party);
  },
  AgreementInForce: (state, { agreement }) => {
    (state.agreements[agreement] as Values).inForce = true;
  },
  TerminationAnnounced: (state, { agreement, endsAt }) => {
    (state.agreements[agreement] as Values).endsAt = String(endsAt);
  },
  RetailBoundsSet: (state, { bounds }) => {
    state.retailBounds = plain(bounds);
  },
  BookOpened: (state, { book, operator, agreement, kind, number, split }) => {
    const fixed = [operator, agreement, kind, number, split].map(plain);
    state.books[book] = { fixed, newest: "0", referenced: "0" };
    state.seals[book] = [];
  },
  BatchCommitted: (state, { book, sequence, commitment, blockTime }) => {
    (state.books[book] as Values).newest = String(sequence);
    state.seals[book]?.push(toHex(sealOf(fromHex(commitment as Hex), blockTime)));
  },
  BatchVoided: (state, { book, sequence }) => {
    (state.seals[book] as string[])[Number(sequence) - 1] = toHex(new Uint8Array(32));
  },
  BatchReferenced: (state, { book, sequence }) => {
    (state.books[book] as Values).referenced = String(sequence);
  },
  PeriodWaits: (state, { agreement, number, closeBy }) => {
    state.periods[`${agreement} ${number}`] = { closeBy: String(closeBy), sides: {} };
  },
  PeriodClosed: (state, { agreement, number, operator, closings, secretDigest, late }) => {
    state.closedThrough[`${agreement} ${operator}`] = String(number);
    const period = state.periods[`${agreement} ${number}`] as Values;
    period.sides[operator] = ["true", String(late), secretDigest];
    for (const { book, sequence } of closings) {
      state.closings[book] ??= [];
      const places = state.closings[book] as [string, string][];
      const last = places.at(-1)?.[1];
      if (last !== String(sequence)) places.push([String(number), String(sequence)]);
    }
  },
  TariffPublished: (state, { agreement, operator, root, validFrom }) => {
    const key = `${agreement} ${operator}`;
    state.dated[key] = [...(state.dated[key] ?? []), [root, String(validFrom)]];
  },
  PairsIntroduced: (state, { agreement, operator, pairs }) => {
    const key = `${agreement} ${operator}`;
    state.pairs[key] = [...(state.pairs[key] ?? []), pairs];
  },
  ExchangeTablePublished: (state, { agreement, operator, pairs, root, validFrom }) => {
    const key = `${agreement} ${operator} ${pairs}`;
    state.dated[key] = [...(state.dated[key] ?? []), [root, String(validFrom)]];
  },
  AmendmentProposed: (state, _, [, ...fields]) => {
    state.amendments.push({ fields: fields.map(plain), agreedAt: "0", signed: [] });
  },
  AmendmentSigned: (state, { amendment, party }) => {
    state.amendments[Number(amendment) - 1]?.signed.push(party);
  },
  AmendmentAgreed: (state, { amendment, agreedAt }) => {
    (state.amendments[Number(amendment) - 1] as Values).agreedAt = String(agreedAt);
  },
  StatementPosted: (state, { statement, book, details }) => {
    const stored = details.toObject();
    state.statements[statement] = stored;
    const before = state.carried[book] ?? 0n;
    const excess = before + (stored.creditsNano as bigint) - (stored.chargesNano as bigint);
    state.carried[book] = excess > 0n ? excess : 0n;
  },
  BookStated: (state, { book, sequence, sumNano, count }) => {
    state.stated[book] = [sequence, sumNano, count].map(String);
  },
  ReceiptAwaited: (state, { statement, sampleFrom }) => {
    state.sampleFrom[statement] = String(sampleFrom);
  },
  StatementReceiptSigned: (state, { statement, by, dataDigest }) => {
    state.receipts[`${statement} ${by}`] = dataDigest;
  },
  SampleDrawn: (state, of) => {
    statementOf(state, of).drawn = String(of.drawingBlock);
  },
  StatementReceived: (state, of) => {
    statementOf(state, of).objectBy = of.objectBy;
  },
  StatementObjected: (state, of) => {
    const stored = statementOf(state, of);
    Object.assign(stored, { objected: true, disputeOpen: true });
    Object.assign(stored, { undisputedNano: of.undisputedNano, reasonHash: of.reasonHash });
  },
  StatementFinal: (state, of) => {
    statementOf(state, of).state = 2n;
  },
  DisputeResolved: (state, of) => {
    const stored = statementOf(state, of);
    stored.disputeOpen = false;
    if (stored.state !== 2n) stored.undisputedNano += of.owedNano;
  },
  ObligationCreated: (state, of) => {
    const { obligation, statement, payer, split, amountNano, beforeNano, dueBy } = of;
    const { book } = statementOf(state, of);
    const agreement = (state.books[book] as Values).fixed[1];
    const kept = [statement, agreement, payer, split, amountNano, beforeNano];
    state.obligations[obligation] = { kept: kept.map(plain), dueBy: String(dueBy) };
  },
  BondDeposited: (state, { agreement, member, units }) => state.move(agreement, member, units),
  WithdrawalAnnounced: (state, { agreement, member, units, readyAt }) => {
    state.announcements[`${agreement} ${member}`] = [String(units), String(readyAt)];
  },
  BondWithdrawn: (state, { agreement, member, units }) => {
    state.announcements[`${agreement} ${member}`] = ["0", "0"];
    state.move(agreement, member, -(units as bigint));
  },
  BondSlashed: (state, { agreement, member, finder, bounty, penalty }) => {
    state.move(agreement, member, -((bounty + penalty) as bigint));
    state.reward(agreement, finder, bounty);
    const token = state.tokenOf(agreement);
    state.funds[token] = (state.funds[token] ?? 0n) + penalty;
  },
  ConcessionPaid: (state, { agreement, member, finder, units }) => {
    state.move(agreement, member, -(units as bigint));
    state.reward(agreement, finder, units);
  },
  BountyCollected: (state, { token, finder, units }) => {
    const key = `${token} ${finder}`.toLowerCase();
    state.bounties[key] = (state.bounties[key] ?? 0n) - (units as bigint);
  },
  FundSpent: (state, { token, units }) => {
    const key = token.toLowerCase();
    state.funds[key] = (state.funds[key] ?? 0n) - (units as bigint);
  },
};
