import { fromHex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import { AccountClosing } from "../../core/rating/account-closing.ts";
import { overlaps } from "../../core/rating/allowances.ts";
import { type BillingPeriod, BillingPeriods } from "../../core/rating/billing-period.ts";
import { ratedAccount } from "../../core/rating/rated-account.ts";
import type { StateKey } from "../../core/rating/rating-state.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import { type DisputeAddresses, loadDisputeAddresses } from "../number/dispute-addresses.ts";
import { encodeEpoch, type PackedEpoch, packEpoch, unpackEpoch } from "../number/stored-epoch.ts";
import { makeSubscriberEpoch } from "../number/subscriber-epoch.ts";
import { keys } from "../store/key-spaces.ts";
import { isBytes } from "../store/stored-bytes.ts";
import { encodeJson, readJson } from "../store/stored-json.ts";
import type { Account, EpochState, RatingValues } from "../store/stored-types.ts";
import { ClosingBlocks } from "./closing-block.ts";
import type { ClosedUnit, ClosingFacts, ClosingTask } from "./closing-kernel.ts";
import { type ClosingCredits, dueLines } from "./closing-lines.ts";
import { joinBytes, partOf } from "./joined-bytes.ts";

/** Of a subscriber's secrets in a new epoch: blind and key. */
export const FRESH_BYTES = 64;

interface ClosingTariff {
  compiled: CompiledTariff;
  periods: BillingPeriods;
}

/** The computing part of closing accounts: bytes in, bytes out, whatever thread it runs in. */
export class ClosingWorker {
  readonly #facts: ClosingFacts;
  readonly #blocks: ClosingBlocks;
  readonly #addresses: DisputeAddresses;
  readonly #tariffs = new Map<number, ClosingTariff>();

  private constructor(facts: ClosingFacts, addresses: DisputeAddresses) {
    this.#facts = facts;
    this.#addresses = addresses;
    this.#blocks = new ClosingBlocks(fromHex(facts.domain, 20), facts.role);
  }

  static async open(facts: ClosingFacts): Promise<ClosingWorker> {
    return new ClosingWorker(facts, await loadDisputeAddresses());
  }

  /** @throws TallystickError `store.value-damaged` */
  close(task: ClosingTask): ClosedUnit {
    const { ids, period, version } = task;
    const tariff = this.#tariff(version);
    const charged: number[] = [];
    const added: number[] = [];
    const states: Uint8Array[] = [];
    const credited: number[] = [];
    const credits: Uint8Array[] = [];
    const unmarked: number[] = [];
    const alone: number[] = [];
    const fresh = new FreshBytes(task.fresh);
    for (const [index, id] of ids.entries()) {
      const stored = partOf(task.accounts, index) as Uint8Array;
      const account = readJson<Account>(keys.account(id), stored);
      const held = partOf(task.states, index);
      const secrets = held === undefined ? fresh.next() : undefined;
      const lines = linesOf(tariff, account, period, partOf(task.quantities, index));
      if (lines === undefined) continue;
      if (!lines.isMarked) unmarked.push(index);
      const due = dueLines(lines.lines);
      if (due.charges.length > 0) {
        const state =
          secrets === undefined
            ? this.#read(task.epoch, id, held as Uint8Array)
            : this.#make(task.epoch, account, secrets);
        if (!ClosingBlocks.fits(id, state, period, due)) {
          alone.push(index);
          continue;
        }
        this.#blocks.add(id, state, task, due);
        charged.push(index);
        added.push(due.charges.length);
        states.push(encodeEpoch(state));
      }
      if (due.credits.length === 0) continue;
      const value: ClosingCredits = { account: id, period, lines: due.credits };
      credited.push(index);
      credits.push(encodeJson(value));
    }
    const blocks = this.#blocks.take(task);
    return {
      rows: joinBytes(blocks.map(({ rows }) => rows)),
      tiles: joinBytes(blocks.map(({ tile }) => tile)),
      counts: blocks.map(({ count }) => count),
      charged,
      added,
      states: joinBytes(states),
      credited,
      credits: joinBytes(credits),
      unmarked,
      alone,
    };
  }

  #read(epoch: string, id: string, value: Uint8Array): PackedEpoch {
    const key = keys.epoch(id, epoch, this.#facts.domain);
    return isBytes(value) ? unpackEpoch(key, value) : packEpoch(readJson<EpochState>(key, value));
  }

  #make(epoch: string, account: Account, secrets: FreshBytes): PackedEpoch {
    const { domain } = this.#facts;
    return packEpoch(
      makeSubscriberEpoch(secrets, this.#addresses, account, account.id, epoch, domain),
    );
  }

  /** Compiled at first need: a month ends under one version, or few. */
  #tariff(version: number): ClosingTariff {
    const known = this.#tariffs.get(version);
    if (known !== undefined) return known;
    const published = this.#facts.tariffs.find((one) => one.version === version);
    const compiled = compileTariff(published?.document, version);
    const tariff = { compiled, periods: new BillingPeriods(compiled.document) };
    this.#tariffs.set(version, tariff);
    return tariff;
  }
}

/** Undefined where nothing of the account has a plan or a sum. */
function linesOf(
  { compiled, periods }: ClosingTariff,
  stored: Account,
  period: BillingPeriod,
  quantities: Uint8Array | undefined,
) {
  const account = ratedAccount(stored, compiled.document, periods, { isOneOfVersions: true });
  const values =
    quantities === undefined
      ? {}
      : readJson<RatingValues>(keys.rating(stored.id, period.from), quantities);
  const held = Object.entries(values).map(([name, value]): [StateKey, bigint] => [
    JSON.parse(name) as string[],
    BigInt(value),
  ]);
  if (held.length === 0 && !account.assignments.some((dates) => overlaps(dates, period))) {
    return undefined;
  }
  const { lines } = new AccountClosing(compiled, periods, account, period).close(held);
  return { lines, isMarked: held.some(([[kind], value]) => kind === "active" && value === 1n) };
}

/** Bytes that were drawn by whoever has a source of them, handed out in order. */
class FreshBytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Those of the next account. */
  next(): FreshBytes {
    return new FreshBytes(this.bytes(FRESH_BYTES));
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    assert(end <= this.#bytes.length, "random bytes were drawn for every new state");
    const taken = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return taken;
  }
}
