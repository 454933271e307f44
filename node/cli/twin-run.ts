import { createHash } from "node:crypto";
import { minorUnitDigits } from "../core/money/currency.ts";
import { formatNano } from "../core/money/decimal.ts";
import type { AccountDirectory } from "../core/rating/account-directory.ts";
import { AccountRater, needsAccounts } from "../core/rating/account-rater.ts";
import { BillingPeriods } from "../core/rating/billing-period.ts";
import { PeriodCloser } from "../core/rating/close-period.ts";
import { CompiledRater } from "../core/rating/compiled-rater.ts";
import { explainComponents, rowLabel } from "../core/rating/explain.ts";
import type { RatingOutcome } from "../core/rating/outcome.ts";
import { rowsAt } from "../core/rating/price-charge.ts";
import { RatingState } from "../core/rating/rating-state.ts";
import { LINE_TOO_LONG, readUsageLine } from "../core/rating/usage-line.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import type { CompiledTariff } from "../core/tariff/compile.ts";
import { isChange, TWIN_DIMENSIONS, type TwinSums, TwinTally } from "../core/twin/twin-sums.ts";
import { LargestChanges } from "./largest-changes.ts";
import type { Output } from "./output.ts";
import { loadAccounts } from "./rating-files.ts";
import { SeenIds } from "./seen-ids.ts";

/** One of the two tariffs, with counters of its own. */
interface Pricer {
  tariff: CompiledTariff;
  rate: (record: UsageRecord) => RatingOutcome;
  /** What the period's end adds to each account. */
  close: (period: string) => Map<string, bigint>;
}

async function pricer(
  tariff: CompiledTariff,
  accountsFile: string | undefined,
  withAccounts: boolean,
): Promise<Pricer & { accounts: AccountDirectory }> {
  const periods = new BillingPeriods(tariff.document);
  const accounts = await loadAccounts(accountsFile, tariff, periods);
  const state = new RatingState(tariff.document);
  const rater = new AccountRater(tariff, accounts, periods, state);
  const compiled = new CompiledRater(tariff);
  const closer = new PeriodCloser(tariff, accounts, periods, state);
  return {
    tariff,
    accounts,
    rate: withAccounts ? (record) => rater.rate(record) : (record) => compiled.rate(record),
    close: (period) => {
      const added = new Map<string, bigint>();
      for (const one of periods.within(period)) {
        for (const { account, totalNano, usageNano } of closer.close(one)) {
          added.set(account, (added.get(account) ?? 0n) + totalNano - usageNano);
        }
      }
      return added;
    },
  };
}

export interface TwinOptions {
  accounts: string | undefined;
  /** A billing period whose end is compared too. */
  close: string | undefined;
  /** Whether each record whose price changes is printed. */
  records: boolean;
}

const DIMENSION_WORDS: Record<(typeof TWIN_DIMENSIONS)[number], string> = {
  service: "service",
  product: "product",
  customerGroup: "customer group",
  partner: "partner",
};

/** Prices record by record under both tariffs and keeps nothing but sums and the largest changes. */
export class TwinRun {
  readonly #tariff: Pricer;
  readonly #draft: Pricer;
  readonly #accounts: AccountDirectory;
  readonly #output: Output;
  readonly #options: TwinOptions;
  readonly #digest = createHash("sha256");
  readonly tally = new TwinTally();
  readonly largest = new LargestChanges();
  readonly #seen = new SeenIds();
  #notBillable = 0;
  #rejected = 0;
  #duplicates = 0;

  private constructor(
    tariff: Pricer & { accounts: AccountDirectory },
    draft: Pricer,
    options: TwinOptions,
    output: Output,
  ) {
    this.#tariff = tariff;
    this.#accounts = tariff.accounts;
    this.#draft = draft;
    this.#options = options;
    this.#output = output;
  }

  /** @param draft as if it were in force when the tariff is */
  static async of(
    tariff: CompiledTariff,
    draft: CompiledTariff,
    options: TwinOptions,
    output: Output,
  ): Promise<TwinRun> {
    const withAccounts =
      options.accounts !== undefined ||
      options.close !== undefined ||
      needsAccounts(tariff) ||
      needsAccounts(draft);
    return new TwinRun(
      await pricer(tariff, options.accounts, withAccounts),
      await pricer(draft, options.accounts, withAccounts),
      options,
      output,
    );
  }

  get isUnchanged(): boolean {
    return this.tally.total.changed === 0 && this.#rejected === 0;
  }

  async line(text: string, number: number): Promise<void> {
    this.#digest.update(text);
    this.#digest.update("\n");
    const line = readUsageLine(text);
    if (line.kind === "usage") {
      // The same id is the same use, as for rate.
      if (this.#seen.add(line.record.id, text, number) === undefined) {
        return this.#compare(line.record);
      }
      this.#duplicates += 1;
      return;
    }
    if (line.kind === "other") {
      if ("rejected" in line.value || "error" in line.value) this.#rejected += 1;
      return;
    }
    await this.#reject(line.code, line.message, number);
  }

  tooLong(number: number): Promise<void> {
    this.#digest.update(`${LINE_TOO_LONG}\n`);
    return this.#reject("usage.line-too-long", LINE_TOO_LONG, number);
  }

  async #reject(code: string, message: string, number: number): Promise<void> {
    this.#rejected += 1;
    await this.#output.record({ rejected: { code, message, position: number } });
    await this.#output.say(`line ${number}: ${message} [${code}]`);
  }

  async #compare(record: UsageRecord): Promise<void> {
    const before = this.#tariff.rate(record);
    const after = this.#draft.rate(record);
    if (before.outcome === "not-billable" || after.outcome === "not-billable") {
      this.#notBillable += 1;
      return;
    }
    this.tally.add(before, after, {
      service: record.service,
      product: this.#productOf(record, before, after),
      customerGroup: this.#groupOf(record, before),
      partner: this.#partnerOf(record, before, after),
    });
    if (!isChange(before, after)) return;
    const isComparable =
      before.outcome === "rated" && after.outcome === "rated" && before.currency === after.currency;
    const difference = isComparable ? after.amountNano - before.amountNano : undefined;
    if (difference !== undefined) this.largest.note(record, difference);
    if (!this.#options.records) return;
    const { id: usageId, service } = record;
    await this.#output.record({
      usageId,
      service,
      before: this.#show(this.#tariff, before),
      after: this.#show(this.#draft, after),
      ...(difference === undefined ? {} : { difference: this.money(difference) }),
    });
    await this.#output.say(
      `${usageId}  ${describe(before, this.#tariff)} -> ${describe(after, this.#draft)}`,
    );
  }

  /** Service, direction and zone, by the tariff that can tell. */
  #productOf(record: UsageRecord, before: RatingOutcome, after: RatingOutcome): string {
    const [pricerOf, rated] =
      before.outcome === "rated" ? [this.#tariff, before] : [this.#draft, after];
    if (rated.outcome !== "rated") return `${record.service}, no price`;
    const { service, direction, zone } = rowLabel(pricerOf.tariff, rated.rows);
    const to = zone === undefined ? "" : `, ${zone}`;
    return `${service}${direction === "none" ? "" : ` ${direction}`}${to}`;
  }

  /** Who shares in it: the visited network, else the agreement's split that the price names. */
  #partnerOf(record: UsageRecord, before: RatingOutcome, after: RatingOutcome): string {
    if (record.visitedNetwork !== undefined) return `network ${record.visitedNetwork}`;
    const [{ tariff }, rated] =
      before.outcome === "rated" ? [this.#tariff, before] : [this.#draft, after];
    return rated.outcome === "rated"
      ? `split ${rowsAt(tariff, rated.rows).price.split}`
      : "no price";
  }

  /** The account's first group, else the plan that it is on. */
  #groupOf(record: UsageRecord, before: RatingOutcome): string {
    const id = "account" in before ? String(before.account) : record.account;
    const account = id === undefined ? undefined : this.#accounts.account(id);
    return account?.groups[0] ?? account?.assignments[0]?.plan.name ?? "no group";
  }

  #show({ tariff }: Pricer, outcome: RatingOutcome): object {
    if (outcome.outcome === "suspended") {
      return { suspended: { code: outcome.code, message: outcome.message } };
    }
    if (outcome.outcome === "not-billable") return { notBillable: true };
    return {
      amount: formatNano(outcome.amountNano, minorUnitDigits(tariff.currency)),
      currency: outcome.currency,
      because: explainComponents(tariff, outcome),
    };
  }

  /** Compares the period's end and prints the sums. */
  async finish(): Promise<void> {
    if (this.#options.close !== undefined) this.#comparePeriodEnd(this.#options.close);
    const byOf = (dimension: (typeof TWIN_DIMENSIONS)[number]) =>
      Object.fromEntries(
        [...this.tally.by[dimension]].map(([name, sums]) => [name, this.totals(sums)]),
      );
    const { records, changed, suspendedBefore, suspendedAfter } = this.tally.total;
    await this.#output.record({
      summary: {
        ...this.totals(this.tally.total),
        notBillable: this.#notBillable,
        rejected: this.#rejected,
        ...(this.#duplicates === 0 ? {} : { duplicates: this.#duplicates }),
        byService: byOf("service"),
        byProduct: byOf("product"),
        byCustomerGroup: byOf("customerGroup"),
        byPartner: byOf("partner"),
      },
    });
    for (const dimension of TWIN_DIMENSIONS) await this.#sayBy(dimension);
    await this.#output.say(
      `${changed} of ${records} records change: ${this.money(this.tally.total.beforeNano)} ` +
        `${this.#tariff.tariff.currency} -> ${this.money(this.tally.total.afterNano)} ` +
        `${this.#draft.tariff.currency}; suspended ${suspendedBefore} -> ` +
        `${suspendedAfter}, ${this.#notBillable} not billable, ` +
        `${this.#rejected} rejected`,
    );
  }

  async #sayBy(dimension: (typeof TWIN_DIMENSIONS)[number]): Promise<void> {
    const { before, after } = this.currencies;
    for (const [name, { records, changed, beforeNano, afterNano }] of this.tally.by[dimension]) {
      await this.#output.say(
        `${DIMENSION_WORDS[dimension]} ${name}: ${changed} of ${records} change, ` +
          `${this.money(beforeNano)} ${before} -> ${this.money(afterNano)} ${after}`,
      );
    }
  }

  #comparePeriodEnd(period: string): void {
    const before = this.#tariff.close(period);
    const after = this.#draft.close(period);
    for (const id of [...new Set([...before.keys(), ...after.keys()])].sort()) {
      const account = this.#accounts.account(id);
      const group = account?.groups[0] ?? account?.assignments[0]?.plan.name ?? "no group";
      this.tally.addPeriodEnd(before.get(id) ?? 0n, after.get(id) ?? 0n, group);
    }
  }

  /** SHA-256 over the lines that were read, each with a line feed. Can be asked for once. */
  usageDigest(): string {
    return this.#digest.digest("hex");
  }

  get currencies(): { before: string; after: string } {
    return { before: this.#tariff.tariff.currency, after: this.#draft.tariff.currency };
  }

  get names(): { tariff: string; draft: string } {
    return {
      tariff: this.#tariff.tariff.document.name,
      draft: this.#draft.tariff.document.name,
    };
  }

  /** A difference of two currencies is none. */
  totals({ beforeNano, afterNano, ...counts }: TwinSums): object {
    const { before: from, after: to } = this.currencies;
    return {
      ...counts,
      before: { [from]: this.money(beforeNano) },
      after: { [to]: this.money(afterNano) },
      ...(from === to ? { difference: { [to]: this.money(afterNano - beforeNano) } } : {}),
    };
  }

  money(nano: bigint): string {
    return formatNano(nano, minorUnitDigits(this.#tariff.tariff.currency));
  }
}

function describe(outcome: RatingOutcome, { tariff }: Pricer): string {
  if (outcome.outcome === "suspended") return `suspended [${outcome.code}]`;
  if (outcome.outcome === "not-billable") return "not billable";
  return `${formatNano(outcome.amountNano, minorUnitDigits(tariff.currency))} ${outcome.currency}`;
}
