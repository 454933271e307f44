import { setTimeout as pause } from "node:timers/promises";
import { formatNano } from "../../core/money/decimal.ts";
import { type BillProgress, billLeft, billProgressInWords } from "../bill-progress.ts";
import type { CommandModule } from "../command.ts";
import { readMonth } from "../month.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type Output, ServiceError, UsageError } from "../output.ts";

const ASK_MS = 1_000;

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("[month]", "2026-10, or 2026-10-01/2026-11-01")
      .option("--period <month>", "the same")
      .addHelpText(
        "after",
        "\nRuns the bill of a closed month. The invoices go to the ledger with the next commit." +
          "\nA month that was billed before is told again, never billed twice; one whose bill was" +
          "\ninterrupted goes on where it was.",
      );
  },

  async run([month], options, { output }) {
    const given = (options.period ?? month) as string | undefined;
    if (given === undefined) throw new UsageError("Name the month: tallystick bill 2026-10");
    const period = readMonth(given);
    const { run, currency } = await withNode(options as NodeOptions, output, async (node) => ({
      run: await runBill(node, period, output),
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

/** Asks for the bill, and follows it while it takes longer than a request. */
async function runBill(
  node: NodeClient,
  period: string,
  output: Output,
): Promise<Record<string, unknown>> {
  let answer = await node.send("POST", "/v1/operator/bill", { period });
  const isNew = answer.status === 202 || answer.body.already !== true;
  const began = Date.now();
  let first: BillProgress | undefined;
  while (answer.status === 202) {
    const progress = answer.body.progress as BillProgress;
    if (!progress.running) throw interrupted(period);
    first ??= progress;
    const left = billLeft(first, progress, (Date.now() - began) / 1000);
    await output.record({ progress: { ...progress, ...left } });
    output.remark(billProgressInWords(progress, left));
    await pause(ASK_MS);
    answer = await node.get(`/v1/operator/bill?${new URLSearchParams({ period })}`);
  }
  // Whoever asks again hears of a bill that is done as of any other; here it was this call's.
  return { ...answer.body, already: !isNew };
}

const interrupted = (period: string): ServiceError =>
  new ServiceError(
    "bill.interrupted",
    `The bill of ${period} was interrupted. What was done is stored; it goes on with: tallystick bill ${period}`,
  );
