import { fromHex, type Hex } from "../../core/bytes.ts";
import { EDITIONS_MAX, evidencePlace, SALT_BYTES } from "../../core/evidence/evidence-file.ts";
import type { BillState } from "../bill/bill-state.ts";
import type { EngineContext } from "../operator.ts";
import { isOver, readRetention, requireKept } from "../retention/retention-state.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreOperation } from "../store/store.ts";
import { encodeJson, getJson, readJson, scanJson } from "../store/stored-json.ts";
import type { Account } from "../store/stored-types.ts";
import { OneAtATime } from "../store/turns.ts";
import { type ChargedAccount, readChargedAccounts } from "./account-facts.ts";
import type { EvidenceBuilder } from "./build-evidence.ts";
import { erasePublished } from "./erase-published.ts";
import { type OpenEvidenceKernel, openPlainEvidenceKernel } from "./evidence-kernel.ts";
import type { EvidenceShelf, OpenWrittenShelf } from "./evidence-shelf.ts";
import { EvidenceFileMaker, type WantedFile } from "./make-evidence-files.ts";
import { PublishingRun } from "./publishing-run.ts";
import {
  areInvoicesFinal,
  beginIn,
  begunMonths,
  type PublishedEvidence,
  type PublishProgress,
  type PublishState,
  progressOf,
  readPublishing,
  requireFinal,
} from "./publishing-state.ts";
import { whileKept } from "./while-kept.ts";

/** Accounts of one step, whose files become durable together. */
const ACCOUNTS_AT_ONCE = 2_048;

/**
 * Writes each subscriber's evidence of a billed month as one file that never changes. Credits that come
 * later make another edition, a whole file of its own, when the month is published again.
 *
 * The order of writes: that the month is begun; then, for each group of accounts, what the newest edition
 * holds is noted (durable), then the files (each whole or absent), then how far the run is; files of one group
 * become durable while those of the next are made. A crash in between repeats what is not noted:
 * a file that is there stays, one that is missing is made with all there is by then.
 */
export class EvidencePublisher {
  readonly #context: EngineContext;
  readonly #builder: EvidenceBuilder;
  readonly #maker: EvidenceFileMaker;
  readonly #turns = new OneAtATime();
  readonly #swept = new WeakSet<EvidenceShelf>();
  #run: PublishingRun | undefined;

  constructor(
    context: EngineContext,
    builder: EvidenceBuilder,
    openKernel: OpenEvidenceKernel = openPlainEvidenceKernel,
  ) {
    this.#context = context;
    this.#builder = builder;
    this.#maker = new EvidenceFileMaker(context, builder, openKernel);
  }

  /**
   * One step of the publishing of a month into a folder; to be called until it is done. Who calls it
   * again after that has the month looked through again.
   * @param folder that the shelf stands for
   * @returns what is durable and noted: the files of the step itself may still be on their way
   * @throws TallystickError `publish.not-billed`, `publish.not-final`, `publish.not-written`,
   *   `evidence.retention-over`
   */
  step(epoch: string, shelf: EvidenceShelf, folder: string): Promise<PublishProgress> {
    return this.#turns.run(async () => {
      try {
        const progress = await this.#step(epoch, shelf, folder);
        if (progress.done) await this.#maker.rest();
        return progress;
      } catch (error) {
        await this.#leaveRun();
        await this.#maker.rest();
        // What bears its name may not be on the disk: the next step would find it and note it.
        this.#swept.delete(shelf);
        throw error;
      }
    });
  }

  /** After the step at hand; the month goes on with the next one. */
  stop(): Promise<void> {
    return this.#turns.run(async () => {
      await this.#leaveRun();
      await this.#maker.rest();
    });
  }

  /**
   * One step of taking away what was published of months that are over, and not while files are being written: what
   * was on its way when a month was found to be over goes too. @returns whether nothing is left
   * @throws TallystickError `publish.not-erased`
   */
  erase(openShelf: OpenWrittenShelf, isOver: (epoch: string) => boolean): Promise<boolean> {
    return this.#turns.run(async () => {
      await this.#leaveRun();
      return erasePublished(this.#context, openShelf, isOver);
    });
  }

  /** How far the newest publishing of a month into a folder is; undefined where there was none. */
  async progress(epoch: string, folder: string): Promise<PublishProgress | undefined> {
    const { store } = this.#context;
    const state = await readPublishing(store, epoch);
    return state?.folder === folder ? progressOf(store, epoch, state) : undefined;
  }

  /** The newest month that was published into a folder, or is on its way there. */
  async newest(folder: string): Promise<string | undefined> {
    const begun = await begunMonths(this.#context.store);
    return begun.filter(({ state }) => state.folder === folder).at(-1)?.epoch;
  }

  /**
   * The month that is to be published into a folder by itself: one that is on its way, else the first
   * billed one that is not there, of those after the first that is; where none is there, the last one billed.
   * Undefined while its invoices are not final, and when there is none.
   */
  async due(folder: string): Promise<string | undefined> {
    const { store, profile } = this.#context;
    const begun = (await begunMonths(store)).filter(({ state }) => state.folder === folder);
    const retention = await readRetention(store);
    const waiting = begun.find(({ state, epoch }) => !state.done && !isOver(retention, epoch));
    if (waiting !== undefined) return waiting.epoch;
    const billed: string[] = [];
    for await (const { key, value } of scanJson<BillState>(store, below("bill/"))) {
      if (value.phase === "done" && value.invoices > 0) billed.push(key.slice("bill/".length));
    }
    // What was billed before the first that was published is for its operator to publish.
    const first = begun.at(0)?.epoch;
    const isNext = (one: string) =>
      one > (first ?? "") && !isOver(retention, one) && begun.every((known) => known.epoch !== one);
    const epoch = first === undefined ? billed.at(-1) : billed.find(isNext);
    const isDue = epoch !== undefined && !isOver(retention, epoch);
    const { invoiceBook } = profile.agreement;
    return isDue && (await areInvoicesFinal(store, invoiceBook)) ? epoch : undefined;
  }

  /**
   * The newest edition of an account's month in a folder, when it holds all that there is by now.
   * Whoever published elsewhere since is taken at that: then nothing is said.
   */
  async edition(account: string, epoch: string, folder: string): Promise<number | undefined> {
    const { store } = this.#context;
    const state = await readPublishing(store, epoch);
    if (state?.done !== true || state.folder !== folder) return undefined;
    const known = await getJson<PublishedEvidence>(store, keys.published(epoch, account));
    const [charged] = await readChargedAccounts(this.#context, [account], epoch);
    if (known === undefined || charged === undefined) return undefined;
    return (await this.#creditsOf(charged)) === known.credits ? known.edition : undefined;
  }

  async #step(epoch: string, shelf: EvidenceShelf, folder: string): Promise<PublishProgress> {
    const { store } = this.#context;
    await requireKept(store, epoch);
    if (this.#run?.isOf(epoch, shelf, folder) !== true) {
      await this.#leaveRun();
      this.#run = await this.#begin(epoch, shelf, folder);
    }
    const run = this.#run;
    const { made } = run;
    const isFirst = made.after === "";
    const accounts = await this.#accountsAfter(made.after);
    const put = await whileKept(store, epoch, () => this.#publish(run, accounts));
    made.done = accounts.length < ACCOUNTS_AT_ONCE;
    made.after = accounts.at(-1)?.id ?? made.after;
    // One group is made while the one before becomes durable, and no more of them.
    await run.settled();
    run.add(async (state) => {
      await put();
      if (isFirst || state.done) await this.#tell(epoch, shelf, state);
      await this.#note(epoch, state);
    });
    if (made.done) await this.#leaveRun({ isWhole: true });
    return progressOf(store, epoch, run.noted);
  }

  /** Where the month was left in this folder, or from its beginning. */
  async #begin(epoch: string, shelf: EvidenceShelf, folder: string): Promise<PublishingRun> {
    if (!this.#swept.has(shelf)) await shelf.sweep();
    this.#swept.add(shelf);
    const known = await readPublishing(this.#context.store, epoch);
    if (known !== undefined && !known.done && known.folder === folder) {
      return new PublishingRun(epoch, shelf, known);
    }
    await requireFinal(this.#context, epoch);
    const state = beginIn(folder, known);
    await this.#note(epoch, state);
    return new PublishingRun(epoch, shelf, state);
  }

  /**
   * Nothing is being put any more after this; what was not noted is made again by the next step.
   * @throws what ended the noting, where all of it is wanted
   */
  async #leaveRun({ isWhole = false } = {}): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (isWhole) return run?.settled();
    await run?.ended();
  }

  async #note(epoch: string, state: PublishState): Promise<void> {
    const key = keys.publishing(epoch);
    const { store } = this.#context;
    await store.write([{ type: "put", key, value: encodeJson(state) }]);
  }

  /** Makes what is missing of some accounts' files. @returns to be called for them to be durable */
  async #publish(run: PublishingRun, accounts: Account[]): Promise<() => Promise<void>> {
    const { epoch, shelf, made: state } = run;
    if (accounts.length === 0) return async () => {};
    const secrets = new Map(accounts.map(({ id, accessSecret }) => [id, accessSecret]));
    const billed = await readChargedAccounts(this.#context, [...secrets.keys()], epoch);
    const editions = await this.#noteEditions(epoch, billed);
    const places = billed.flatMap(({ account, state: { lastChargeNumber } }, at) => {
      const secret = fromHex(secrets.get(account) as Hex, 32);
      return Array.from({ length: editions[at] as number }, (_, before) => ({
        account,
        lines: Number(lastChargeNumber),
        secret,
        place: evidencePlace(secret, epoch, before + 1),
      }));
    });
    const there = await shelf.lengths(places.map(({ place }) => place));
    const missing = places.flatMap((one, at): WantedFile[] =>
      there[at] === undefined ? [{ ...one, salt: this.#context.random.bytes(SALT_BYTES) }] : [],
    );
    const made = await this.#maker.make(epoch, shelf, missing);
    run.put(made.put);
    const lengths = [...there.filter((length) => length !== undefined), ...made.lengths];
    state.subscribers += billed.length;
    state.files += lengths.length;
    state.written += made.lengths.length;
    state.bytes += lengths.reduce((sum, length) => sum + length, 0);
    return () => made.put;
  }

  /** The newest edition of each account's month; one that is not noted yet is, before it is written. */
  async #noteEditions(epoch: string, billed: readonly ChargedAccount[]): Promise<number[]> {
    const { store } = this.#context;
    const names = billed.map(({ account }) => keys.published(epoch, account));
    const noted: StoreOperation[] = [];
    const editions: number[] = [];
    for (const [at, value] of (await store.getMany(names)).entries()) {
      const key = names[at] as string;
      const known = value === undefined ? undefined : readJson<PublishedEvidence>(key, value);
      const credits = await this.#creditsOf(billed[at] as ChargedAccount);
      const edition = known?.credits === credits ? known.edition : (known?.edition ?? 0) + 1;
      editions.push(Math.min(edition, EDITIONS_MAX));
      if (edition === known?.edition || edition > EDITIONS_MAX) continue;
      const now: PublishedEvidence = { edition, credits };
      noted.push({ type: "put", key, value: encodeJson(now) });
    }
    if (noted.length > 0) await store.write(noted);
    return editions;
  }

  /** Final credits that reduce charges of the month. */
  async #creditsOf({ account, epoch, creditEpochs }: ChargedAccount): Promise<number> {
    if (creditEpochs.length === 0) return 0;
    const { head } = await this.#builder.open(account, epoch, { onlyFinal: true });
    return head.credits.length;
  }

  async #accountsAfter(after: string): Promise<Account[]> {
    const accounts: Account[] = [];
    // No id begins with a space: the first key behind the account's own.
    const from = after === "" ? "account/" : `${keys.account(after)} `;
    const range = { from, to: below("account/").to, limit: ACCOUNTS_AT_ONCE };
    for await (const { value } of scanJson<Account>(this.#context.store, range)) {
      accounts.push(value);
    }
    return accounts;
  }

  async #tell(epoch: string, shelf: EvidenceShelf, state: PublishState): Promise<void> {
    const { profile, time } = this.#context;
    const { subscribers, files, bytes, done } = state;
    await shelf.writeManifest(epoch, {
      format: "tallystick-evidence-folder",
      version: 1,
      epoch,
      operator: profile.name,
      complete: done,
      subscribers,
      files,
      bytes,
      writtenAt: new Date(Number(await time.seconds()) * 1000).toISOString(),
    });
  }
}
