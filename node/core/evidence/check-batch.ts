import { fromHex, type Hex, toHex } from "../bytes.ts";
import { commitmentOf, sealOf } from "../commitment/batch-commitment.ts";
import { type BookKind, bookDomain } from "../commitment/domain.ts";
import { rootFromPath } from "../commitment/inclusion-tree.ts";
import { TallystickError } from "../errors.ts";
import type { Bundle, BundleBatch } from "./bundle.ts";
import { type Check, fail, pass } from "./check.ts";
import { type LedgerFacts, sealKey } from "./ledger-facts.ts";

export interface CheckedBatch {
  batch: BundleBatch;
  check: Check;
  onLedger: boolean;
}

export function checkBatch(batch: BundleBatch, facts: LedgerFacts): CheckedBatch {
  const name = "on-ledger";
  if (batch.blockTime === undefined) {
    return { batch, onLedger: false, check: fail(name, "The batch is not on the ledger yet.") };
  }
  const seal = toHex(
    sealOf(
      commitmentOf({
        domain: fromHex(batch.domain),
        sequence: BigInt(batch.sequence),
        depth: batch.depth,
        root: fromHex(batch.root),
        totals: fromHex(batch.totals),
        runningTotals: fromHex(batch.runningTotals),
      }),
      BigInt(batch.blockTime),
    ),
  );
  const known = facts.seals[sealKey(batch.domain, batch.sequence)];
  if (known === undefined || /^0x0*$/.test(known)) {
    return {
      batch,
      onLedger: false,
      check: fail(name, `The ledger has no batch ${batch.sequence} of this book.`),
    };
  }
  if (known !== seal) {
    const because = `Batch ${batch.sequence} on the ledger is another one than this proof speaks of.`;
    return { batch, onLedger: true, check: fail(name, because) };
  }
  // Only a block time that the ledger confirms is one that a date can hold.
  const when = new Date(Number(batch.blockTime) * 1000).toISOString();
  const because = `Batch ${batch.sequence} stands on the ledger since ${when}.`;
  return { batch, onLedger: true, check: pass(name, because) };
}

export function checkInclusion(
  leaf: Uint8Array,
  place: { leafIndex: number; path: Hex[] },
  batch: BundleBatch,
): Check {
  const name = "included";
  if (place.path.length !== batch.depth) {
    return fail(
      name,
      `The path has ${place.path.length} steps; its batch asks for ${batch.depth}.`,
    );
  }
  try {
    const root = rootFromPath(
      leaf,
      place.leafIndex,
      place.path.map((step) => fromHex(step)),
    );
    return toHex(root) === batch.root
      ? pass(name, `It is entry ${place.leafIndex + 1} of its batch, unchanged.`)
      : fail(
          name,
          "What is shown is not what was put into the batch: something in it was changed.",
        );
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return fail(name, error.message);
  }
}

/**
 * The batch has to stand in a book of the right kind, and the book has to be this operator's under
 * this agreement on this ledger: its domain is computed, not believed.
 */
export function checkBook(bundle: Bundle, batch: BundleBatch, kind: BookKind): Check {
  const name = "in-book";
  const book = bundle.books.find((one) => one.domain === batch.domain && one.kind === kind);
  if (book === undefined) {
    return fail(name, "Its batch belongs to no book of the right kind that this bundle names.");
  }
  return domainOf(bundle, book) === book.domain
    ? pass(name, `It stands in a book of ${bundle.operator.name} under this agreement.`)
    : fail(name, "Its book is not this operator's book under this agreement.");
}

/** Every book that the bundle names is this operator's, whether a line stands in it or not. */
export function checkBooks(bundle: Bundle): Check {
  const name = "books";
  const foreign = bundle.books.find((book) => domainOf(bundle, book) !== book.domain);
  return foreign === undefined
    ? pass(name, "All books are this operator's under this agreement.")
    : fail(name, `The book ${foreign.domain} is not this operator's under this agreement.`);
}

function domainOf(bundle: Bundle, { kind, number }: Bundle["books"][number]): Hex {
  const domain = bookDomain({
    chainId: BigInt(bundle.ledger.chainId),
    books: fromHex(bundle.ledger.contracts.books),
    operator: fromHex(bundle.operator.id),
    agreement: fromHex(bundle.agreement),
    kind,
    number: BigInt(number),
  });
  return toHex(domain);
}
