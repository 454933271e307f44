import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { sealOf } from "../core/commitment/batch-commitment.ts";
import { type BookKind, bookDomain } from "../core/commitment/domain.ts";
import type {
  AgreementTerms,
  BookRecord,
  ContractName,
  Duty,
  EventValue,
  PublishedTariff,
} from "../engine/commit/ledger.ts";
import { LedgerRefusal } from "../engine/commit/ledger-refusal.ts";

/*
 * The contracts' rules that the simulation needs, in plain code: books with their gap-free
 * sequences, tariffs, the clock. Same order of checks and same names of refusals as contracts/.
 */

export interface MemoryMember {
  id: Hex;
  keys: Record<Duty, Hex>;
}

/** What holds from the first block on; agreements are in force. */
export interface MemoryGenesis {
  chainId: bigint;
  /** Seconds. */
  time: bigint;
  heartbeatSeconds: bigint;
  /** Address of the contract that keeps the books: it is part of their domains. */
  books: Hex;
  members: MemoryMember[];
  agreements: { id: Hex; terms: AgreementTerms }[];
}

export interface ContractState {
  books: Map<Hex, BookRecord>;
  seals: Map<string, Hex>;
  tariffs: Map<string, PublishedTariff[]>;
  ledgerSeconds: bigint;
  touchedAt: bigint;
}

export interface MemoryCall {
  method: string;
  args: readonly unknown[];
}

const BATCHES_MAX = 100;
const KIND_MAX = 4;

export const emptyState = (genesis: MemoryGenesis): ContractState => ({
  books: new Map(),
  seals: new Map(),
  tariffs: new Map(),
  ledgerSeconds: 0n,
  touchedAt: genesis.time,
});

export const sealPlace = (book: Hex, sequence: bigint): string => `${book}:${sequence}`;
export const tariffPlace = (agreement: Hex, operator: Hex): string => `${agreement}:${operator}`;

export function ledgerTimeAt(state: ContractState, genesis: MemoryGenesis, time: bigint): bigint {
  const gap = time - state.touchedAt;
  return state.ledgerSeconds + (gap > genesis.heartbeatSeconds ? genesis.heartbeatSeconds : gap);
}

/** "contract.method" to what it does. Arguments as ethers would be given them. */
export const METHODS: Record<string, (context: CallContext, args: readonly unknown[]) => void> = {
  "books.openBook": (context, [agreement, kind, number, split]) =>
    openBook(context, agreement as Hex, Number(kind), BigInt(number as bigint), Number(split)),
  "books.commit": (context, [book, sequence, commitment]) => {
    touchClock(context);
    commit(context, book as Hex, BigInt(sequence as bigint), commitment as Hex);
  },
  "books.commitMany": (context, [batches]) =>
    commitMany(context, (batches as (BatchArgument | BatchTuple)[]).map(named)),
  "books.voidNewest": (context, [book, sequence]) =>
    voidNewest(context, book as Hex, BigInt(sequence as bigint)),
  "clock.tick": (context) => {
    touchClock(context);
    const { ledgerSeconds } = context.state;
    context.emit({ contract: "clock", name: "ClockTouched", values: { ledgerSeconds } });
  },
  "tariffs.publish": (context, [agreement, version, root, validFrom]) =>
    publish(
      context,
      agreement as Hex,
      BigInt(version as bigint),
      root as Hex,
      BigInt(validFrom as bigint),
    ),
};

export interface CallContext {
  state: ContractState;
  genesis: MemoryGenesis;
  sender: Hex;
  /** Of the block that the call stands in, in seconds. */
  time: bigint;
  emit(event: { contract: ContractName; name: string; values: Record<string, EventValue> }): void;
}

interface BatchArgument {
  book: Hex;
  sequence: bigint;
  commitment: Hex;
}

type BatchTuple = [book: Hex, sequence: bigint, commitment: Hex];

/** Structs may be given by name or by position. */
const named = (batch: BatchArgument | BatchTuple): BatchArgument =>
  Array.isArray(batch) ? { book: batch[0], sequence: batch[1], commitment: batch[2] } : batch;

/** @throws LedgerRefusal; the state may then be half changed, so work on a copy */
export function execute(context: CallContext, call: MemoryCall): void {
  const method = METHODS[call.method];
  if (method === undefined) refuse("FunctionUnknown", { method: call.method });
  method(context, call.args);
}

function openBook(
  context: CallContext,
  agreement: Hex,
  kind: number,
  number: bigint,
  split: number,
): void {
  const operator = memberHolding(context, "commit");
  if (kind < 1 || kind > KIND_MAX) refuse("BookKindUnknown", { kind });
  sideOf(context, agreement, operator);
  const expected =
    1n +
    BigInt(
      [...context.state.books.values()].filter(
        (book) => book.operator === operator && book.agreement === agreement && book.kind === kind,
      ).length,
    );
  if (number !== expected) refuse("BookNumberOutOfOrder", { expected, given: number });
  const domain = bookDomain({
    chainId: context.genesis.chainId,
    books: fromHex(context.genesis.books, 20),
    operator: fromHex(operator, 20),
    agreement: fromHex(agreement, 32),
    kind: kind as BookKind,
    number,
  });
  const record = { operator, agreement, kind, number, split, newestSequence: 0n };
  const book = toHex(domain);
  context.state.books.set(book, record);
  emitBooks(context, "BookOpened", {
    book,
    operator,
    agreement,
    kind: BigInt(kind),
    number,
    split: BigInt(split),
  });
}

function commitMany(context: CallContext, batches: readonly BatchArgument[]): void {
  if (batches.length < 1 || batches.length > BATCHES_MAX) {
    refuse("BatchesTooMany", { count: batches.length, most: BATCHES_MAX });
  }
  touchClock(context);
  for (const { book, sequence, commitment } of batches) {
    commit(context, book, BigInt(sequence), commitment);
  }
}

function commit(context: CallContext, book: Hex, sequence: bigint, commitment: Hex): void {
  const record = ownBook(context, book);
  const expected = record.newestSequence + 1n;
  if (sequence !== expected) refuse("SequenceOutOfOrder", { book, expected, given: sequence });
  if (BigInt(commitment) === 0n) refuse("CommitmentEmpty", { book, sequence });
  const seal = toHex(sealOf(fromHex(commitment, 32), context.time));
  context.state.seals.set(sealPlace(book, sequence), seal);
  context.state.books.set(book, { ...record, newestSequence: sequence });
  const blockTime = context.time;
  emitBooks(context, "BatchCommitted", { book, sequence, commitment, blockTime });
}

function voidNewest(context: CallContext, book: Hex, sequence: bigint): void {
  const { newestSequence } = ownBook(context, book);
  if (sequence !== newestSequence) {
    refuse("BatchNotNewest", { book, newest: newestSequence, given: sequence });
  }
  if (!context.state.seals.delete(sealPlace(book, sequence))) {
    refuse("BatchUnknown", { book, sequence });
  }
  emitBooks(context, "BatchVoided", { book, sequence });
}

function publish(
  context: CallContext,
  agreement: Hex,
  version: bigint,
  root: Hex,
  validFrom: bigint,
): void {
  const operator = memberHolding(context, "govern");
  const terms = sideOf(context, agreement, operator);
  if (BigInt(root) === 0n) refuse("TariffRootEmpty", {});
  const place = tariffPlace(agreement, operator);
  const versions = context.state.tariffs.get(place) ?? [];
  const expected = BigInt(versions.length + 1);
  if (version !== expected) refuse("VersionOutOfOrder", { expected, given: version });
  const last = versions.at(-1);
  let earliest = context.time;
  if (last !== undefined) {
    earliest += terms.tariffNoticeSeconds;
    if (earliest <= last.validFrom) earliest = last.validFrom + 1n;
  }
  if (validFrom < earliest) refuse("ValidFromTooEarly", { earliest, given: validFrom });
  context.state.tariffs.set(place, [...versions, { root, validFrom }]);
  const values = { agreement, operator, version, root, validFrom };
  context.emit({ contract: "tariffs", name: "TariffPublished", values });
}

function touchClock({ state, genesis, time }: CallContext): void {
  state.ledgerSeconds = ledgerTimeAt(state, genesis, time);
  state.touchedAt = time;
}

function emitBooks(context: CallContext, name: string, values: Record<string, EventValue>): void {
  context.emit({ contract: "books", name, values });
}

function ownBook({ state, genesis, sender }: CallContext, book: Hex): BookRecord {
  const record = state.books.get(book);
  if (record === undefined) refuse("BookUnknown", { book });
  const operator = genesis.members.find((member) => member.keys.commit === sender);
  if (operator?.id !== record.operator) refuse("NotTheCommitKey", { book, sender });
  return record;
}

function memberHolding({ genesis, sender }: CallContext, duty: Duty): Hex {
  const member = genesis.members.find(({ keys }) => Object.values(keys).includes(sender));
  if (member === undefined) refuse("NotAMember", { sender });
  if (member.keys[duty] !== sender) refuse("DutyMissing", { member: member.id, duty, sender });
  return member.id;
}

function sideOf({ genesis }: CallContext, agreement: Hex, operator: Hex): AgreementTerms {
  const terms = genesis.agreements.find(({ id }) => id === agreement)?.terms;
  if (terms === undefined) refuse("AgreementNotInForce", { agreement });
  if (!terms.sides.some((side) => side.operator === operator)) {
    refuse("OperatorHasNoSide", { agreement, operator });
  }
  return terms;
}

function refuse(name: string, values: Record<string, unknown>): never {
  const shown = Object.entries(values).map(([field, value]) => [field, String(value)]);
  throw new LedgerRefusal({ name, values: Object.fromEntries(shown) });
}
