import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { disputeKey } from "../core/evidence/access-link.ts";
import { readLinkSecret } from "../core/evidence/subscriber-link.ts";
import { UsageError } from "./output.ts";

/* Whose bill somebody checks: the link that the operator sent them, or a file that holds it. */

export interface SubscriberOptions {
  link?: string;
  secretFile?: string;
}

export const declareSubscriberOptions = (parser: Command): Command =>
  parser
    .option("--link <url>", "your personal link: the bundle has to be of the bill behind it")
    .option("--secret-file <file>", "a file with that link or its secret");

/**
 * The secret of the link, 32 bytes, or nothing when no link is named.
 * @throws UsageError when both are named, TallystickError `file.not-readable`, `access.broken-link`
 */
export async function secretOf({
  link,
  secretFile,
}: SubscriberOptions): Promise<Uint8Array | undefined> {
  if (link !== undefined && secretFile !== undefined) {
    throw new UsageError(
      "Name the link with --link or a file with it with --secret-file, not both.",
    );
  }
  const text = secretFile === undefined ? link : await readSecretFile(secretFile);
  return text === undefined ? undefined : readLinkSecret(text);
}

/** The address that the subscriber's key of an epoch has. */
export async function ownerOf(secret: Uint8Array, epoch: string): Promise<Hex> {
  const { computeAddress } = await import("../adapters/evm-library.ts");
  return computeAddress(disputeKey(secret, epoch)).toLowerCase() as Hex;
}

async function readSecretFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const message = `The file with the secret can not be read (${reason}).`;
    throw new TallystickError("file.not-readable", message, { file }, cause);
  }
}
