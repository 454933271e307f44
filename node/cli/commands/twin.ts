import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { readTextLines } from "../../adapters/text-lines.ts";
import { toHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import { buildTariffTree } from "../../core/tariff/tariff-tree.ts";
import {
  APPROVAL_FORMAT,
  type ApprovedFacts,
  makeApproval,
  requireApproval,
  requireSameReplay,
  type TwinApproval,
} from "../../core/twin/approval.ts";
import { requirePeriodEnd } from "../../core/twin/period-end.ts";
import { ApproverKey, type OperatorOptions } from "../approver-key.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output, UsageError } from "../output.ts";
import { loadTariff, readJsonFile } from "../rating-files.ts";
import { twinReport } from "../twin-report.ts";
import { TwinRun } from "../twin-run.ts";

export const command: CommandModule = {
  declare(command) {
    command
      .argument("<usage>", "recorded usage as newline-delimited JSON; - for input")
      .requiredOption("--tariff <file>", "the tariff that is in force")
      .requiredOption("--draft <file>", "the tariff that is to replace it")
      .option("--accounts <file>", "accounts with their devices, plans and pools, by dates")
      .option("--close <from/to>", "compare the end of this billing period too")
      .option("--sums", "print the sums alone, not each record whose price changes")
      .option("--report <file>", "write the sums as a page with a picture")
      .option("--approve <file>", "write a signed approval of this difference; needs --by")
      .option("--by <name>", "who approves, with the key approver-NAME")
      .option(
        "--approval <file>",
        "require that the replay gives what this approval says; with --by sign it, too",
      )
      .option("--config <file>", "the node's configuration, instead of one of the data folder")
      .option("--data <dir>", "data folder (default: TALLYSTICK_DATA, else .tallystick)")
      .option("--operator <name>", "whose keys, where the data folder holds several")
      .option("--keys <dir>", "folder of the key, of somebody who has no node here")
      .addHelpText(
        "after",
        "\nPrints each record whose price changes, as if the draft had been in force, and sums by" +
          "\nservice, product, customer group and visited network. Exit code 1 when one changes, or when" +
          "\na line is no record; with --approval only when the replay is not the approved one." +
          '\nAn approval is signed with a key that "tariff approver" makes, by as many as the configuration asks' +
          "\nfor; a node rates by a further version of a tariff only with it (docs/OPERATIONS.md).",
      );
  },

  async run([usage], options, { output }) {
    const given = (name: string): string | undefined =>
      options[name] === undefined ? undefined : String(options[name]);
    const by = given("by");
    if (given("approve") !== undefined && by === undefined) {
      throw new UsageError("--approve needs --by.");
    }
    if (
      by !== undefined &&
      (given("approve") === undefined) === (given("approval") === undefined)
    ) {
      throw new UsageError("--by needs --approve or --approval, and not both.");
    }
    const key =
      by === undefined ? undefined : await ApproverKey.open(by, options as OperatorOptions);
    const tariff = await loadTariff(String(options.tariff));
    const published = await loadTariff(String(options.draft));
    const roots = { tariff: rootOf(tariff), draft: rootOf(published) };
    if (by !== undefined) requirePeriodEnd(tariff.document, published.document, given("close"));
    const approvalFile = given("approval");
    const approval =
      approvalFile === undefined
        ? undefined
        : requireApproval(
            await readJsonFile(approvalFile, "approval.not-json"),
            roots.tariff,
            roots.draft,
          );
    const run = await TwinRun.of(
      tariff,
      asIfInForce(published, tariff),
      { accounts: given("accounts"), close: given("close"), records: options.sums !== true },
      output,
    );
    const lines = readTextLines(String(usage), { skipped: (number) => run.tooLong(number) });
    for await (const { number, text } of lines) {
      if (text.trim() !== "") await run.line(text, number);
    }
    await run.finish();
    const replayed = await replayedBy(run, roots, given("accounts"), given("close"));
    const page = twinReport(run, replayed);
    const report = given("report");
    if (report !== undefined) await write(report, page);
    const facts = { ...replayed, report: createHash("sha256").update(page).digest("hex") };
    const approve = given("approve");
    if (approve !== undefined && key !== undefined) {
      await sign(makeApproval(facts), key, approve, output);
    }
    if (approval !== undefined && approvalFile !== undefined) {
      requireSameReplay(approval, facts);
      if (key === undefined) await tellSigners(approval, approvalFile, output);
      else await sign(approval, key, approvalFile, output);
      return EXIT.yes;
    }
    return run.isUnchanged ? EXIT.yes : EXIT.no;
  },
};

const rootOf = (tariff: CompiledTariff): string => toHex(buildTariffTree(tariff).root);

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

async function replayedBy(
  run: TwinRun,
  { tariff, draft }: { tariff: string; draft: string },
  accounts: string | undefined,
  period: string | undefined,
): Promise<Omit<ApprovedFacts, "report">> {
  const { records, changed, suspendedBefore, suspendedAfter, beforeNano, afterNano } =
    run.tally.total;
  const { before, after } = run.currencies;
  const accountsDigest =
    accounts === undefined
      ? {}
      : {
          accounts: createHash("sha256")
            .update(await readFile(accounts))
            .digest("hex"),
        };
  return {
    format: APPROVAL_FORMAT,
    tariff,
    draft,
    usage: { sha256: run.usageDigest(), records },
    ...accountsDigest,
    ...(period === undefined ? {} : { period }),
    sums: {
      changed,
      suspendedBefore,
      suspendedAfter,
      before: { [before]: run.money(beforeNano) },
      after: { [after]: run.money(afterNano) },
    },
  };
}

/** Signed as a whole before anything is written. */
async function sign(
  approval: TwinApproval,
  key: ApproverKey,
  file: string,
  output: Output,
): Promise<void> {
  const signed = await key.sign(approval);
  await write(file, `${JSON.stringify(signed, undefined, 2)}\n`);
  await tellSigners(signed, file, output);
}

async function tellSigners(
  { digest, signatures }: TwinApproval,
  file: string,
  output: Output,
): Promise<void> {
  const signed = signatures.map(({ by, at, signer }) => ({ by, at, signer }));
  await output.record({ approval: { file, digest, signed } });
  for (const { by, at, signer } of signed) {
    await output.say(`approved by ${by} (${signer}) at ${at}: ${file} (${digest})`);
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flush: true });
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new TallystickError(
      "file.not-writable",
      `The file can not be written (${reason}).`,
      { file },
      cause,
    );
  }
}
