import { formatNano } from "../../core/money/decimal.ts";
import type { CommandModule } from "../command.ts";
import { readMonth } from "../month.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .requiredOption("--period <month>", "2026-10, or 2026-10-01/2026-11-01")
      .addHelpText(
        "after",
        "\nRuns the bill of a closed month. The invoices go to the ledger with the next commit." +
          "\nA month that was billed before is told again, never billed twice.",
      );
  },

  async run(_args, options, { output }) {
    const period = readMonth(options.period as string);
    const { run, currency } = await withNode(options as NodeOptions, output, async (node) => ({
      run: (await node.send("POST", "/v1/operator/bill", { period })).body,
      currency: String((await node.get("/v1/operator/status")).body.currency),
    }));
    const { epoch, invoices, already } = run;
    const total = formatNano(BigInt(String(run.totalNano)), 2);
    await output.record({ bill: { period: epoch, invoices, total, currency, already } });
    await output.say(
      already === true && invoices === 0
        ? `${epoch} is closed, and has no invoices.`
        : `${epoch}${already === true ? " was billed before" : ""}: ${invoices} invoices over ${total} ${currency}.`,
    );
    return EXIT.yes;
  },
};
