// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberGated } from "./MemberGated.sol";
import { IAgreements, Side } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { IMembers } from "./interfaces/IMembers.sol";
import { ClosedAt, Closing, IPeriods, PeriodSide } from "./interfaces/IPeriods.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, BookId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IPeriods}.
contract Periods is IPeriods, MemberGated {
    uint256 private constant CLOSINGS_MAX = 32;

    struct Period {
        /// Ledger time; zero while nobody closed it.
        uint64 closeBy;
        uint8 closedSides;
        mapping(MemberId operator => PeriodSide) sides;
        /// What each silent side's suspensions added up to when the first one closed.
        mapping(MemberId operator => uint64) suspendedBefore;
    }

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;

    mapping(AgreementId agreement => mapping(uint64 number => Period)) private _periods;
    mapping(AgreementId agreement => mapping(MemberId operator => uint64)) private _closedThrough;
    mapping(BookId book => ClosedAt[]) private _closings;
    mapping(BookId book => uint64 number) private _lastNumbers;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_
    ) MemberGated(members_) {
        agreements = agreements_;
        books = books_;
        clock = clock_;
    }

    /// @inheritdoc IPeriods
    function close(
        AgreementId agreement,
        uint64 number,
        Closing[] calldata closings,
        bytes32 secretDigest
    ) external {
        MemberId operator = _senderCommittingOrSettling();
        require(agreements.periodOf(agreement).closedByBoth, ClosedByNobody(agreement));
        require(
            agreements.payerOf(agreement, operator) != NO_MEMBER,
            IBooks.OperatorHasNoSide(agreement, operator)
        );
        uint64 expected = _closedThrough[agreement][operator] + 1;
        require(number == expected, PeriodOutOfOrder(expected, number));
        require(closings.length <= CLOSINGS_MAX, ClosingsTooMany(closings.length, CLOSINGS_MAX));
        _closedThrough[agreement][operator] = number;
        Side[] memory sides = agreements.sidesOf(agreement);
        Period storage period = _periods[agreement][number];
        if (period.closeBy == 0) _startWaiting(agreement, number, sides);
        bool late = clock.ledgerTime() > closeByOf(agreement, number, operator);
        period.sides[operator] = PeriodSide(true, late, secretDigest);
        period.closedSides += 1;
        emit PeriodClosed(agreement, number, operator, closings, secretDigest, late);
        if (period.closedSides == sides.length) emit PeriodOpened(agreement, number);
        for (uint256 i = 0; i < closings.length; ++i) {
            _closeBook(agreement, number, operator, closings[i]);
        }
    }

    /// @inheritdoc IPeriods
    function isOpen(AgreementId agreement, uint64 number) external view returns (bool) {
        if (!agreements.periodOf(agreement).closedByBoth) return true;
        Period storage period = _periods[agreement][number];
        if (period.closeBy == 0) return false;
        Side[] memory sides = agreements.sidesOf(agreement);
        uint64 ledgerTime = clock.ledgerTime();
        for (uint256 i = 0; i < sides.length; ++i) {
            MemberId operator = sides[i].operator;
            bool waits =
                !period.sides[operator].closed &&
                    ledgerTime <= closeByOf(agreement, number, operator);
            if (waits) return false;
        }
        return true;
    }

    /// @inheritdoc IPeriods
    function closeByOf(
        AgreementId agreement,
        uint64 number,
        MemberId operator
    ) public view returns (uint64) {
        Period storage period = _periods[agreement][number];
        if (period.closeBy == 0) return 0;
        return
            period.closeBy +
            members.suspendedSecondsOf(operator) -
            period.suspendedBefore[operator];
    }

    /// @inheritdoc IPeriods
    function sideOf(
        AgreementId agreement,
        uint64 number,
        MemberId operator
    ) external view returns (PeriodSide memory) {
        return _periods[agreement][number].sides[operator];
    }

    /// @inheritdoc IPeriods
    function closedThrough(
        AgreementId agreement,
        MemberId operator
    ) external view returns (uint64) {
        return _closedThrough[agreement][operator];
    }

    /// @inheritdoc IPeriods
    function closingCount(BookId book) external view returns (uint256) {
        return _closings[book].length;
    }

    /// @inheritdoc IPeriods
    function closingAt(BookId book, uint256 ordinal) external view returns (ClosedAt memory) {
        ClosedAt[] storage closings = _closings[book];
        return closings[Pages.indexOf(closings.length, ordinal)];
    }

    /// @inheritdoc IPeriods
    /// @dev Binary search: numbers strictly increase.
    function sequenceAt(BookId book, uint64 number) external view returns (uint64) {
        ClosedAt[] storage closings = _closings[book];
        uint256 low = 0;
        uint256 high = closings.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (closings[middle].number <= number) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : closings[low - 1].sequence;
    }

    /// @inheritdoc IPeriods
    function closingsFrom(
        BookId book,
        uint256 from,
        uint256 size
    ) external view returns (ClosedAt[] memory found) {
        ClosedAt[] storage closings = _closings[book];
        found = new ClosedAt[](Pages.lengthOf(closings.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = closings[from - 1 + i];
    }

    /// @dev Terms name at most eight sides.
    function _startWaiting(AgreementId agreement, uint64 number, Side[] memory sides) private {
        Period storage period = _periods[agreement][number];
        period.closeBy = clock.ledgerTime() + agreements.windowsOf(agreement).dispute;
        for (uint256 i = 0; i < sides.length; ++i) {
            MemberId operator = sides[i].operator;
            period.suspendedBefore[operator] = members.suspendedSecondsOf(operator);
        }
        emit PeriodWaits(agreement, number, period.closeBy);
    }

    /// @dev From here on the batch, and those before it, can not be voided.
    function _closeBook(
        AgreementId agreement,
        uint64 number,
        MemberId operator,
        Closing calldata closing
    ) private {
        BookId book = closing.book;
        Book memory details = books.bookOf(book);
        require(details.operator == operator, ClosingUnfit(book, "operator"));
        require(details.agreement == agreement, ClosingUnfit(book, "agreement"));
        require(_lastNumbers[book] < number, ClosingUnfit(book, "twice"));
        _lastNumbers[book] = number;
        ClosedAt[] storage closings = _closings[book];
        uint64 last = closings.length == 0 ? 0 : closings[closings.length - 1].sequence;
        require(closing.sequence >= last, ClosingFell(book, last, closing.sequence));
        if (closing.sequence == last) return;
        closings.push(ClosedAt({ number: number, sequence: closing.sequence }));
        books.noteReference(book, closing.sequence);
    }

    function _senderCommittingOrSettling() private view returns (MemberId member) {
        member = members.memberOf(_msgSender());
        require(member != NO_MEMBER, IMembers.NotAMember(_msgSender()));
        _requireCommitOrSettle(member);
    }
}
