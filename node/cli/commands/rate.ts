import { readTextLines } from "../../adapters/text-lines.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import type { ClosedAccount } from "../../core/rating/account-closing.ts";
import { AccountRater, needsAccounts } from "../../core/rating/account-rater.ts";
import { BillingPeriods } from "../../core/rating/billing-period.ts";
import { PeriodCloser } from "../../core/rating/close-period.ts";
import { CompiledRater } from "../../core/rating/compiled-rater.ts";
import { explainComponents } from "../../core/rating/explain.ts";
import { owedNano, type Rated, type RatingOutcome } from "../../core/rating/outcome.ts";
import type { PeriodLine } from "../../core/rating/period-lines.ts";
import { LINE_TOO_LONG, readUsageLine } from "../../core/rating/usage-line.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { CompiledTariff } from "../../core/tariff/compile.ts";
import type { CommandModule } from "../command.ts";
import { CountedFiles } from "../counted-files.ts";
import { EXIT, type Output } from "../output.ts";
import { accountLine, boundedParts, chargeLine, periodLine } from "../rate-lines.ts";
import { loadAccounts, loadState, loadTariff, saveState } from "../rating-files.ts";
import { type SeenBefore, SeenIds } from "../seen-ids.ts";

/** Of a line of the period's end, for people. */
const PARTS_SAID_MAX = 10;

export const command: CommandModule = {
  declare(command) {
    command
      .argument("<usage>", "usage records as newline-delimited JSON (inspect --json); - for input")
      .requiredOption("--tariff <file>", "the tariff document")
      .option("--accounts <file>", "accounts with their devices, plans and pools, by dates")
      .option("--state <file>", "counters and allowances of earlier runs; written at the end")
      .option("--count-again", "count a file that the state holds already once more")
      .option("--close <from/to>", "end this billing period after the last record")
      .addHelpText(
        "after",
        "\nWithout --accounts, each served number is an account of its own, on the tariff's" +
          "\ndefaultPlan. Exit code 1 when a record was suspended or rejected," +
          "\nor has the id of another one and says something else.",
      );
  },

  async run([usage], options, { output }) {
    const given = (name: string): string | undefined =>
      options[name] === undefined ? undefined : String(options[name]);
    const tariff = await loadTariff(String(options.tariff));
    const periods = new BillingPeriods(tariff.document);
    const close = given("close");
    const closing = close === undefined ? [] : periods.within(close);
    const accounts = await loadAccounts(given("accounts"), tariff, periods);
    const stateFile = given("state");
    const state = await loadState(stateFile, tariff);
    const withAccounts =
      needsAccounts(tariff) ||
      closing.length > 0 ||
      stateFile !== undefined ||
      given("accounts") !== undefined;
    const rater = new AccountRater(tariff, accounts, periods, state);
    const compiled = new CompiledRater(tariff);
    const rate = withAccounts
      ? (record: UsageRecord) => rater.rate(record)
      : (record: UsageRecord) => compiled.rate(record);
    const run = new RatingRun(tariff, rate, output);
    const files =
      stateFile === undefined
        ? undefined
        : new CountedFiles(state, String(usage), options.countAgain === true);
    await files?.refuseKnown();
    const lines = readTextLines(String(usage), {
      seen: files?.seen,
      skipped: (number) => run.tooLong(number),
    });
    for await (const { number, text } of lines) {
      if (text.trim() !== "") await run.line(text, number);
    }
    files?.keep(run.rated);
    const closer = new PeriodCloser(tariff, accounts, periods, state);
    for (const period of closing) {
      for (const closed of closer.close(period)) await run.close(closed, periods);
    }
    if (stateFile !== undefined) await saveState(stateFile, state);
    await run.finish();
    return run.isClean ? EXIT.yes : EXIT.no;
  },
};

/** Rates line by line and keeps nothing but the sums and the ids that were seen. */
class RatingRun {
  readonly #tariff: CompiledTariff;
  readonly #rateRecord: (record: UsageRecord) => RatingOutcome;
  readonly #output: Output;
  readonly #decimals: number;
  #rated = 0;
  #suspended = 0;
  #notBillable = 0;
  #rejected = 0;
  #duplicates = 0;
  #differing = 0;
  readonly #seen = new SeenIds();
  #totalNano = 0n;

  constructor(
    tariff: CompiledTariff,
    rate: (record: UsageRecord) => RatingOutcome,
    output: Output,
  ) {
    this.#tariff = tariff;
    this.#rateRecord = rate;
    this.#output = output;
    this.#decimals = minorUnitDigits(tariff.currency);
  }

  get rated(): number {
    return this.#rated;
  }

  get isClean(): boolean {
    return this.#suspended === 0 && this.#rejected === 0 && this.#differing === 0;
  }

  async line(text: string, number: number): Promise<void> {
    const line = readUsageLine(text);
    if (line.kind === "usage") {
      const before = this.#seen.add(line.record.id, text, number);
      return before === undefined ? this.#rate(line.record) : this.#repeat(line.record.id, before);
    }
    if (line.kind === "other") {
      if ("rejected" in line.value || "error" in line.value) this.#rejected += 1;
      // A summary of an earlier run is not one of this run.
      if (!("summary" in line.value)) await this.#output.record(line.value);
      return;
    }
    await this.#reject(line.code, line.message, number);
  }

  tooLong(number: number): Promise<void> {
    return this.#reject("usage.line-too-long", LINE_TOO_LONG, number);
  }

  async #reject(code: string, message: string, number: number): Promise<void> {
    this.#rejected += 1;
    await this.#output.record({ rejected: { code, message, position: number } });
    await this.#output.say(`line ${number}: ${message} [${code}]`);
  }

  /** The same id is the same use: it is charged once, and counters move once. */
  async #repeat(usageId: string, { line, differs }: SeenBefore): Promise<void> {
    this.#duplicates += 1;
    if (differs) this.#differing += 1;
    const duplicate = { code: "rate.duplicate", firstLine: line, ...(differs ? { differs } : {}) };
    await this.#output.record({ usageId, duplicate });
    await this.#output.say(
      `${usageId}  not taken again: line ${line} has this id` +
        (differs ? ", and says something else; a correction needs an id of its own" : ""),
    );
  }

  async #rate(record: UsageRecord): Promise<void> {
    const outcome = this.#rateRecord(record);
    const usageId = record.id;
    switch (outcome.outcome) {
      case "rated":
        this.#rated += 1;
        this.#totalNano += owedNano(outcome);
        await this.#charge(usageId, outcome);
        return;
      case "suspended": {
        this.#suspended += 1;
        const { code, message } = outcome;
        await this.#output.record({ usageId, suspended: { code, message } });
        await this.#output.say(`${usageId}  suspended: ${message} [${code}]`);
        return;
      }
      case "not-billable":
        this.#notBillable += 1;
        await this.#output.record({ usageId, notBillable: true });
        await this.#output.say(`${usageId}  not billable`);
        return;
    }
  }

  async #charge(usageId: string, rated: Rated): Promise<void> {
    await this.#output.record(chargeLine(this.#tariff, usageId, rated, this.#decimals));
    if (this.#output.json) return;
    const because = explainComponents(this.#tariff, rated).join("; ");
    const amount = this.#money(rated.amountNano);
    await this.#output.say(`${usageId}  ${amount} ${rated.currency}  ${because}`);
  }

  /** What the end of an account's period adds to the charges of its use. */
  async close(closed: ClosedAccount, periods: BillingPeriods): Promise<void> {
    const { currency } = this.#tariff;
    const day = (milliseconds: number): string => periods.dayAt(milliseconds);
    for (const line of closed.lines) {
      await this.#output.record(periodLine(line, currency, day, this.#decimals));
      await this.#output.say(this.#describe(line));
    }
    this.#totalNano += closed.totalNano - closed.usageNano;
    await this.#output.record(accountLine(closed, currency, day, this.#decimals));
    await this.#output.say(
      `${closed.account}  ${this.#money(closed.totalNano)} ${currency} for the period from ` +
        `${day(closed.period.from)} to ${day(closed.period.to)}`,
    );
  }

  #describe({ account, kind, name, amountNano, parts }: PeriodLine): string {
    const sign = kind === "credit" ? "-" : "";
    const because = boundedParts(parts, PARTS_SAID_MAX).map(
      (part) => `${part.because}: ${this.#money(part.amountNano)}`,
    );
    const amount = `${sign}${this.#money(amountNano)} ${this.#tariff.currency}`;
    return `${account}  ${kind} ${name}  ${amount}  ${because.join("; ")}`;
  }

  async finish(): Promise<void> {
    const { currency } = this.#tariff;
    const total = this.#money(this.#totalNano);
    await this.#output.record({
      summary: {
        rated: this.#rated,
        suspended: this.#suspended,
        notBillable: this.#notBillable,
        rejected: this.#rejected,
        ...(this.#duplicates === 0 ? {} : { duplicates: this.#duplicates }),
        totals: { [currency]: total },
      },
    });
    await this.#output.say(
      `${this.#rated} rated: ${total} ${currency}; ${this.#suspended} suspended, ` +
        `${this.#notBillable} not billable, ${this.#rejected} rejected` +
        (this.#duplicates === 0 ? "" : `, ${this.#duplicates} not taken again`),
    );
  }

  #money(nano: bigint): string {
    return formatNano(nano, this.#decimals);
  }
}
