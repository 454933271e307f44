import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { type DisputeLine, disputeEvidence } from "../core/evidence/dispute-evidence.ts";
import { hashDocument } from "../core/hash.ts";
import { firstShapeProblem } from "../core/json/shape-words.ts";
import { parseDecimalNano } from "../core/money/decimal.ts";
import { canonicalJson } from "../core/tariff/canonical-json.ts";

/*
 * The line items of one side of a dispute: from newline-delimited JSON to a root for the ledger, and a file
 * from which single lines can be shown to the arbiter.
 */

const decimal = z.string().regex(/^(0|[1-9][0-9]{0,19})$/);
const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`));

/** What a side writes: the charge it is about, and its own record of the use. */
const givenLine = z.strictObject({
  sequence: decimal.default("0"),
  leafIndex: z.number().int().min(0).default(0),
  start: z.iso.datetime(),
  quantity: decimal,
  /** In the currency, such as "0.20": what this side says is owed. */
  amount: z.string(),
  record: z.unknown().optional(),
});

const keptLine = z.strictObject({
  salt: hex(32),
  sequence: decimal,
  leafIndex: z.number().int(),
  start: decimal,
  quantity: decimal,
  amountNano: z.string().regex(/^[0-9]{1,39}$/),
  recordHash: hex(32),
});
export type KeptLine = z.infer<typeof keptLine>;

export const evidenceSchema = z.strictObject({
  format: z.literal("tallystick-dispute-evidence"),
  statement: hex(32),
  side: hex(20),
  root: hex(32),
  lines: z.array(keptLine),
});
export type KeptEvidence = z.infer<typeof evidenceSchema>;

/** Salts are made here, once: the file that is written is the only one that opens the root. */
export async function evidenceOf(file: string, statement: Hex, side: Hex): Promise<KeptEvidence> {
  const texts = (await readText(file)).split("\n").filter((text) => text.trim() !== "");
  if (texts.length === 0) throw unusable(file, "it holds no line");
  const lines = texts.map((text, at) => lineOf(text, at + 1, file));
  const { root } = disputeEvidence(statement, side, lines.map(asLine));
  return { format: "tallystick-dispute-evidence", statement, side, root, lines };
}

/** @throws TallystickError `dispute.lines-unusable` */
export async function readEvidence(file: string): Promise<KeptEvidence> {
  let value: unknown;
  try {
    value = JSON.parse(await readText(file));
  } catch (cause) {
    if (cause instanceof TallystickError) throw cause;
    throw unusable(file, "it is not JSON");
  }
  const parsed = evidenceSchema.safeParse(value);
  if (!parsed.success) throw unusable(file, shapeOf(parsed.error, value));
  return parsed.data;
}

export async function writeEvidence(file: string, evidence: KeptEvidence): Promise<void> {
  await writeFile(file, `${JSON.stringify(evidence, null, 1)}\n`, { mode: 0o600 });
}

export const asLine = (line: KeptLine): DisputeLine => ({
  salt: fromHex(line.salt, 32),
  sequence: BigInt(line.sequence),
  leafIndex: line.leafIndex,
  start: BigInt(line.start),
  quantity: BigInt(line.quantity),
  amountNano: BigInt(line.amountNano),
  recordHash: fromHex(line.recordHash, 32),
});

function shapeOf(error: z.ZodError, value: unknown): string {
  const { field, says } = firstShapeProblem(error, value);
  return field === "" ? says : `${field}: ${says}`;
}

function lineOf(text: string, at: number, file: string): KeptLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(file, "it is not JSON", at);
  }
  const parsed = givenLine.safeParse(value);
  if (!parsed.success) {
    throw unusable(file, shapeOf(parsed.error, value), at);
  }
  const { sequence, leafIndex, start, quantity, amount, record } = parsed.data;
  const bytes = new TextEncoder().encode(canonicalJson(record ?? null));
  return {
    salt: toHex(new Uint8Array(randomBytes(32))),
    sequence,
    leafIndex,
    start: String(Date.parse(start)),
    quantity,
    amountNano: nanoOf(amount, file, at).toString(),
    recordHash: toHex(hashDocument(bytes)),
  };
}

function nanoOf(amount: string, file: string, at: number): bigint {
  try {
    return parseDecimalNano(amount);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw unusable(file, `"${amount.slice(0, 40)}" is no amount`, at);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new TallystickError(
      "file.not-readable",
      `It can not be read (${reason}).`,
      { file },
      cause,
    );
  }
}

const unusable = (file: string, why: string, line?: number): TallystickError =>
  new TallystickError("dispute.lines-unusable", `The lines can not be used: ${why}.`, {
    file,
    ...(line === undefined ? {} : { line }),
  });
