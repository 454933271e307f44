import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  epochOfFile,
  evidencePlace,
  HEADER_BYTES,
  openEvidenceFile,
  SEGMENT_BYTES,
  TAG_BYTES,
} from "../../node/core/evidence/evidence-file.ts";
import { paddedLength, sealEvidenceFile } from "../../node/engine/evidence/seal-evidence-file.ts";
import { hasCode } from "./engine-scene.ts";

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const SECRET = random.bytes(32);
const EPOCH = "2026-10";

async function* inPieces(text: string, length = 50_000): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function sealed(text: string, secret = SECRET): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const owner = { secret, epoch: EPOCH, salt: random.bytes(16) };
  for await (const part of sealEvidenceFile(inPieces(text), owner)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

const notOpened = hasCode("evidence-file.not-opened");

describe("an evidence file", () => {
  it("gives its text back to the holder of the link, whatever its length", async () => {
    // Digits of random bytes: so that the lengths cross segments although they are compressed.
    for (const length of [0, 1, 1_000, 65_000, 66_000, 140_000, 1_500_000, 3_000_000]) {
      const text = `${randomBytes(Math.ceil(length / 2)).toString("hex")}ü`.slice(-length - 1);
      const file = await sealed(text);
      assert.equal(epochOfFile(file), EPOCH);
      assert.equal(await openEvidenceFile(file, SECRET), text, `${length}`);
    }
  });

  it("is refused with another secret, another month, and when any byte is another one", async () => {
    const file = await sealed(randomBytes(80_000).toString("hex"));
    assert.ok(file.length > HEADER_BYTES + SEGMENT_BYTES + TAG_BYTES);
    await assert.rejects(openEvidenceFile(file, random.bytes(32)), notOpened);
    for (let at = 8; at < file.length; at += at < HEADER_BYTES ? 1 : 7_919) {
      if (at > 14 && at < 16) continue;
      const changed = file.slice();
      changed[at] = (changed[at] as number) ^ 1;
      await assert.rejects(openEvidenceFile(changed, SECRET), (error: unknown) =>
        [notOpened, hasCode("evidence-file.wrong-shape")].some((is) => is(error)),
      );
    }
  });

  it("is refused when it is cut, lengthened, or its segments are exchanged", async () => {
    const text = randomBytes(200_000).toString("hex");
    const file = await sealed(text);
    const stride = SEGMENT_BYTES + TAG_BYTES;
    const segment = (at: number) =>
      file.slice(HEADER_BYTES + at * stride, HEADER_BYTES + (at + 1) * stride);
    const header = file.slice(0, HEADER_BYTES);
    const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    for (const wrong of [
      join(header, segment(0)),
      file.slice(0, -1),
      join(file, Uint8Array.of(0)),
      join(header, segment(1), segment(0), file.slice(HEADER_BYTES + 2 * stride)),
      join(header, segment(1), file.slice(HEADER_BYTES + 2 * stride)),
    ]) {
      await assert.rejects(openEvidenceFile(wrong, SECRET), notOpened);
    }
    for (const wrong of [header, new Uint8Array(), new TextEncoder().encode('{"format":1}')]) {
      await assert.rejects(openEvidenceFile(wrong, SECRET), hasCode("evidence-file.wrong-shape"));
    }
  });

  it("lies where nobody without the secret can guess, each edition elsewhere", () => {
    const place = evidencePlace(SECRET, EPOCH, 1);
    assert.match(place, /^2026-10\/[0-9a-f]{3}\/[0-9a-f]{37}\.evidence$/);
    const others = [
      evidencePlace(SECRET, EPOCH, 2),
      evidencePlace(SECRET, "2026-11", 1),
      evidencePlace(random.bytes(32), EPOCH, 1),
    ];
    assert.equal(new Set([place, ...others].map((one) => one.slice(8))).size, 4);
  });

  it("has a length that tells little", async () => {
    const lengths = new Set<number>();
    for (let bytes = 5_000; bytes < 6_000; bytes += 20) {
      const { length } = await sealed(randomBytes(bytes).toString("hex"));
      assert.equal(paddedLength(length), length);
      lengths.add(length);
    }
    assert.ok(lengths.size <= 6, `${lengths.size} lengths of 50`);
    for (const length of [100, 999, 65_000, 10_000_001]) {
      const padded = paddedLength(length);
      assert.ok(padded >= length && padded <= length * 1.12);
    }
  });
});
