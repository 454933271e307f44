import { readTariffJson } from "../../adapters/tariff-file.ts";
import { toHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { firstShapeProblem } from "../../core/json/shape-words.ts";
import { checkTariff } from "../../core/tariff/check.ts";
import { compileTariff } from "../../core/tariff/compile.ts";
import { convertTariff } from "../../core/tariff/convert-currency.ts";
import { tariffJsonSchema } from "../../core/tariff/document.ts";
import { exchange } from "../../core/tariff/document-values.ts";
import type { TariffProblem } from "../../core/tariff/problem.ts";
import { buildTariffTree } from "../../core/tariff/tariff-tree.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";
import { loadTariff, readJsonFile } from "../rating-files.ts";
import { type ApproverOptions, nameApprover } from "../tariff-approver.ts";
import { type ExchangeOptions, exportTariff, importTariff } from "../tariff-exchange.ts";
import { type PublishOptions, publishDocument } from "../tariff-publish.ts";

const ACTIONS = ["check", "hash", "publish", "approver", "convert", "import", "export"];

export const command: CommandModule = {
  declare(command) {
    command
      .argument("<action>", "check, schema, hash, publish, approver, convert, import or export")
      .argument("[tariff]", "the tariff document, or the tariff (a folder, of CGRateS) to import")
      .option("--from <format>", "what to import: ocpi (2.2.1 or 2.3.0) or cgrates")
      .option("--to <format>", "what to export to: ocpi (2.2.1) or cgrates")
      .option("--zone <zone>", "time zone of the imported times of day", "UTC")
      .option("--currency <code>", "of a CGRateS plan, which names none; to convert to")
      .option("--rates <file>", "the exchange table to convert by")
      .option("--subject <name>", "whose prices of a CGRateS plan; *any unless said")
      .option("--tenant <name>", "of a CGRateS plan")
      .option("--category <name=service...>", "what a CGRateS plan's own categories are")
      .option("--party <code>", "country and party of an OCPI tariff, such as DE*ALD")
      .option("--out <folder>", "where the CGRateS plan is written")
      .option("--approval <file>", "of what the published version changes (twin --approve)")
      .option("--report <file>", "the report that was approved, to be compared with the approval")
      .option("--address <address>", "of an approver's key that is kept elsewhere")
      .option(
        "--keys <dir>",
        "folder of an approver's key; the key alone is made where no node is named",
      )
      .option("--valid-from <date>", "when it is to begin; as the document says unless given")
      .option("--config <file>", "the node's configuration, instead of one of the data folder")
      .option("--data <dir>", "data folder (default: TALLYSTICK_DATA, else .tallystick)")
      .option("--operator <name>", "whose tariff, where the data folder holds several")
      .addHelpText(
        "after",
        "\n  check TARIFF.json   whether it is valid, and what is wrong by place (exit code 1)" +
          "\n  schema              the JSON Schema of the document" +
          "\n  hash TARIFF.json    the root that the ledger's registry holds" +
          "\n  publish TARIFF.json --approval APPROVAL.json" +
          "\n                      puts the next version onto the ledger, and into the configuration" +
          "\n  approver NAME       names who may approve, in the configuration, and makes the key" +
          "\n  convert TARIFF.json --currency USD --rates TABLE.json" +
          "\n                      the same price list in another currency" +
          "\n  import FILE --from ocpi, import FOLDER --from cgrates" +
          "\n                      the tariff document that says the same (exit code 1: not all of it)" +
          "\n  export TARIFF.json --to ocpi --party DE*ALD, --to cgrates --out FOLDER",
      );
  },

  async run([action, file], options, { output }) {
    if (action === "schema") return printSchema(output);
    if (typeof action !== "string" || !ACTIONS.includes(action)) {
      throw new UsageError(
        `"${action}" is no action of tariff: use ${ACTIONS.join(", ")} or schema.`,
      );
    }
    if (typeof file !== "string")
      throw new UsageError(
        action === "approver"
          ? "tariff approver needs a name."
          : `tariff ${action} needs a tariff document.`,
      );
    if (action === "approver") return nameApprover(file, options as ApproverOptions, output);
    const given = options as unknown as ExchangeOptions;
    if (action === "import") return importTariff(file, given, output);
    if (action === "export") return exportTariff(file, given, output);
    if (action === "publish") return publishDocument(file, options as PublishOptions, output);
    if (action === "convert") return convert(file, options, output);
    return action === "check" ? check(file, output) : hash(file, output);
  },
};

async function convert(
  file: string,
  { currency, rates }: Record<string, unknown>,
  output: Output,
): Promise<ExitCode> {
  if (currency === undefined || rates === undefined) {
    throw new UsageError("tariff convert needs --currency and --rates.");
  }
  const { document } = await loadTariff(file);
  const given = await readJsonFile(String(rates), "exchange.not-json");
  const table = exchange.safeParse(given);
  if (!table.success) {
    const { field, says } = firstShapeProblem(table.error, given);
    throw new TallystickError(
      "exchange.shape",
      `This is no exchange table: ${field === "" ? "" : `${field}: `}${says}.`,
      { file: String(rates), field },
    );
  }
  const converted = convertTariff(document, String(currency), table.data);
  await output.record(converted);
  await output.say(JSON.stringify(converted, undefined, 2));
  return EXIT.yes;
}

async function printSchema(output: Output): Promise<ExitCode> {
  const schema = tariffJsonSchema();
  await output.record(schema);
  await output.say(JSON.stringify(schema, undefined, 2));
  return EXIT.yes;
}

async function check(file: string, output: Output): Promise<ExitCode> {
  const { document, problems } = checkTariff(await readTariffJson(file));
  for (const problem of problems) {
    await output.record({ problem });
    await output.say(describe(problem));
  }
  const valid = document !== undefined;
  const count = (severity: string): number =>
    problems.filter((problem) => problem.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  await output.record({ summary: { valid, errors, warnings } });
  await output.say(
    `${file}: ${valid ? "valid" : "can not be used"} (${errors} errors, ${warnings} warnings)`,
  );
  return valid ? EXIT.yes : EXIT.no;
}

function describe({ severity, place, message, code }: TariffProblem): string {
  return `${severity} at ${place === "" ? "the document" : place}: ${message} [${code}]`;
}

async function hash(file: string, output: Output): Promise<ExitCode> {
  const json = await readTariffJson(file);
  try {
    const { root, header } = buildTariffTree(compileTariff(json));
    await output.record({
      root: toHex(root),
      documentHash: toHex(header.documentHash),
      rowsRoot: toHex(header.rowsRoot),
      rows: header.count,
      depth: header.depth,
      currency: header.currency,
    });
    await output.say(toHex(root));
    return EXIT.yes;
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
}
