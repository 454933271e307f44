import { readTextLines } from "../../adapters/text-lines.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import { AccountRater } from "../../core/rating/account-rater.ts";
import { BillingPeriods } from "../../core/rating/billing-period.ts";
import { explainComponents } from "../../core/rating/explain.ts";
import type { RatingOutcome } from "../../core/rating/outcome.ts";
import { RatingState } from "../../core/rating/rating-state.ts";
import { readUsageLine } from "../../core/rating/usage-line.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output } from "../output.ts";
import { loadAccounts, loadTariff } from "../rating-files.ts";

export const command: CommandModule = {
  declare(command) {
    command
      .argument("<usage>", "recorded usage as newline-delimited JSON; - for input")
      .requiredOption("--tariff <file>", "the tariff that is in force")
      .requiredOption("--draft <file>", "the tariff that is to replace it")
      .option("--accounts <file>", "accounts with their devices, plans and pools, by dates")
      .addHelpText(
        "after",
        "\nPrints each record whose price changes, as if the draft had been in force. Exit code 1 when one does, or when a line is" +
          "\nno record. Charges of a period's end are not compared.",
      );
  },

  async run([usage], options, { output }) {
    const accounts = options.accounts === undefined ? undefined : String(options.accounts);
    const tariff = await loadTariff(String(options.tariff));
    const draft = asIfInForce(await loadTariff(String(options.draft)), tariff);
    const run = new TwinRun(await pricer(tariff, accounts), await pricer(draft, accounts), output);
    for await (const { number, text } of readTextLines(String(usage))) {
      if (text.trim() !== "") await run.line(text, number);
    }
    await run.finish();
    return run.isUnchanged ? EXIT.yes : EXIT.no;
  },
};

/** One of the two tariffs, with counters of its own. */
interface Pricer {
  tariff: CompiledTariff;
  rate: (record: UsageRecord) => RatingOutcome;
}

/** A draft begins in the future; the usage that it is tried on is of the past. */
function asIfInForce(draft: CompiledTariff, { document: old }: CompiledTariff): CompiledTariff {
  const { validFrom: _from, validTo: _to, calendarUntil: _until, ...rest } = draft.document;
  const { validFrom, validTo, calendarUntil } = old;
  return compileTariff({
    ...rest,
    validFrom,
    ...(validTo === undefined ? {} : { validTo }),
    ...(calendarUntil === undefined ? {} : { calendarUntil }),
  });
}

async function pricer(tariff: CompiledTariff, accountsFile: string | undefined): Promise<Pricer> {
  const periods = new BillingPeriods(tariff.document);
  const accounts = await loadAccounts(accountsFile, tariff, periods);
  const rater = new AccountRater(tariff, accounts, periods, new RatingState(tariff.document));
  return { tariff, rate: (record) => rater.rate(record) };
}

/** Sums of the records of one service, in nano-units of each tariff's currency. */
interface Sums {
  records: number;
  changed: number;
  suspendedBefore: number;
  suspendedAfter: number;
  beforeNano: bigint;
  afterNano: bigint;
}

const noSums = (): Sums => ({
  records: 0,
  changed: 0,
  suspendedBefore: 0,
  suspendedAfter: 0,
  beforeNano: 0n,
  afterNano: 0n,
});

/** Prices record by record under both tariffs and keeps nothing but the sums. */
class TwinRun {
  readonly #tariff: Pricer;
  readonly #draft: Pricer;
  readonly #output: Output;
  readonly #sums = noSums();
  readonly #byService = new Map<string, Sums>();
  #notBillable = 0;
  #rejected = 0;

  constructor(tariff: Pricer, draft: Pricer, output: Output) {
    this.#tariff = tariff;
    this.#draft = draft;
    this.#output = output;
  }

  get isUnchanged(): boolean {
    return this.#sums.changed === 0 && this.#rejected === 0;
  }

  async line(text: string, number: number): Promise<void> {
    const line = readUsageLine(text);
    if (line.kind === "usage") return this.#compare(line.record);
    if (line.kind === "other") {
      if ("rejected" in line.value || "error" in line.value) this.#rejected += 1;
      return;
    }
    this.#rejected += 1;
    const { code, message } = line;
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
    const service = this.#byService.get(record.service) ?? noSums();
    this.#byService.set(record.service, service);
    const changes = isChange(before, after);
    for (const sums of [this.#sums, service]) {
      sums.records += 1;
      if (changes) sums.changed += 1;
      if (before.outcome === "rated") sums.beforeNano += before.amountNano;
      else sums.suspendedBefore += 1;
      if (after.outcome === "rated") sums.afterNano += after.amountNano;
      else sums.suspendedAfter += 1;
    }
    if (!changes) return;
    const shown = {
      before: this.#show(this.#tariff, before),
      after: this.#show(this.#draft, after),
    };
    const difference =
      before.outcome === "rated" && after.outcome === "rated" && before.currency === after.currency
        ? { difference: this.#money(after.amountNano - before.amountNano) }
        : {};
    const { id: usageId, service: name } = record;
    await this.#output.record({ usageId, service: name, ...shown, ...difference });
    await this.#output.say(
      `${usageId}  ${describe(before, this.#tariff)} -> ${describe(after, this.#draft)}`,
    );
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

  async finish(): Promise<void> {
    const totals = this.#totals(this.#sums);
    const byService = Object.fromEntries(
      [...this.#byService].map(([service, sums]) => [service, this.#totals(sums)]),
    );
    await this.#output.record({
      summary: {
        ...totals,
        notBillable: this.#notBillable,
        rejected: this.#rejected,
        byService,
      },
    });
    const { records, changed } = this.#sums;
    await this.#output.say(
      `${changed} of ${records} records change: ${this.#money(this.#sums.beforeNano)} ` +
        `${this.#tariff.tariff.currency} -> ${this.#money(this.#sums.afterNano)} ` +
        `${this.#draft.tariff.currency}; suspended ${this.#sums.suspendedBefore} -> ` +
        `${this.#sums.suspendedAfter}, ${this.#notBillable} not billable, ` +
        `${this.#rejected} rejected`,
    );
  }

  /** A difference of two currencies is none. */
  #totals({ beforeNano, afterNano, ...counts }: Sums): object {
    const [from, to] = [this.#tariff.tariff.currency, this.#draft.tariff.currency];
    return {
      ...counts,
      before: { [from]: this.#money(beforeNano) },
      after: { [to]: this.#money(afterNano) },
      ...(from === to ? { difference: { [to]: this.#money(afterNano - beforeNano) } } : {}),
    };
  }

  #money(nano: bigint): string {
    return formatNano(nano, minorUnitDigits(this.#tariff.tariff.currency));
  }
}

function isChange(before: RatingOutcome, after: RatingOutcome): boolean {
  if (before.outcome === "rated" && after.outcome === "rated") {
    return before.amountNano !== after.amountNano || before.currency !== after.currency;
  }
  return before.outcome !== after.outcome;
}

function describe(outcome: RatingOutcome, { tariff }: Pricer): string {
  if (outcome.outcome === "suspended") return `suspended [${outcome.code}]`;
  if (outcome.outcome === "not-billable") return "not billable";
  return `${formatNano(outcome.amountNano, minorUnitDigits(tariff.currency))} ${outcome.currency}`;
}
