import { setTimeout as pause } from "node:timers/promises";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type Output } from "../output.ts";

interface Month {
  epoch: string;
  state: "kept" | "over" | "erasing" | "erased";
  finalAt?: string;
  overAt?: string;
  because?: string;
}

const PATH = "/v1/operator/retention";
const ASK_MS = 200;

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .option("--now", "erases what is over now, instead of at the node's next quiet moment")
      .addHelpText(
        "after",
        "\nSays of each billed month whether its charges are kept, until when, and why. Changes nothing" +
          "\nwithout --now. What is erased does not come back: keys, charges and evidence of the month go," +
          "\ninvoices, totals and commitments stay. A charge in a batch that also holds charges of a month that is" +
          "\nkept loses its key now, and its row with that month; so do charges in batches behind such a one.",
      );
  },

  run: (_args, options, { output }) =>
    withNode(options as NodeOptions, output, async (node) => {
      if (options.now === true) await erase(node, output);
      const { body } = await node.get(PATH);
      const months = body.months as Month[];
      for (const month of months) {
        await output.record({ month });
        await output.say(inWords(month));
      }
      if (months.some(({ state }) => state === "erased") && months.some(isKept)) {
        await output.say(
          "Rows of erased months, without their keys, stay in batches that a kept month shares, and behind them, until that month goes.",
        );
      }
      const { over, done, entriesDropped } = body;
      await output.record({ summary: { months: months.length, over, done, entriesDropped } });
      await output.say(
        `${months.length} billed month${months.length === 1 ? "" : "s"}; ${String(entriesDropped)} charges and credits were erased so far.`,
      );
      return EXIT.yes;
    }),
};

async function erase(node: NodeClient, output: Output): Promise<void> {
  let answer = await node.send("POST", PATH);
  while (answer.status === 202) {
    output.remark(`${String(answer.body.entriesDropped)} charges and credits were erased so far`);
    await pause(ASK_MS);
    answer = await node.send("POST", PATH);
  }
}

const isKept = ({ state }: Month): boolean => state === "kept" || state === "over";

function inWords({ epoch, state, overAt, because }: Month): string {
  switch (state) {
    case "kept":
      return `${epoch}  kept${overAt === undefined ? "" : ` until ${overAt}`}${because === undefined ? "" : `: ${WHY[because] ?? because}`}`;
    case "over":
      return `${epoch}  goes at the next quiet moment`;
    case "erasing":
      return `${epoch}  is being erased`;
    case "erased":
      return `${epoch}  erased`;
  }
}

const WHY: Record<string, string> = {
  "bill-not-final": "its bill is not final on the ledger",
  "windows-open": "the agreement's windows are open, in ledger time",
  "claim-open": "a claim about one of its charges is open",
  "earlier-month-kept": "an earlier month is kept",
};
