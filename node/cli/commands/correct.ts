import { readTextLines } from "../../adapters/text-lines.ts";
import { TallystickError } from "../../core/errors.ts";
import { formatDecimalScaled } from "../../core/money/decimal.ts";
import { readUsageLine } from "../../core/rating/usage-line.ts";
import type { StoredCorrection } from "../../engine/store/stored-types.ts";
import type { CommandModule } from "../command.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, ServiceError, UsageError } from "../output.ts";
import { allRows } from "../pages.ts";

const PATH = "/v1/operator/corrections";

type Told = Pick<
  StoredCorrection,
  "record" | "by" | "at" | "reason" | "credit" | "sponsors" | "charge"
>;
type Entry = NonNullable<StoredCorrection["credit"]>;

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument(
        "[what...]",
        "a file of corrected usage records (- for input), or ids of records; none: what was corrected",
      )
      .option("--withdraw", "nothing of the records of these ids is charged any more")
      .option("--credit <amount>", "so much of the charge of this id was too much")
      .option("--by <name>", "who decides it")
      .option("--reason <words>", "why")
      .addHelpText(
        "after",
        "\n  correct FILE                 records as they should have been, with the ids that they were charged under" +
          "\n  correct ID… --withdraw       charges that should not be" +
          "\n  correct ID --credit 0.30     a part of a charge that should not be" +
          "\n  correct                      what was corrected, by whom, when and why" +
          "\nAll but the last with --by NAME --reason WORDS. What was charged is credited and the corrected record" +
          "\ncharged, on the account's next bill; what was committed stays. The same correction again changes nothing.",
      );
  },

  async run([what], options, { output }) {
    const given = what as string[];
    const { by, reason, credit, withdraw } = options as Record<string, string | undefined>;
    if (given.length === 0) {
      return withNode(options as NodeOptions, output, (node) => list(node, output));
    }
    if (!by?.trim() || !reason?.trim()) {
      throw new UsageError("A charge is corrected with --by NAME and --reason WORDS.");
    }
    const isOfFile = credit === undefined && withdraw === undefined;
    if (given.length > 1 && withdraw === undefined) {
      throw new UsageError(isOfFile ? "Name one file of records." : "--credit is of one record.");
    }
    if (credit !== undefined && withdraw !== undefined) {
      throw new UsageError("--credit and --withdraw do not go together.");
    }
    const bodies = isOfFile
      ? await recordsOf(String(given[0]))
      : given.map((id) => (credit === undefined ? { id, withdraw: true } : { id, credit }));
    return withNode(options as NodeOptions, output, (node) =>
      correctAll(
        node,
        bodies.map((body) => ({ ...body, by, reason })),
        output,
      ),
    );
  },
};

/** All are read before the first is corrected. @throws TallystickError of the first unusable line */
async function recordsOf(file: string): Promise<object[]> {
  const bodies: object[] = [];
  for await (const { number, text } of readTextLines(file)) {
    if (text.trim() === "") continue;
    const line = readUsageLine(text);
    if (line.kind === "unusable") {
      throw new TallystickError(line.code, line.message, { file, line: number });
    }
    if (line.kind === "usage") bodies.push({ record: line.record });
  }
  return bodies;
}

/** One by one, each durable; what can not be corrected is told, and the rest goes on. */
async function correctAll(
  node: NodeClient,
  bodies: readonly object[],
  output: Output,
): Promise<ExitCode> {
  let refused = 0;
  let already = 0;
  for (const body of bodies) {
    try {
      const { correction } = (await node.send("POST", PATH, body)).body as {
        correction: Told & { already: boolean };
      };
      if (correction.already) already += 1;
      await tell(correction, output);
    } catch (error) {
      const isPerRecord =
        error instanceof TallystickError &&
        (!(error instanceof ServiceError) || error.code.startsWith("correction."));
      if (!isPerRecord) throw error;
      refused += 1;
      const { code, message } = error;
      await output.record({ refused: { ...body, code, message } });
      await output.say(`${message} [${code}]`);
    }
  }
  const corrected = bodies.length - refused;
  await output.record({ summary: { corrected, already, refused } });
  await output.say(`${corrected} corrected (${already} of them before), ${refused} refused`);
  return refused === 0 ? EXIT.yes : EXIT.no;
}

async function list(node: NodeClient, output: Output): Promise<ExitCode> {
  let corrected = 0;
  for await (const one of allRows<Told>(node, PATH, "corrections")) {
    corrected += 1;
    await tell(one, output);
  }
  await output.record({ summary: { corrected } });
  return EXIT.yes;
}

async function tell(one: Told, output: Output): Promise<void> {
  const { record, by, at, reason, credit, sponsors = [], charge } = one;
  await output.record({
    correction: {
      record,
      by,
      at,
      reason,
      ...(credit === undefined ? {} : { credit: inWords(credit) }),
      ...(sponsors.length === 0 ? {} : { sponsors: sponsors.map(inWords) }),
      ...(charge === undefined ? {} : { charge: inWords(charge) }),
    },
  });
  const parts = [
    ...(credit === undefined ? [] : [`credit ${placeOf(credit)}`]),
    ...sponsors.map((share) => `credit ${placeOf(share)}`),
    ...(charge === undefined ? [] : [`charge ${placeOf(charge)}`]),
  ];
  await output.say(`${record}: ${parts.join(", ") || "nothing"}; by ${by}: ${reason}`);
}

const inWords = ({ amountNano, ...entry }: Entry): object => ({
  ...entry,
  amount: amountOf(amountNano),
});

const amountOf = (nano: string): string => formatDecimalScaled(BigInt(nano), 9);

const placeOf = ({ account, epoch, number, amountNano }: Entry): string =>
  `${number} of ${account} in ${epoch}, ${amountOf(amountNano)}`;
