import type { Hex } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { compileTariff } from "../../core/tariff/compile.ts";
import { validityOf } from "../../core/tariff/instants.ts";
import { buildTariffTree } from "../../core/tariff/tariff-tree.ts";
import { requireApproval } from "../../core/twin/approval.ts";
import { type ApprovalPolicy, requireSigned } from "../../core/twin/approval-signatures.ts";
import type { Ledger, PublishedTariff } from "../commit/ledger.ts";
import { LedgerRefusal } from "../commit/ledger-refusal.ts";

const POLL_MILLISECONDS = 250;
const WAIT_MILLISECONDS = 120_000;

export interface TariffToPublish {
  agreement: Hex;
  currency: string;
  member: Hex;
  document: unknown;
  /** Seconds; the document's own `validFrom` unless given. */
  validFromSeconds?: bigint;
  /** As it was read; the first version needs none. */
  approval?: unknown;
  approvalPolicy: ApprovalPolicy;
}

export interface PublishedVersion {
  version: number;
  root: Hex;
  validFromSeconds: bigint;
  /** False where it stood on the ledger before. */
  isNew: boolean;
}

/**
 * Puts the next version of an operator's tariff onto the ledger, when somebody approved what it
 * changes. The same document again publishes nothing, so whatever breaks off can be repeated.
 * @throws TallystickError those of `compileTariff`; `tariff.other-currency`, `tariff.not-approved`,
 *   `tariff.valid-from-malformed`, `tariff.valid-from-too-early`, `tariff.valid-from-before-document`,
 *   `tariff.published-otherwise`, `ledger.refused`, `ledger.slow`, `ledger.unreachable`
 */
export async function publishTariff(
  ledger: Ledger,
  wanted: TariffToPublish,
  wait: (milliseconds: number) => Promise<void>,
): Promise<PublishedVersion> {
  const { agreement, member } = wanted;
  const compiled = compileTariff(wanted.document);
  const root = toHex(buildTariffTree(compiled).root);
  if (compiled.currency !== wanted.currency) {
    throw new TallystickError(
      "tariff.other-currency",
      `The tariff is in ${compiled.currency}, the agreement in ${wanted.currency}.`,
      { field: "currency" },
    );
  }
  const validFromSeconds = startOf(validityOf(compiled.document).validFrom, wanted);
  const versions = await publishedVersions(ledger, agreement, member);
  const newest = versions.at(-1);
  if (newest?.root === root) {
    if (wanted.validFromSeconds !== undefined && newest.validFrom !== validFromSeconds) {
      throw new TallystickError(
        "tariff.published-otherwise",
        `This document is on the ledger as version ${versions.length}, valid from ${dateOf(newest.validFrom)}; a version that is published does not change.`,
        { field: "validFrom" },
      );
    }
    const { validFrom } = newest;
    return { version: versions.length, root, validFromSeconds: validFrom, isNew: false };
  }
  if (newest !== undefined) requireApprovedDraft(wanted, newest.root, root);
  await requireInTime(ledger, agreement, newest, validFromSeconds);
  const version = versions.length + 1;
  const args = [agreement, version, root, validFromSeconds];
  await send(ledger, args);
  for (let waited = 0; waited <= WAIT_MILLISECONDS; waited += POLL_MILLISECONDS) {
    const found = await ledger.tariff(agreement, member, version);
    if (found?.root === root) return { version, root, validFromSeconds, isNew: true };
    if (found !== undefined) {
      throw new TallystickError(
        "tariff.published-otherwise",
        `Somebody published another document as version ${version} at the same time; compare, and publish again.`,
      );
    }
    await wait(POLL_MILLISECONDS);
  }
  throw new TallystickError(
    "ledger.slow",
    "The ledger has not taken the tariff yet. Publish the same document again later: it is published once.",
  );
}

async function publishedVersions(
  ledger: Pick<Ledger, "tariff">,
  agreement: Hex,
  member: Hex,
): Promise<PublishedTariff[]> {
  const versions: PublishedTariff[] = [];
  for (;;) {
    const found = await ledger.tariff(agreement, member, versions.length + 1);
    if (found === undefined) return versions;
    versions.push(found);
  }
}

function startOf(documentMilliseconds: number, { validFromSeconds }: TariffToPublish): bigint {
  const documentSeconds = BigInt(Math.ceil(documentMilliseconds / 1000));
  const start = validFromSeconds ?? documentSeconds;
  if (start >= documentSeconds) return start;
  throw new TallystickError(
    "tariff.valid-from-before-document",
    `The document holds from ${dateOf(documentSeconds)}: before that it has no prices.`,
    { field: "validFrom" },
  );
}

function requireApprovedDraft(
  { approval, approvalPolicy }: TariffToPublish,
  before: Hex,
  root: Hex,
): void {
  try {
    requireSigned(requireApproval(approval, before, root), approvalPolicy);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    const because =
      approval === undefined ? "there is no approval of its difference" : cause.message;
    throw new TallystickError(
      "tariff.not-approved",
      `The tariff is not approved: ${because.replace(/\.$/, "")}. Replay recorded usage by "tallystick twin --approve", and name the file with --approval.`,
      { field: "approval" },
      cause,
    );
  }
}

/** The ledger's own rule, said before anything is sent. */
async function requireInTime(
  ledger: Ledger,
  agreement: Hex,
  newest: PublishedTariff | undefined,
  validFromSeconds: bigint,
): Promise<void> {
  const { time } = await ledger.head();
  let earliest = time;
  if (newest !== undefined) {
    const terms = await ledger.agreementTerms(agreement);
    earliest += terms?.tariffNoticeSeconds ?? 0n;
    if (earliest <= newest.validFrom) earliest = newest.validFrom + 1n;
  }
  if (validFromSeconds >= earliest) return;
  throw new TallystickError(
    "tariff.valid-from-too-early",
    `It would begin at ${dateOf(validFromSeconds)}; no version begins in the past, before the one before it, or within the agreement's notice: ${dateOf(earliest)} is the earliest now.`,
    { field: "validFrom" },
  );
}

async function send(ledger: Ledger, args: readonly unknown[]): Promise<void> {
  const call = ledger.prepare({ contract: "tariffs", method: "publish", args });
  const sender = ledger.senderOf("govern");
  const refused = await ledger.refusalOf(call, sender);
  if (refused !== undefined) throw new LedgerRefusal(refused);
  const nonce = await ledger.accountNonce(sender, "head");
  const { raw } = await ledger.sign(call, { duty: "govern", nonce });
  await ledger.broadcast(raw);
}

const dateOf = (seconds: bigint): string =>
  `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
