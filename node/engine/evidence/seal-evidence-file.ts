import { createCipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { createGzip, gzipSync } from "node:zlib";
import {
  evidenceFileHeader,
  evidenceFileKey,
  HEADER_BYTES,
  LENGTH_BYTES,
  SEGMENT_BYTES,
  segmentNonce,
  TAG_BYTES,
} from "../../core/evidence/evidence-file.ts";
import { joinBytes } from "../bill/joined-bytes.ts";

/** Texts up to here are compressed in one call: a stream costs more than a small bundle. */
const WHOLE_BYTES_MAX = 1_048_576;
/** Of what is compressed most are digests, which no level makes smaller: 2 % longer than by level 4. */
const LEVEL = 1;
const SEGMENT_DATA_BYTES = SEGMENT_BYTES - LENGTH_BYTES;

/** Whose file it is. */
export interface EvidenceFileOwner {
  /** 32 bytes of the subscriber's link. */
  secret: Uint8Array;
  epoch: string;
  /** 16 random bytes, of this file only. */
  salt: Uint8Array;
}

/**
 * The bytes of an evidence file (core/evidence/evidence-file.ts), piece by piece: memory holds some
 * pieces of the text and one segment, however long the bundle is. A bundle that is short, as most are, is
 * sealed in one call.
 * @param text of the bundle, in pieces
 */
export async function* sealEvidenceFile(
  text: AsyncIterable<string>,
  owner: EvidenceFileOwner,
): AsyncGenerator<Uint8Array> {
  const pieces = text[Symbol.asyncIterator]();
  const parts: string[] = [];
  for (let length = 0; length <= WHOLE_BYTES_MAX; ) {
    const { done, value } = await pieces.next();
    if (done === true) {
      yield sealWholeFile(parts.join(""), owner);
      return;
    }
    parts.push(value);
    length += value.length;
  }
  const file = new FileSegments(owner);
  yield file.header;
  for await (const part of compressed(parts, pieces)) yield* file.take(part);
  yield* file.end();
}

/** A bundle whose whole text is at hand, as the bytes of its file. */
export function sealWholeFile(
  text: string | Uint8Array,
  owner: EvidenceFileOwner,
): Uint8Array<ArrayBuffer> {
  const file = new FileSegments(owner);
  const packed = gzipSync(text, { level: LEVEL });
  // Memory of its own, which can be handed over: a small Buffer shares it with others.
  const parts = [file.header, ...file.take(packed), ...file.end()];
  return joinBytes(parts).bytes;
}

/** Compressed bytes of a bundle, cut into sealed segments of which the last is padded. */
class FileSegments {
  readonly header: Uint8Array;
  /** Made once: a cipher that is given bytes looks for long at what they are. */
  readonly #key: KeyObject;
  #number = 0;
  #waiting: Buffer = Buffer.alloc(0);

  constructor({ secret, epoch, salt }: EvidenceFileOwner) {
    this.header = evidenceFileHeader(epoch, salt);
    this.#key = createSecretKey(evidenceFileKey(secret, epoch, salt));
  }

  *take(part: Buffer): Generator<Uint8Array> {
    this.#waiting = this.#waiting.length === 0 ? part : Buffer.concat([this.#waiting, part]);
    while (this.#waiting.length > SEGMENT_DATA_BYTES) {
      yield this.#seal(this.#waiting.subarray(0, SEGMENT_DATA_BYTES), SEGMENT_BYTES, false);
      this.#waiting = this.#waiting.subarray(SEGMENT_DATA_BYTES);
    }
  }

  *end(): Generator<Uint8Array> {
    const written = HEADER_BYTES + this.#number * (SEGMENT_BYTES + TAG_BYTES);
    let waiting = this.#waiting;
    let plainBytes = LENGTH_BYTES + waiting.length;
    const length = written + plainBytes + TAG_BYTES;
    let missing = paddedLength(length) - length;
    while (plainBytes + missing > SEGMENT_BYTES) {
      // A segment of zeros needs its own tag and length.
      yield this.#seal(waiting, SEGMENT_BYTES, false);
      missing -= Math.min(missing, SEGMENT_BYTES - plainBytes + TAG_BYTES + LENGTH_BYTES);
      waiting = Buffer.alloc(0);
      plainBytes = LENGTH_BYTES;
    }
    yield this.#seal(waiting, plainBytes + missing, true);
  }

  #seal(data: Uint8Array, plainBytes: number, isLast: boolean): Uint8Array {
    const plain = new Uint8Array(plainBytes);
    new DataView(plain.buffer).setUint32(0, data.length);
    plain.set(data, LENGTH_BYTES);
    const nonce = segmentNonce(this.#number++, isLast);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(this.header);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * Rounds a length up so that it tells little of what is in the file: at most 12 % longer, and fewer
 * than a hundred lengths up to a gigabyte for each power of two (Padmé; Nikitin and others, PoPETs 2019).
 */
export function paddedLength(length: number): number {
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}

async function* compressed(begun: string[], rest: AsyncIterator<string>): AsyncGenerator<Buffer> {
  const stream = createGzip({ level: LEVEL });
  const feeding = feed(stream, begun, rest);
  feeding.catch((error: unknown) => stream.destroy(error as Error));
  yield* stream;
  await feeding;
}

async function feed(
  stream: ReturnType<typeof createGzip>,
  begun: string[],
  rest: AsyncIterator<string>,
): Promise<void> {
  const write = async (part: string) => {
    if (stream.write(part)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off("drain", go).off("close", go);
        resolve();
      };
      stream.once("drain", go).once("close", go);
    });
  };
  for (const part of begun.splice(0)) await write(part);
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true || stream.destroyed) break;
    await write(value);
  }
  stream.end();
}
