import { TallystickError } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { getJson } from "../store/stored-json.ts";
import { BILL_PHASES, type BillPlan, type BillState, largeBillUnit } from "./bill-state.ts";
import { type Closing, type ClosingParts, closeAccounts } from "./close-accounts.ts";
import { countAccounts } from "./plan-bill.ts";
import { type BillRun, type BillRunParts, billedBefore, runBill } from "./run-bill.ts";

export interface BillProgress {
  period: string;
  /** `close` while accounts with plans are closed, before the run itself. */
  phase: "close" | BillState["phase"];
  /** False of a run that was interrupted: it goes on when it is asked for again. */
  running: boolean;
  /** Accounts with an invoice, of those that get one, as far as they are planned. */
  accounts: { done: number; all: number };
  /** Of the whole work, from 0 to 1, by what the stages of a month's close take. */
  share: number;
}

/** Measured (docs/PERFORMANCE.md); they only tell people how long it will take. */
const SHARES = { plan: 0.08, gather: 0.22, compose: 0.66, append: 0.04 } as const;

export type BillDeskParts = BillRunParts & ClosingParts;

/** Who wants a bill asks here: one runs at a time, and everybody may see how far it is. */
export class BillDesk {
  readonly #parts: BillDeskParts;
  #running: { epoch: string; work: Promise<BillRun> } | undefined;
  #failed: { epoch: string; error: unknown } | undefined;
  #now: BillProgress | undefined;
  #isStopped = false;

  constructor(parts: BillDeskParts) {
    this.#parts = parts;
  }

  /** @throws TallystickError `bill.running`, and as `runBill` */
  async run(epoch: string): Promise<BillRun> {
    if (this.#running !== undefined) throw isRunning(this.#now, this.#running.epoch);
    const work = this.#work(epoch);
    this.#running = { epoch, work };
    this.#failed = undefined;
    try {
      return await work;
    } catch (error) {
      this.#failed = { epoch, error };
      throw error;
    } finally {
      this.#running = undefined;
      this.#now = undefined;
    }
  }

  async #work(epoch: string): Promise<BillRun> {
    const { context } = this.#parts;
    const none = { done: 0, all: 0 };
    this.#now = { period: epoch, phase: "close", running: true, accounts: none, share: 0 };
    this.#requireOn();
    const onClosing = (closing: Closing, all: number) => {
      this.#now = closingProgress(epoch, closing, all);
      this.#requireOn();
    };
    await closeAccounts({ ...this.#parts, onClosing }, epoch);
    const onStep = (state: BillState, plan: BillPlan) => {
      this.#now = { ...progressOf(context, epoch, state, plan), running: true };
      // What is done is done, whoever wants to stop.
      if (state.phase !== "done") this.#requireOn();
    };
    return runBill({ ...this.#parts, onStep }, epoch);
  }

  /** The run that is on its way, or that was interrupted; undefined when there is none. */
  async progress(): Promise<BillProgress | undefined> {
    if (this.#now !== undefined) return this.#now;
    const { context } = this.#parts;
    const epoch = await getJson<string>(context.store, keys.node("open-bill"));
    if (epoch === undefined) return this.#interruptedClosing();
    const state = await getJson<BillState>(context.store, keys.bill(epoch));
    const plan = await getJson<BillPlan>(context.store, keys.billPlan(epoch));
    return state && plan && { ...progressOf(context, epoch, state, plan), running: false };
  }

  /** Accounts were closed, and what was made of it is to be committed before the bill goes on. */
  async #interruptedClosing(): Promise<BillProgress | undefined> {
    const { store } = this.#parts.context;
    const epoch = await getJson<string>(store, keys.node("closing-epoch"));
    const closed = await getJson<string>(store, keys.node("closed-epoch"));
    if (epoch === undefined || (closed !== undefined && closed >= epoch)) return undefined;
    const closing = await getJson<Closing>(store, keys.closing(epoch));
    if (closing === undefined) return undefined;
    return { ...closingProgress(epoch, closing, await countAccounts(store)), running: false };
  }

  /**
   * What became of a period's bill: its end, or how far it is; undefined when nobody asked for it.
   * @throws what ended the run, when it was the last one
   */
  async outcome(epoch: string): Promise<BillRun | BillProgress | undefined> {
    if (this.#failed?.epoch === epoch) throw this.#failed.error;
    const done = await billedBefore(this.#parts.context, epoch);
    if (done !== undefined) return done;
    const progress = await this.progress();
    return progress?.period === epoch ? progress : undefined;
  }

  /** Ends a run after the step at hand; it goes on when it is asked for again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.work.catch(() => {});
  }

  #requireOn(): void {
    if (!this.#isStopped) return;
    throw new TallystickError(
      "bill.interrupted",
      "The node was stopped in the middle of the bill. What was done is stored; ask for the bill again to go on.",
    );
  }
}

function progressOf(
  context: EngineContext,
  epoch: string,
  state: BillState,
  plan: BillPlan,
): Omit<BillProgress, "running"> {
  const { phase, invoices } = state;
  const at = BILL_PHASES.indexOf(phase);
  let share = 0;
  for (const before of BILL_PHASES.slice(0, at)) share += SHARES[before as keyof typeof SHARES];
  if (phase !== "done" && phase !== "plan")
    share += SHARES[phase] * partOf(state, plan, largeBillUnit(context));
  return { period: epoch, phase, accounts: { done: invoices, all: plan.accounts }, share };
}

/** How much of the phase at hand is done, from 0 to 1. */
function partOf(
  { phase, index, invoices }: BillState,
  { accounts, books }: BillPlan,
  unit: number,
): number {
  if (phase === "compose") return invoices / Math.max(1, accounts);
  if (phase !== "gather") return 0;
  const rows = books.reduce((sum, { from, to }) => sum + Number(BigInt(to) - BigInt(from)), 0);
  return Math.min(1, (index * unit) / Math.max(1, rows));
}

function closingProgress(period: string, closing: Closing, all: number): BillProgress {
  // Periods that end in the epoch are closed one after the other.
  const done = closing.phase === "charges" ? closing.closed : all;
  return { period, phase: "close", running: true, accounts: { done, all }, share: 0 };
}

function isRunning(now: BillProgress | undefined, epoch: string): TallystickError {
  const accounts =
    now === undefined || now.accounts.all === 0
      ? ""
      : `: ${now.accounts.done} of ${now.accounts.all} accounts`;
  return new TallystickError(
    "bill.running",
    `The bill of ${epoch} is running${accounts}. tallystick status tells how far it is; ask again when it is done.`,
  );
}
