import { createCipheriv } from "node:crypto";
import { createGzip, gzipSync } from "node:zlib";
import {
  evidenceFileHeader,
  evidenceFileKey,
  HEADER_BYTES,
  LENGTH_BYTES,
  SALT_BYTES,
  SEGMENT_BYTES,
  segmentNonce,
  TAG_BYTES,
} from "../../core/evidence/evidence-file.ts";
import type { RandomSource } from "../operator.ts";

/** Texts up to here are compressed in one call: a stream costs more than a small bundle. */
const WHOLE_BYTES_MAX = 1_048_576;
/** Of what is compressed most are digests, which no level makes smaller. */
const LEVEL = 4;
const SEGMENT_DATA_BYTES = SEGMENT_BYTES - LENGTH_BYTES;

/** Whose file it is. */
export interface EvidenceFileOwner {
  /** 32 bytes of the subscriber's link. */
  secret: Uint8Array;
  epoch: string;
}

/**
 * The bytes of an evidence file (core/evidence/evidence-file.ts), piece by piece: memory holds some
 * pieces of the text and one segment, however long the bundle is.
 * @param text of the bundle, in pieces
 */
export async function* sealEvidenceFile(
  text: AsyncIterable<string>,
  { secret, epoch }: EvidenceFileOwner,
  random: RandomSource,
): AsyncGenerator<Uint8Array> {
  const salt = random.bytes(SALT_BYTES);
  const header = evidenceFileHeader(epoch, salt);
  const key = evidenceFileKey(secret, epoch, salt);
  yield header;
  let number = 0;
  const seal = (data: Uint8Array, plainBytes: number, isLast: boolean): Uint8Array => {
    const plain = new Uint8Array(plainBytes);
    new DataView(plain.buffer).setUint32(0, data.length);
    plain.set(data, LENGTH_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, segmentNonce(number++, isLast));
    cipher.setAAD(header);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
  let waiting: Buffer = Buffer.alloc(0);
  for await (const part of compressed(text)) {
    waiting = waiting.length === 0 ? part : Buffer.concat([waiting, part]);
    while (waiting.length > SEGMENT_DATA_BYTES) {
      yield seal(waiting.subarray(0, SEGMENT_DATA_BYTES), SEGMENT_BYTES, false);
      waiting = waiting.subarray(SEGMENT_DATA_BYTES);
    }
  }
  const written = HEADER_BYTES + number * (SEGMENT_BYTES + TAG_BYTES);
  let plainBytes = LENGTH_BYTES + waiting.length;
  let missing = paddedLength(written + plainBytes + TAG_BYTES) - (written + plainBytes + TAG_BYTES);
  while (plainBytes + missing > SEGMENT_BYTES) {
    // A segment of zeros needs its own tag and length.
    yield seal(waiting, SEGMENT_BYTES, false);
    missing -= Math.min(missing, SEGMENT_BYTES - plainBytes + TAG_BYTES + LENGTH_BYTES);
    waiting = Buffer.alloc(0);
    plainBytes = LENGTH_BYTES;
  }
  yield seal(waiting, plainBytes + missing, true);
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

async function* compressed(text: AsyncIterable<string>): AsyncGenerator<Buffer> {
  const pieces = text[Symbol.asyncIterator]();
  const parts: string[] = [];
  let length = 0;
  while (length <= WHOLE_BYTES_MAX) {
    const { done, value } = await pieces.next();
    if (done === true) {
      yield gzipSync(parts.join(""), { level: LEVEL });
      return;
    }
    parts.push(value);
    length += value.length;
  }
  const stream = createGzip({ level: LEVEL });
  const feeding = feed(stream, parts, pieces);
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
