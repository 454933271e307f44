import { fromHex, type Hex, toHex } from "../bytes.ts";
import { pseudonym } from "../commitment/secrets.ts";
import { type Bundle, isClosed } from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";

type Book = Bundle["books"][number];

/** The pseudonym of each book follows from what the subscriber holds, and every line carries it. */
export function checkPseudonym(bundle: Bundle): Check {
  const name = "pseudonym";
  const [charges, another] = bundle.books.filter(({ kind }) => kind === 1);
  if (charges === undefined || another !== undefined) {
    return fail(name, "A bundle holds the lines of one book of charges, not of none or several.");
  }
  for (const book of bundle.books) {
    const computed = computedPseudonym(book, book.disputeAddress);
    if (computed !== undefined && book.pseudonym !== undefined && computed !== book.pseudonym) {
      return fail(name, "The subscriber's pseudonym does not follow from the subscriber's key.");
    }
  }
  const foreign = bundle.charges.find(
    ({ account }) => !isClosed(account) && account.pseudonym !== charges.pseudonym,
  );
  if (foreign !== undefined)
    return fail(name, `Line ${foreign.line} belongs to another subscriber.`);
  if (bundle.invoice !== undefined && bundle.invoice.body.pseudonym !== charges.pseudonym)
    return fail(name, "The invoice belongs to another subscriber.");
  const half = bundle.books.find((book) => !isWholeOrAbsent(book));
  if (computedPseudonym(charges, charges.disputeAddress) === undefined || half !== undefined) {
    return unknown(
      name,
      "Whose lines these are can not be checked: what the pseudonym is made of is not shown.",
    );
  }
  const hidden = bundle.charges.find(({ account }) => isClosed(account));
  if (hidden !== undefined)
    return unknown(name, `Whose line ${hidden.line} is, is not shown to this reader.`);
  if (bundle.charges.length === 0) return unknown(name, "There are no lines.");
  return pass(name, "All lines belong to one subscriber.");
}

/**
 * The lines are those of whoever asks.
 * @param owner the dispute address that the reader's own secret yields for the bundle's epoch
 */
export function checkOwner(bundle: Bundle, owner: Hex): Check {
  const name = "yours";
  const charges = bundle.books.find(({ kind }) => kind === 1);
  if (charges?.disputeAddress !== undefined && charges.disputeAddress !== owner)
    return fail(name, "This is another subscriber's bill: it does not belong to your link.");
  if (charges?.disputeAddress === undefined || charges.blind === undefined)
    return fail(name, "Nothing here shows that this bill belongs to your link.");
  return computedPseudonym(charges, owner) === charges.pseudonym
    ? pass(name, "The bill belongs to your link.")
    : fail(name, "The pseudonym of this bill does not follow from your link.");
}

function computedPseudonym(book: Book, disputeAddress: Hex | undefined): Hex | undefined {
  if (disputeAddress === undefined || book.blind === undefined) return undefined;
  return toHex(pseudonym(fromHex(book.domain), fromHex(disputeAddress), fromHex(book.blind)));
}

/** The books of credits and invoices need not say whose they are; if they do, then all of it. */
function isWholeOrAbsent({ kind, pseudonym, disputeAddress, blind }: Book): boolean {
  const given = [pseudonym, disputeAddress, blind].filter((part) => part !== undefined).length;
  return given === 3 || (given === 0 && kind !== 1);
}
