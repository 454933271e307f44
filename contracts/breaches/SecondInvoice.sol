// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Book, IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { BookId } from "../types/Identifiers.sol";
import { BreachJudge, InvoiceOpening } from "./BreachJudge.sol";

struct SecondInvoiceEvidence {
    InvoiceOpening claimed;
    BookId beforeBook;
    uint64 beforeSequence;
    uint32 beforeIndex;
    InvoiceOpening before;
}

/// @notice Two invoices for one pseudonym, whatever their runs; the later one is the breach: of one
/// book by its place, of two books by their numbers. Evidence: a `SecondInvoiceEvidence`. Owed: all
/// charges of the later invoice.
contract SecondInvoice is BreachJudge {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        SecondInvoiceEvidence memory shown = abi.decode(evidence, (SecondInvoiceEvidence));
        finding = _atPlace(allegation, shown.claimed);
        Book memory earlier = _requireSibling(allegation, shown.beforeBook, INVOICES);
        if (shown.beforeBook == allegation.book) {
            _requireEarlier(allegation, shown.beforeSequence, shown.beforeIndex);
        } else {
            require(earlier.number < books.bookOf(allegation.book).number, EvidenceUnfit("order"));
        }
        _requireLeaf(
            shown.beforeBook,
            shown.beforeSequence,
            shown.beforeIndex,
            _leafOf(shown.beforeBook, shown.before),
            shown.before.path
        );
        require(
            shown.claimed.body.pseudonym == shown.before.body.pseudonym,
            BreachNotShown("pseudonym")
        );
        finding.proven = true;
        finding.owedNano = finding.amountNano;
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind == INVOICES;
    }
}
