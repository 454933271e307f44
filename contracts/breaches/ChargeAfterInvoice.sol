// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { BookId } from "../types/Identifiers.sol";
import { AccountOpening, BreachJudge, InvoiceOpening } from "./BreachJudge.sol";

struct AfterInvoiceEvidence {
    AccountOpening charge;
    BookId invoiceBook;
    uint64 invoiceSequence;
    uint32 invoiceIndex;
    InvoiceOpening invoice;
}

/// @notice The invoice of a billing epoch states its last charge number, and the book holds a charge
/// with a higher one. Evidence: an `AfterInvoiceEvidence`. Owed: all of that charge.
contract ChargeAfterInvoice is BreachJudge {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        AfterInvoiceEvidence memory shown = abi.decode(evidence, (AfterInvoiceEvidence));
        finding = _atPlace(allegation, shown.charge);
        _requireSibling(allegation, shown.invoiceBook, INVOICES);
        _requireLeaf(
            shown.invoiceBook,
            shown.invoiceSequence,
            shown.invoiceIndex,
            _leafOf(shown.invoiceBook, shown.invoice),
            shown.invoice.path
        );
        // A pseudonym is of one book and one billing epoch.
        require(
            shown.charge.account.pseudonym == shown.invoice.body.pseudonym,
            BreachNotShown("pseudonym")
        );
        require(
            shown.charge.account.chargeNumber > shown.invoice.body.lastChargeNumber,
            BreachNotShown("charge number")
        );
        finding.proven = true;
        finding.owedNano = finding.amountNano;
    }
}
