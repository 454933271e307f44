import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { toHex } from "../bytes.ts";
import { TallystickError } from "../errors.ts";

/*
 * A month's evidence as a file that any web server may hand out (docs/EVIDENCE.md, "Files to hand out").
 * Its name and its key follow from the secret of the subscriber's link: who lists the folder learns
 * neither whose a file is nor what it holds. No web server's compression can help what is encrypted, so
 * the text is compressed before.
 *
 *   header   "TLYE" · version (1) · zero (3) · billing epoch in ASCII (8) · salt (16)
 *   segments AES-256-GCM of 65,536 bytes each, the last one shorter, each with its tag (16); the nonce is
 *            the segment's number (4, big-endian) behind seven zeros, then 1 for the last one, else 0;
 *            the header is bound to each
 *   in each  length (4, big-endian) · so many bytes of the gzip stream · zeros that hide its length
 */

const MAGIC = [0x54, 0x4c, 0x59, 0x45];
const VERSION = 1;
export const HEADER_BYTES = 32;
const EPOCH_AT = 8;
const EPOCH_BYTES = 8;
const SALT_AT = 16;
export const SALT_BYTES = 16;
/** Of plain text; a segment on disk has its tag beside. */
export const SEGMENT_BYTES = 65_536;
export const TAG_BYTES = 16;
export const LENGTH_BYTES = 4;
const NAME_BYTES = 20;
/** Editions of one month that a reader looks for. */
export const EDITIONS_MAX = 100;
/** V8 holds no longer text, and no bundle comes near it. */
const TEXT_BYTES_MAX = 512 * 1024 * 1024 - 64;

const utf8 = new TextEncoder();
const ascii = new TextDecoder();

/**
 * Where a subscriber's file lies below the folder that is handed out: one of 4,096 folders of the month.
 * @param edition from 1; a later one holds credits that came after the one before it
 */
export function evidencePlace(secret: Uint8Array, epoch: string, edition: number): string {
  const digest = keccak_256(
    concatBytes(
      utf8.encode("tallystick evidence name"),
      secret,
      utf8.encode(epoch),
      Uint8Array.of(edition >> 8, edition),
    ),
  );
  const name = toHex(digest.subarray(0, NAME_BYTES)).slice(2);
  return `${epoch}/${name.slice(0, 3)}/${name.slice(3)}.evidence`;
}

/** 32 bytes, of one file only. */
export const evidenceFileKey = (secret: Uint8Array, epoch: string, salt: Uint8Array): Uint8Array =>
  keccak_256(concatBytes(utf8.encode("tallystick evidence key"), secret, utf8.encode(epoch), salt));

export function evidenceFileHeader(epoch: string, salt: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  header[4] = VERSION;
  header.set(utf8.encode(epoch), EPOCH_AT);
  header.set(salt, SALT_AT);
  return header;
}

export function segmentNonce(number: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, number);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

export const isEvidenceFile = (bytes: Uint8Array): boolean =>
  MAGIC.every((byte, at) => bytes[at] === byte);

/** The month that a file says it is of. @throws TallystickError `evidence-file.wrong-shape` */
export function epochOfFile(bytes: Uint8Array): string {
  const epoch = ascii.decode(bytes.subarray(EPOCH_AT, EPOCH_AT + EPOCH_BYTES)).replace(/\0+$/, "");
  const isWhole =
    isEvidenceFile(bytes) &&
    bytes[4] === VERSION &&
    bytes.length >= HEADER_BYTES + TAG_BYTES + LENGTH_BYTES &&
    /^\d{4}-(0[1-9]|1[0-2])$/.test(epoch);
  if (isWhole) return epoch;
  throw new TallystickError(
    "evidence-file.wrong-shape",
    "This is no whole evidence file of version 1. Fetch it again, or ask your operator for it.",
  );
}

/**
 * The text of the bundle in a file, for the holder of the link.
 * @param secret 32 bytes of the subscriber's link
 * @throws TallystickError `evidence-file.wrong-shape`, `evidence-file.not-opened` when another secret
 *   sealed it or a byte is not as it was sealed, `evidence-file.no-cryptography`, `bundle.too-large`
 */
export async function openEvidenceFile(file: Uint8Array, secret: Uint8Array): Promise<string> {
  const epoch = epochOfFile(file);
  // Absent in a page that came over an insecure connection, whatever the types say.
  const subtle = globalThis.crypto.subtle as typeof globalThis.crypto.subtle | undefined;
  if (subtle === undefined) {
    throw new TallystickError(
      "evidence-file.no-cryptography",
      "This page was not loaded over a secure connection, so the browser opens no encrypted file. Use the https address.",
    );
  }
  const header = file.slice(0, HEADER_BYTES);
  const fileKey = evidenceFileKey(secret, epoch, header.slice(SALT_AT));
  const key = await subtle.importKey("raw", fileKey.slice(), "AES-GCM", false, ["decrypt"]);
  const inflating = new DecompressionStream("gzip");
  const text = readText(inflating.readable);
  text.catch(() => {});
  const writer = inflating.writable.getWriter();
  writer.closed.catch(() => {});
  try {
    const stride = SEGMENT_BYTES + TAG_BYTES;
    for (let at = HEADER_BYTES, number = 0; at < file.length; at += stride, number++) {
      const iv = segmentNonce(number, at + stride >= file.length).slice();
      const segment = file.slice(at, at + stride);
      const plain = await subtle.decrypt(
        { name: "AES-GCM", iv, additionalData: header },
        key,
        segment,
      );
      const length = new DataView(plain).getUint32(0);
      // Written without waiting for its end: the reader takes it, and its failure is told below.
      writer.write(new Uint8Array(plain, LENGTH_BYTES, length)).catch(() => {});
      await writer.ready;
    }
    await writer.close();
  } catch (cause) {
    await writer.abort().catch(() => {});
    throw notOpened(cause);
  }
  return text.catch((cause: unknown) => {
    throw cause instanceof TallystickError ? cause : notOpened(cause);
  });
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parts: string[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value: part } = await reader.read();
    if (done) break;
    length += part.length;
    if (length > TEXT_BYTES_MAX) {
      const message = `An evidence bundle is at most ${TEXT_BYTES_MAX} bytes; this is more.`;
      throw new TallystickError("bundle.too-large", message);
    }
    parts.push(decoder.decode(part, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}

const notOpened = (cause: unknown): TallystickError =>
  new TallystickError(
    "evidence-file.not-opened",
    "Your link does not open this file: it is somebody else's, or it was changed on its way. Fetch it again, and ask your operator if that does not help.",
    {},
    cause,
  );
