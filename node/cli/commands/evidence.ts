import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { TallystickError } from "../../core/errors.ts";
import { parseBundle } from "../../core/evidence/bundle.ts";
import type { CommandModule } from "../command.ts";
import { readMonth } from "../month.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT } from "../output.ts";

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .requiredOption("--account <id>", "whose evidence")
      .requiredOption("--period <month>", "2026-10, or 2026-10-01/2026-11-01")
      .requiredOption("--out <file>", 'where to write it; "-" for standard output')
      .addHelpText("after", "\nThe file opens what was committed: hand it to its reader only.");
  },

  async run(_args, options, { output }) {
    const account = options.account as string;
    const period = readMonth(options.period as string);
    const file = options.out as string;
    const query = new URLSearchParams({ account, period });
    const { body } = await withNode(options as NodeOptions, output, (node) =>
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
  },
};

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
