// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";

/// @notice The last batch of a book that belongs to a period.
struct Closing {
    BookId book;
    uint64 sequence;
}

/// @notice A place at which a statement of a book can end: where a period closed that had batches.
struct ClosedAt {
    uint64 number;
    uint64 sequence;
}

/// @notice How far one operator is with one period.
struct PeriodSide {
    bool closed;
    /// Whether it closed only after the others could go on.
    bool late;
    bytes32 secretDigest;
}

/// @title Periods that both sides close before either opens them
/// @notice For agreements with `closedByBoth`: whoever has seen the other side's records could write its own to
/// match. So each operator first closes the period, which fixes its last batch for good; only then does
/// any node hand out openings (`isOpen`), and only then can statements be posted, which end at the
/// closings. A side that stays silent holds nobody up for longer than the dispute window after the
/// first one closed, and the time that it was suspended meanwhile; what it closes later is marked
/// late, for the arbiter to weigh. Trust: the ledger sees that both closed, not what they told each
/// other before.
interface IPeriods {
    event PeriodClosed(
        AgreementId indexed agreement,
        uint64 indexed number,
        MemberId indexed operator,
        Closing[] closings,
        bytes32 secretDigest,
        bool late
    );
    event PeriodWaits(AgreementId indexed agreement, uint64 indexed number, uint64 closeBy);
    event PeriodOpened(AgreementId indexed agreement, uint64 indexed number);

    error ClosedByNobody(AgreementId agreement);
    error PeriodOutOfOrder(uint64 expected, uint64 given);
    error ClosingsTooMany(uint256 count, uint256 most);
    error ClosingUnfit(BookId book, bytes32 field);
    error ClosingFell(BookId book, uint64 closed, uint64 given);

    /// @notice An operator of the agreement (Commit or Settle key) closes its next period.
    /// @param number One more than the last one that it closed; from 1.
    /// @param closings One for each of its books that had batches until then, at most 32. A book that
    /// is left out keeps its last closing.
    /// @param secretDigest Of the secret from which matching keys of the period are made, or zero.
    function close(
        AgreementId agreement,
        uint64 number,
        Closing[] calldata closings,
        bytes32 secretDigest
    ) external;

    /// @return Whether openings of the period may be handed to the other side: every operator closed
    /// it, or those that did not are silent for too long. True where nobody closes periods.
    function isOpen(AgreementId agreement, uint64 number) external view returns (bool);

    /// @return Ledger time after which the others go on without this operator; zero when nobody closed
    /// the period yet.
    function closeByOf(
        AgreementId agreement,
        uint64 number,
        MemberId operator
    ) external view returns (uint64);

    function sideOf(
        AgreementId agreement,
        uint64 number,
        MemberId operator
    ) external view returns (PeriodSide memory);

    /// @return The last period that the operator closed.
    function closedThrough(AgreementId agreement, MemberId operator) external view returns (uint64);

    /// @return How many places there are at which statements of the book can end.
    function closingCount(BookId book) external view returns (uint256);

    /// @param ordinal From 1 to closingCount(); sequences strictly increase.
    function closingAt(BookId book, uint256 ordinal) external view returns (ClosedAt memory);

    /// @return The last batch of the book that belongs to the period or one before; zero for none.
    function sequenceAt(BookId book, uint64 number) external view returns (uint64);

    /// @param from From 1.
    /// @param size At most 100.
    function closingsFrom(
        BookId book,
        uint256 from,
        uint256 size
    ) external view returns (ClosedAt[] memory);
}
