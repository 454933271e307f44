import { PackedBytes } from "../bytes.ts";
import { assert, TallystickError } from "../errors.ts";
import { expand, hash } from "../hash.ts";
import { TAG } from "./tags.ts";

/** Longest deduplication id in UTF-8; a longer one enters the system as "sha256:…" (section 3). */
export const RECORD_ID_BYTES_MAX = 98;

/** Whose leg of the traffic a source tag speaks of. */
export const SOURCE_ROLE = { retail: 1, wholesale: 2, share: 3, sponsor: 4 } as const;
export type SourceRole = (typeof SOURCE_ROLE)[keyof typeof SOURCE_ROLE];

export interface RecordSalts {
  account: Uint8Array;
  party: Uint8Array;
  /** Of the charge group, or of the credit group in a book of credits. */
  charge: Uint8Array;
}

const utf8 = new TextEncoder();

function textField(text: string, bytesMax: number): Uint8Array {
  const bytes = asciiOf(text) ?? utf8.encode(text);
  if (bytes.length === 0 || bytes.length > bytesMax) {
    throw new TallystickError(
      "commitment.text-length",
      `An identifier has ${bytes.length} bytes; 1 to ${bytesMax} are possible.`,
    );
  }
  return bytes;
}

/** Ids are ASCII and short, and each charge hashes three: a call of the encoder takes longer. */
function asciiOf(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return undefined;
    bytes[at] = code;
  }
  return bytes;
}

/** Three salts of 32 bytes for one revision of one record (section 3). */
export function recordSalts(epochKey: Uint8Array, recordId: string, revision: number): RecordSalts {
  const stream = expand(
    new PackedBytes()
      .unsigned(TAG.recordSalts, 1)
      .raw(epochKey, 32)
      .unsigned(revision, 4)
      .last(textField(recordId, RECORD_ID_BYTES_MAX)),
    96,
  );
  return {
    account: stream.slice(0, 32),
    party: stream.slice(32, 64),
    charge: stream.slice(64, 96),
  };
}

/** Salts of an invoice leaf's body and document (section 3, last paragraph). */
export function invoiceSalts(
  epochKey: Uint8Array,
  run: bigint,
): { body: Uint8Array; document: Uint8Array } {
  const { account, party } = recordSalts(epochKey, `invoice:${run}`, 0);
  return { body: account, document: party };
}

/**
 * Binds the subscriber of one billing epoch to the book and to a key that can prove standing.
 * @param disputeAddress 20 bytes @param blind 32 random bytes
 */
export function pseudonym(
  domain: Uint8Array,
  disputeAddress: Uint8Array,
  blind: Uint8Array,
): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.pseudonym, 1)
      .raw(domain, 20)
      .raw(disputeAddress, 20)
      .raw(blind, 32),
  );
}

/** 24 bytes by which the same record is seen again under another subscriber, epoch or revision. */
export function sourceTag(
  trafficMonthKey: Uint8Array,
  role: SourceRole,
  recordId: string,
): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.sourceTag, 1)
      .raw(trafficMonthKey, 32)
      .unsigned(role, 1)
      .last(textField(recordId, RECORD_ID_BYTES_MAX)),
  ).slice(0, 24);
}

/** 16 bytes that stand for one device within one billing epoch. */
export function deviceTag(epochKey: Uint8Array, deviceId: string): Uint8Array {
  return hash(
    new PackedBytes().unsigned(TAG.deviceTag, 1).raw(epochKey, 32).last(textField(deviceId, 102)),
  ).slice(0, 16);
}

/** 8 bytes that stand for another side that is no number (an APN, a SIP name). */
export function textIdentity(partySalt: Uint8Array, text: string): Uint8Array {
  return hash(
    new PackedBytes().unsigned(TAG.textIdentity, 1).raw(partySalt, 32).last(textField(text, 102)),
  ).slice(0, 8);
}

/** Salts of T and C of one batch, from the key of its book. */
export function bookSalts(
  bookKey: Uint8Array,
  sequence: bigint,
): { totals: Uint8Array; runningTotals: Uint8Array } {
  assert(sequence >= 1n, "sequence numbers count from 1");
  const salt = (which: number) =>
    hash(
      new PackedBytes()
        .unsigned(TAG.bookSalts, 1)
        .raw(bookKey, 32)
        .unsigned(sequence, 8)
        .unsigned(which, 1),
    );
  return { totals: salt(1), runningTotals: salt(2) };
}
