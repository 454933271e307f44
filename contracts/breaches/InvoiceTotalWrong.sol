// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { BookId } from "../types/Identifiers.sol";
import { AccountOpening, BreachJudge, InvoiceOpening } from "./BreachJudge.sol";

struct InvoiceTotalEvidence {
    InvoiceOpening invoice;
    BookId chargeBook;
    uint64 chargeSequence;
    uint32 chargeIndex;
    AccountOpening lastCharge;
}

/// @notice An invoice asks another total than the running total of its last charge. Evidence: an
/// `InvoiceTotalEvidence`. Owed: what it asks too much. The place is that of the invoice.
contract InvoiceTotalWrong is BreachJudge {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        InvoiceTotalEvidence memory shown = abi.decode(evidence, (InvoiceTotalEvidence));
        finding = _atPlace(allegation, shown.invoice);
        _requireSibling(allegation, shown.chargeBook, CHARGES);
        _requireLeaf(
            shown.chargeBook,
            shown.chargeSequence,
            shown.chargeIndex,
            _leafOf(shown.chargeBook, shown.lastCharge),
            shown.lastCharge.path
        );
        _alsoOpened(
            finding,
            shown.chargeBook,
            shown.chargeSequence,
            shown.chargeIndex,
            Opened.Account
        );
        require(
            shown.lastCharge.account.pseudonym == shown.invoice.body.pseudonym,
            BreachNotShown("pseudonym")
        );
        require(
            shown.lastCharge.account.chargeNumber == shown.invoice.body.lastChargeNumber,
            BreachNotShown("charge number")
        );
        uint128 committedNano = shown.lastCharge.account.runningTotalNano;
        require(shown.invoice.chargesNano != committedNano, BreachNotShown("total"));
        finding.proven = true;
        if (shown.invoice.chargesNano > committedNano) {
            finding.owedNano = shown.invoice.chargesNano - committedNano;
        }
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind == INVOICES;
    }
}
