import { TallystickError } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { scanStoredRows } from "../store/stored-rows.ts";
import type { BookState } from "../store/stored-types.ts";
import type { BillKernel, ComposedBucket, GatheredUnit } from "./bill-kernel.ts";
import { type BillPlan, type BillState, largeBillUnit } from "./bill-state.ts";
import type { Closing } from "./close-accounts.ts";
import { compareLeaves, encodeLeafBlocks, packedLeaves } from "./invoice-leaf-block.ts";
import { joinBytes, partOf } from "./joined-bytes.ts";
import { accountsBetween } from "./plan-bill.ts";

/** What the steps of one phase have in common. Of a step, only `write` needs to be the one writer. */
export interface BillPhaseSteps<Prepared> {
  readonly count: number;
  /** Reads and computes; what it reads does not change while the run is on its way. */
  prepare(index: number): Promise<Prepared>;
  /** @returns how far the run is with it, still in the same phase */
  write(session: StoreSession, state: BillState, prepared: Prepared): Promise<BillState>;
}

/** A bill run that is planned. */
export interface PlannedBill {
  context: EngineContext;
  epoch: string;
  plan: BillPlan;
  kernel: BillKernel;
}

/** Parts that the leaves are appended in: each is sorted in memory. */
export const partitionsOf = (context: EngineContext, { accounts }: BillPlan): number =>
  Math.max(1, Math.ceil(accounts / largeBillUnit(context)));

interface Stretch {
  domain: string;
  from: bigint;
  to: bigint;
}

/** Stretches of the books, each a step of gathering. */
function stretchesOf(context: EngineContext, plan: BillPlan): Stretch[] {
  const rows = BigInt(largeBillUnit(context));
  return plan.books.flatMap(({ domain, from, to }) => {
    const end = BigInt(to);
    const stretches: Stretch[] = [];
    for (let at = BigInt(from); at < end; at += rows) {
      stretches.push({ domain, from: at, to: at + rows < end ? at + rows : end });
    }
    return stretches;
  });
}

export function gatherSteps({
  context,
  epoch,
  plan,
  kernel,
}: PlannedBill): BillPhaseSteps<GatheredUnit & { domain: string }> {
  const stretches = stretchesOf(context, plan);
  return {
    count: stretches.length,
    async prepare(index) {
      const { domain, from, to } = stretches[index] as Stretch;
      const names: string[] = [];
      const values: Uint8Array[] = [];
      for await (const { key, value } of scanStoredRows(context.store, domain, from, to)) {
        names.push(key);
        values.push(value);
      }
      const task = { from, to, keys: names, values: joinBytes(values) };
      return { ...(await kernel.gather(task)), domain };
    },
    async write(session, state, { values, buckets, later, domain }) {
      for (const [at, bucket] of buckets.entries()) {
        const value = partOf(values, at) as Uint8Array;
        session.putBytes(keys.billLines(epoch, state.index, bucket), value);
      }
      const known = state.later;
      const isNew = later !== undefined && !(domain in known);
      return {
        ...state,
        index: state.index + 1,
        later: isNew ? { ...known, [domain]: later.toString() } : known,
      };
    },
  };
}

export function composeSteps(bill: PlannedBill): BillPhaseSteps<{
  composed: ComposedBucket;
  accounts: string[];
  gathered: string[];
}> {
  const { context, epoch, plan, kernel } = bill;
  const { store, profile } = context;
  const { chargeBook, creditBook } = profile.agreement;
  const units = stretchesOf(context, plan).length;
  return {
    count: plan.buckets.length,
    async prepare(index) {
      const { first, ordinal } = plan.buckets[index] as BillPlan["buckets"][number];
      const accounts = await accountsBetween(store, first, plan.buckets[index + 1]?.first);
      const statesOf = async (domain: string) =>
        joinBytes(
          await store.getMany(accounts.map((account) => keys.epoch(account, epoch, domain))),
        );
      const [charges, credits] = [await statesOf(chargeBook), await statesOf(creditBook)];
      const names = Array.from({ length: units }, (_, unit) => keys.billLines(epoch, unit, index));
      const values = await store.getMany(names);
      const gatheredKeys = names.filter((_, at) => values[at] !== undefined);
      const gathered = joinBytes(values.filter((value) => value !== undefined));
      const task = { ordinal, accounts, charges, credits, gatheredKeys, gathered };
      return { composed: await kernel.compose(task), accounts, gathered: gatheredKeys };
    },
    async write(session, state, { composed, accounts, gathered }) {
      const { billed, invoices, leaves, partitions, totalNano } = composed;
      for (const [at, account] of billed.entries()) {
        const key = keys.invoice(accounts[account] as string, epoch);
        session.putLasting(key, partOf(invoices, at) as Uint8Array);
      }
      for (const [at, partition] of partitions.entries()) {
        const value = partOf(leaves, at) as Uint8Array;
        session.putBytes(keys.billLeaves(epoch, state.index, partition), value);
      }
      for (const key of gathered) session.delete(key);
      return {
        ...state,
        index: state.index + 1,
        invoices: state.invoices + billed.length,
        totalNano: (BigInt(state.totalNano) + totalNano).toString(),
      };
    },
  };
}

export function appendSteps({ context, epoch, plan }: PlannedBill): BillPhaseSteps<{
  blocks: ReturnType<typeof encodeLeafBlocks>;
  used: string[];
}> {
  const { store, profile } = context;
  return {
    count: partitionsOf(context, plan),
    async prepare(index) {
      const names = plan.buckets.map((_, bucket) => keys.billLeaves(epoch, bucket, index));
      const values = await store.getMany(names);
      const used = names.filter((_, at) => values[at] !== undefined);
      const leaves = values.flatMap((value, at) =>
        value === undefined ? [] : [...packedLeaves(readBytes(names[at] as string, value))],
      );
      return { blocks: encodeLeafBlocks(epoch, leaves.sort(compareLeaves)), used };
    },
    async write(session, state, { blocks, used }) {
      const bookKey = keys.book(profile.agreement.invoiceBook);
      const book = (await session.get<BookState>(bookKey)) as BookState;
      let position = BigInt(book.pendingNext);
      let count = 0;
      for (const block of blocks) {
        session.putLasting(keys.rows(book.domain, position), block.rows);
        session.putLasting(keys.leaves(book.domain, position), block.tile);
        position += BigInt(block.count);
        count += block.count;
      }
      if (count > 0) session.put(bookKey, { ...book, pendingNext: position.toString() });
      for (const key of used) session.delete(key);
      const leaves = { ...state.leaves, count: state.leaves.count + count };
      return { ...state, index: state.index + 1, leaves };
    },
  };
}

/** Two runs at once would write the same steps. @throws TallystickError `bill.moved` */
export function requireSameStep(expected: BillState, stored: BillState | undefined): void {
  if (stored?.phase !== expected.phase || stored.index !== expected.index) throw billMoved();
}

/** The same of closing accounts. @throws TallystickError `bill.moved` */
export function requireSameClosing(expected: Closing, stored: Closing | undefined): void {
  const isSame =
    stored?.phase === expected.phase &&
    stored.period === expected.period &&
    stored.after === expected.after;
  if (!isSame) throw billMoved();
}

export const billMoved = () =>
  new TallystickError(
    "bill.moved",
    "Somebody else went on with this bill meanwhile. Ask for the bill again to follow it.",
  );
