import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { TallystickError } from "../../core/errors.ts";
import { parseBundle } from "../../core/evidence/bundle.ts";
import type { CommandModule } from "../command.ts";
import { readMonth } from "../month.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("[action]", '"publish": files of a whole month, for a web server to hand out')
      .argument("[month]", "for publish: 2026-10")
      .option("--account <id>", "whose evidence")
      .option("--period <month>", "2026-10, or 2026-10-01/2026-11-01")
      .option("--line <number>", "only this line and the one before it, for explain")
      .option("--out <file>", 'where to write it; "-" for standard output')
      .option(
        "--to <dir>",
        "for publish: the folder (default: the node's own, served as /published)",
      )
      .addHelpText(
        "after",
        "\nThe file opens what was committed: hand it to its reader only." +
          "\n  evidence publish MONTH [--to DIR]" +
          "\nwrites one encrypted file for each subscriber of a billed month, which only the" +
          "\nsubscriber's link finds and opens. Files never change: credits that come later make" +
          "\nanother edition when the month is published again. Stop and start it at will.",
      );
  },

  async run([action, month], options, { output }) {
    const given = options as EvidenceOptions;
    if (action === "publish") return publish(String(month ?? ""), given, output);
    const { account, period, out } = given;
    if (action !== undefined) throw new UsageError(`There is no action "${action}"; use publish.`);
    if (account === undefined || period === undefined || out === undefined) {
      throw new UsageError("Name --account, --period and --out, or publish a month.");
    }
    return writeOne({ account, period: readMonth(period), file: out }, given, output);
  },
};

interface EvidenceOptions extends NodeOptions {
  account?: string;
  period?: string;
  out?: string;
  line?: string;
  to?: string;
}

async function publish(month: string, options: EvidenceOptions, output: Output): Promise<ExitCode> {
  const period = readMonth(month);
  const to = options.to === undefined ? {} : { to: resolve(options.to) };
  const began = performance.now();
  return withNode(options, output, async (node) => {
    for (;;) {
      const path = "/v1/operator/evidence/publish";
      const { body } = await node.send("POST", path, { period, ...to });
      const { folder, done, all, subscribers, files, bytes, written } = body;
      const seconds = (performance.now() - began) / 1000;
      if (done !== true) {
        const pace = Math.round(Number(written) / seconds);
        output.remark(
          `${subscribers} of ${all} subscribers, ${written} files written, ${pace} a second`,
        );
        continue;
      }
      await output.record({ published: { period, folder, subscribers, files, bytes, written } });
      await output.say(
        `${folder}: ${period} of ${subscribers} subscribers in ${files} files, ${bytes} bytes; ${written} of them new.`,
      );
      return EXIT.yes;
    }
  });
}

async function writeOne(
  { account, period, file }: { account: string; period: string; file: string },
  options: EvidenceOptions,
  output: Output,
): Promise<ExitCode> {
  const { line } = options;
  const query = new URLSearchParams({ account, period, ...(line === undefined ? {} : { line }) });
  const { body } = await withNode(options, output, (node) =>
    node.get(`/v1/operator/evidence?${query}`),
  );
  const text = `${JSON.stringify(body)}\n`;
  const bundle = parseBundle(text);
  if (file === "-") {
    process.stdout.write(text);
    return EXIT.yes;
  }
  await writeWhole(file, text);
  const { charges, credits, batches, invoice } = bundle;
  await output.record({
    evidence: {
      file,
      account,
      period,
      lines: charges.length,
      credits: credits.length,
      batches: batches.length,
      billed: invoice !== undefined,
    },
  });
  await output.say(
    `${file}: ${charges.length} lines and ${credits.length} credits in ${batches.length} batches, ${invoice === undefined ? "not billed yet" : "with the invoice"}. Check it with: tallystick verify ${file}`,
  );
  return EXIT.yes;
}

/** The file is there as a whole or not at all, and only its owner reads it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  try {
    const handle = await open(part, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const message = `The evidence can not be written (${reason}). Name a file in a folder that exists and can be written.`;
    throw new TallystickError("file.not-writable", message, { file }, cause);
  }
}
