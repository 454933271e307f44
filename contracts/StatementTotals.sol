// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberGated } from "./MemberGated.sol";
import { StatementReceipts } from "./StatementReceipts.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { IMembers } from "./interfaces/IMembers.sol";
import { ClosedAt, IPeriods } from "./interfaces/IPeriods.sol";
import { Counted, IStatements } from "./interfaces/IStatements.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { BookId, NO_BOOK } from "./types/Identifiers.sol";
import { RunningOpening } from "./types/Openings.sol";

/// @notice The part of {IStatements} that counts: each batch of a book once, up to where it may end.
abstract contract StatementTotals is IStatements, StatementReceipts {
    uint8 private constant BOOK_OF_CREDITS = 2;

    struct Stated {
        uint64 sequence;
        uint64 count;
        uint128 sumNano;
    }

    IPeriods public immutable periods;

    mapping(BookId book => Stated) internal _stated;
    mapping(BookId book => uint128 nano) private _carriedCredits;
    /// @dev How many closings of a book were stated, where periods are closed by both sides.
    mapping(BookId book => uint256) private _closingsStated;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IVerifier verifier_,
        IPeriods periods_
    ) MemberGated(members_) StatementReceipts(agreements_, books_, clock_, verifier_) {
        periods = periods_;
    }

    /// @inheritdoc IStatements
    function lastStatedOf(
        BookId book
    ) external view returns (uint64 sequence, uint128 sumNano, uint64 count) {
        Stated memory stated = _stated[book];
        return (stated.sequence, stated.sumNano, stated.count);
    }

    /// @inheritdoc IStatements
    function carriedCreditOf(BookId book) external view returns (uint128) {
        return _carriedCredits[book];
    }

    /// @dev Where both sides close periods, charges end where the next period that had any closed, and
    /// taxes with them.
    function _requireAtClosing(
        BookId book,
        Book memory details,
        uint64 toSequence,
        BookId taxBook,
        uint64 taxesTo
    ) internal {
        if (!agreements.periodOf(details.agreement).closedByBoth) return;
        uint256 ordinal = _closingsStated[book] + 1;
        ClosedAt memory closing = periods.closingAt(book, ordinal);
        require(
            periods.isOpen(details.agreement, closing.number),
            PeriodNotOpen(details.agreement, closing.number)
        );
        require(toSequence == closing.sequence, NotAtClosing(book, closing.sequence, toSequence));
        _closingsStated[book] = ordinal;
        if (taxBook == NO_BOOK) return;
        uint64 taxesClosed = periods.sequenceAt(taxBook, closing.number);
        require(taxesTo == taxesClosed, NotAtClosing(taxBook, taxesClosed, taxesTo));
    }

    /// @dev Checks an opening of running totals, moves the book's stated end there and returns the
    /// differences. From here on the batch can not be voided.
    function _advance(
        BookId book,
        uint64 toSequence,
        RunningOpening memory opening
    ) internal returns (uint128 sumNano, uint64 count) {
        bytes32 kept = books.sealOf(book, toSequence);
        bytes32 opened = verifier.sealOfRunningTotals(book, toSequence, opening);
        require(kept == opened && kept != 0, SealMismatch(book, toSequence, kept, opened));
        Stated memory last = _stated[book];
        require(
            opening.sumNano >= last.sumNano && opening.count >= last.count,
            RunningTotalFell(book, last.sumNano, opening.sumNano)
        );
        _stated[book] = Stated(toSequence, opening.count, opening.sumNano);
        emit BookStated(book, toSequence, opening.sumNano, opening.count);
        books.noteReference(book, toSequence);
        return (opening.sumNano - last.sumNano, opening.count - last.count);
    }

    /// @dev As far as claims were settled by credits, none is left out.
    function _creditsOf(
        Book memory charges,
        BookId creditBook,
        Counted memory credits
    ) internal returns (uint128) {
        BookId sibling = _siblingOf(charges, BOOK_OF_CREDITS);
        bool none = creditBook == NO_BOOK;
        if (none && !books.isBook(sibling)) return 0;
        require(none || creditBook == sibling, StatementBookUnfit(creditBook, "number"));
        uint64 least = books.bookOf(sibling).referencedSequence;
        uint64 given = none ? _stated[sibling].sequence : credits.toSequence;
        require(given >= least, CreditsLeftOut(sibling, least, given));
        return none ? 0 : _count(sibling, credits);
    }

    function _count(BookId book, Counted memory counted) internal returns (uint128 sumNano) {
        uint64 last = _stated[book].sequence;
        require(counted.toSequence >= last, StatementRangeEmpty(book, last, counted.toSequence));
        if (counted.toSequence > last) {
            (sumNano, ) = _advance(book, counted.toSequence, counted.opening);
        }
    }

    function _siblingOf(Book memory book, uint8 kind) internal view returns (BookId) {
        return books.bookIdOf(book.operator, book.agreement, kind, book.number);
    }

    function _net(
        BookId book,
        uint128 chargesNano,
        uint128 creditsNano
    ) internal returns (uint128 payableNano) {
        uint128 reductions = _carriedCredits[book] + creditsNano;
        payableNano = chargesNano > reductions ? chargesNano - reductions : 0;
        _carriedCredits[book] = reductions > chargesNano ? reductions - chargesNano : 0;
    }
}
