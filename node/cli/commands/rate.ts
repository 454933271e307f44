import { readTariffJson } from "../../adapters/tariff-file.ts";
import { readTextLines } from "../../adapters/text-lines.ts";
import { TallystickError } from "../../core/errors.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import { explainComponents, rowLabel } from "../../core/rating/explain.ts";
import type { Rated } from "../../core/rating/outcome.ts";
import { rateUsage } from "../../core/rating/rate-usage.ts";
import { readUsageLine } from "../../core/rating/usage-line.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output } from "../output.ts";

export const command: CommandModule = {
  declare(command) {
    command
      .argument("<usage>", "usage records as newline-delimited JSON (inspect --json); - for input")
      .requiredOption("--tariff <file>", "the tariff document")
      .addHelpText("after", "\nExit code 1 when a record was suspended or rejected.");
  },

  async run([usage], options, { output }) {
    const tariff = await loadTariff(String(options.tariff));
    const run = new RatingRun(tariff, output);
    for await (const { number, text } of readTextLines(String(usage))) {
      if (text.trim() !== "") await run.line(text, number);
    }
    await run.finish();
    return run.isClean ? EXIT.yes : EXIT.no;
  },
};

/** A tariff that can be rated by; an error names the file. */
async function loadTariff(file: string): Promise<CompiledTariff> {
  const json = await readTariffJson(file);
  try {
    return compileTariff(json);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
}

/** Rates line by line and keeps nothing but the sums. */
class RatingRun {
  readonly #tariff: CompiledTariff;
  readonly #output: Output;
  readonly #decimals: number;
  #rated = 0;
  #suspended = 0;
  #notBillable = 0;
  #rejected = 0;
  #totalNano = 0n;

  constructor(tariff: CompiledTariff, output: Output) {
    this.#tariff = tariff;
    this.#output = output;
    this.#decimals = minorUnitDigits(tariff.currency);
  }

  get isClean(): boolean {
    return this.#suspended === 0 && this.#rejected === 0;
  }

  async line(text: string, number: number): Promise<void> {
    const line = readUsageLine(text);
    if (line.kind === "usage") return this.#rate(line.record);
    if (line.kind === "other") {
      if ("rejected" in line.value || "error" in line.value) this.#rejected += 1;
      // A summary of an earlier run is not one of this run.
      if (!("summary" in line.value)) await this.#output.record(line.value);
      return;
    }
    this.#rejected += 1;
    const { code, message } = line;
    await this.#output.record({ rejected: { code, message, position: number } });
    await this.#output.say(`line ${number}: ${message} [${code}]`);
  }

  async #rate(record: UsageRecord): Promise<void> {
    const outcome = rateUsage(this.#tariff, record);
    const usageId = record.id;
    switch (outcome.outcome) {
      case "rated":
        this.#rated += 1;
        this.#totalNano += outcome.amountNano;
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
    const { currency } = rated;
    const amount = this.#money(rated.amountNano);
    const because = explainComponents(this.#tariff, rated);
    const rateRow = { ...rowLabel(this.#tariff, rated.rows), index: rated.rows.price };
    await this.#output.record({
      usageId,
      amount,
      currency,
      components: rated.components.map((component, index) => ({
        kind: component.kind,
        rateRow,
        ...(component.quantity === undefined ? {} : { units: String(component.quantity) }),
        ...(component.billed === undefined ? {} : { billedUnits: String(component.billed) }),
        amount: this.#money(component.amountNano),
        because: because[index],
      })),
      counters: {},
    });
    await this.#output.say(`${usageId}  ${amount} ${currency}  ${because.join("; ")}`);
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
        totals: { [currency]: total },
      },
    });
    await this.#output.say(
      `${this.#rated} rated: ${total} ${currency}; ${this.#suspended} suspended, ` +
        `${this.#notBillable} not billable, ${this.#rejected} rejected`,
    );
  }

  #money(nano: bigint): string {
    return formatNano(nano, this.#decimals);
  }
}
