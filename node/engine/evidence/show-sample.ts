import { type Hex, toHex } from "../../core/bytes.ts";
import { showChunk } from "../../core/commitment/chunk-path.ts";
import { TallystickError } from "../../core/errors.ts";
import type { LedgerReader, SamplePlace } from "../commit/ledger.ts";
import type { Outbox } from "../commit/outbox.ts";
import { keyNotRefused } from "../commit/retry-key.ts";
import { readBatch, readLeafDigests } from "../store/read-charges.ts";
import type { Store } from "../store/store.ts";

const CHUNK_LEVELS = 5;
const DIGEST_BYTES = 32;

/**
 * Shows the chunks that were drawn of a statement that nobody signed for: leaves, which are hashes, and
 * nobody's charge.
 * @returns the outbox key that the showing is settled under
 * @throws TallystickError `statement.no-sample` when none is drawn, or its block is still to come
 */
export async function showSample(
  store: Store,
  outbox: Outbox,
  ledger: Pick<LedgerReader, "statementOf" | "sampleOf">,
  statement: Hex,
): Promise<string> {
  const stated = await ledger.statementOf(statement);
  const places = await ledger.sampleOf(statement);
  if (stated === undefined || places === undefined) {
    throw new TallystickError(
      "statement.no-sample",
      "No sample of the statement can be shown now: draw one, and wait for the next block.",
    );
  }
  const chunks = [];
  for (const place of places) chunks.push(await drawnChunk(store, stated.book, place));
  const key = await keyNotRefused(outbox, `sample:${statement}:${places[0]?.number}`);
  await outbox.enqueue({
    key,
    purpose: "show sample",
    duty: "settle",
    call: { contract: "statements", method: "showSample", args: [statement, chunks] },
  });
  return key;
}

/** As `ShownChunk` of the contracts. */
async function drawnChunk(store: Store, book: Hex, { sequence, number }: SamplePlace) {
  const batch = await readBatch(store, book, sequence);
  const digests = await readLeafDigests(store, book, BigInt(batch.first), batch.count);
  const leaves = Array.from({ length: batch.count }, (_, i) =>
    digests.subarray(DIGEST_BYTES * i, DIGEST_BYTES * (i + 1)),
  );
  const chunk = Number(number % (1n << BigInt(batch.depth - CHUNK_LEVELS)));
  const shown = showChunk(leaves, batch.depth, chunk);
  return {
    depth: batch.depth,
    leaves: shown.leaves.map(toHex),
    siblings: shown.siblings.map(toHex),
    totals: batch.totals,
    runningTotals: batch.runningTotals,
    // Nothing is looked at where the batch was voided.
    blockTime: BigInt(batch.blockTime ?? "0"),
  };
}
