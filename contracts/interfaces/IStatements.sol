// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId, ObligationId, StatementId } from "../types/Identifiers.sol";
import { RunningOpening } from "../types/Openings.sol";

enum StatementState {
    None,
    Posted,
    Final
}

/// @notice Amounts in nano-units. What is payable is charges less credits less what credits of earlier
/// statements exceeded their charges by, and never negative: the excess is carried on. Taxes come on
/// top and are not reduced: a tax that was too high is corrected by the next statement's taxes.
struct Statement {
    BookId book;
    BookId creditBook;
    uint64 fromSequence;
    uint64 toSequence;
    uint64 chargeCount;
    uint128 chargesNano;
    uint128 creditsNano;
    uint128 payableNano;
    StatementState state;
    /// Ledger time until which it can be objected to; zero until its data was received.
    uint64 objectBy;
    /// Whether somebody objected, and whether the objection is still open.
    bool objected;
    bool disputeOpen;
    /// Of what is payable, taxes included.
    uint128 undisputedNano;
    bytes32 reasonHash;
    /// Whether the contract of disputes objected, and decides when the objection ends.
    bool inDispute;
    BookId taxBook;
    uint128 taxesNano;
    /// The last batches counted of the books of credits and of taxes.
    uint64 creditsTo;
    uint64 taxesTo;
}

/// @notice Books up to a batch. `opening` is not looked at when that batch was counted already.
struct Counted {
    uint64 toSequence;
    RunningOpening opening;
}

/// @notice What a final statement makes payable, once. `beforeNano` is what earlier obligations of the
/// same statement and split made payable, so that fixed fees are taken once. Taxes are not shared: their
/// split gives all to the operator (see {IAgreements} wholeSplitOf).
struct Obligation {
    StatementId statement;
    AgreementId agreement;
    MemberId payer;
    uint32 split;
    uint128 amountNano;
    uint128 beforeNano;
}

/// @title Statements: one book's totals for one range of batches
/// @notice A statement can not leave out a batch: its range starts where the last one ended, and the
/// contract itself takes the difference of the committed running totals (docs/PROTOCOL.md section 9).
/// The running totals at the earlier end are those that were opened for the last statement, which
/// this contract keeps; so only the later end is opened. Books of one number belong together: the
/// credits of a book of charges are counted with it, at least as far as claims were settled by them,
/// and so are its taxes, as totals of their own. Where both sides close periods ({IPeriods}), charges and taxes
/// end at closings. The window to object begins when the data was received ({IStatementReceipts}).
/// Trust: whoever is to pay can hold only what it objects to, and only within the window; the rest
/// becomes payable. The arbiter decides the rest.
interface IStatements {
    event StatementPosted(StatementId indexed statement, BookId indexed book, Statement details);
    event StatementObjected(
        StatementId indexed statement,
        MemberId indexed by,
        uint128 undisputedNano,
        bytes32 reasonHash
    );
    event BookStated(BookId indexed book, uint64 sequence, uint128 sumNano, uint64 count);
    event StatementFinal(StatementId indexed statement);
    event DisputeResolved(StatementId indexed statement, address by, uint128 owedNano);
    event ObligationCreated(
        ObligationId indexed obligation,
        StatementId indexed statement,
        MemberId indexed payer,
        uint128 amountNano,
        uint32 split,
        uint128 beforeNano,
        uint64 dueBy
    );

    error StatementBookUnfit(BookId book, bytes32 field);
    error StatementRangeEmpty(BookId book, uint64 lastStated, uint64 given);
    error CreditsLeftOut(BookId creditBook, uint64 least, uint64 given);
    error PeriodNotOpen(AgreementId agreement, uint64 number);
    error NotAtClosing(BookId book, uint64 closed, uint64 given);
    error SealMismatch(BookId book, uint64 sequence, bytes32 kept, bytes32 opened);
    error RunningTotalFell(BookId book, uint128 statedNano, uint128 openedNano);
    error StatementStateWrong(StatementId statement, StatementState state);
    error WindowClosed(StatementId statement, uint64 objectBy, uint64 ledgerTime);
    error WindowOpen(StatementId statement, uint64 objectBy, uint64 ledgerTime);
    error ObjectedAlready(StatementId statement);
    error NoOpenDispute(StatementId statement);
    error DisputedElsewhere(StatementId statement);
    error MayNotObject(StatementId statement, MemberId member);
    error AmountUnusable(uint128 most, uint128 given);
    error MayNotResolve(StatementId statement, address sender, uint128 owedNano);

    /// @notice The operator (Commit or Settle key) states its book of charges up to a batch.
    /// @param creditBook The operator's book of credits of the same agreement and number, or zero
    /// for no new credits.
    /// @param creditsTo Its last batch to count, at least the last one that settled a claim; equal to
    /// the last stated one for no new credits, and then `credits` is not looked at.
    function post(
        BookId book,
        uint64 toSequence,
        RunningOpening calldata charges,
        BookId creditBook,
        uint64 creditsTo,
        RunningOpening calldata credits
    ) external returns (StatementId statement);

    /// @notice As `post`, with the operator's book of taxes of the same number.
    function postWithTaxes(
        BookId book,
        Counted calldata charges,
        BookId creditBook,
        Counted calldata credits,
        Counted calldata taxes
    ) external returns (StatementId statement);

    /// @notice The payer (Settle key) objects, once, within the window; where operator and payer are
    /// one, any other party does. What is undisputed becomes payable all the same.
    function object(StatementId statement, uint128 undisputedNano, bytes32 reasonHash) external;

    /// @notice For the contract of disputes: as `object`, by a member whose key it has checked.
    function objectFor(
        StatementId statement,
        MemberId objector,
        uint128 undisputedNano,
        bytes32 reasonHash
    ) external;

    /// @notice Anyone, after the window, which begins when the data was received.
    function finalize(StatementId statement) external;

    /// @notice Settles the disputed rest of a final statement: the arbiter (Settle key) at any amount
    /// of it, the operator at zero, whoever would pay at the whole. When the arbiter is silent,
    /// {IDisputes.concludeObjection} settles it.
    function resolve(StatementId statement, uint128 owedNano) external;

    /// @notice For the contract of disputes: settles what it objected to, before or after the statement is
    /// final.
    function resolveBy(StatementId statement, uint128 owedNano) external;

    function statementOf(StatementId statement) external view returns (Statement memory);

    /// @return Amount zero when there is no such obligation.
    function obligationOf(ObligationId obligation) external view returns (Obligation memory);

    /// @param part 0 for what was undisputed, 1 for what came out of the dispute; 2 and 3 the same of
    /// taxes. There is none where nothing is to be paid.
    function obligationIdOf(StatementId statement, uint8 part) external pure returns (ObligationId);

    /// @return Ledger time until which it is to be paid; zero when there is no such obligation.
    function dueByOf(ObligationId obligation) external view returns (uint64);

    /// @return sequence The last batch that a statement counted.
    /// @return sumNano The running total there.
    /// @return count The running count there.
    function lastStatedOf(
        BookId book
    ) external view returns (uint64 sequence, uint128 sumNano, uint64 count);

    /// @return What earlier credits exceeded charges by.
    function carriedCreditOf(BookId book) external view returns (uint128);

    function statementCount() external view returns (uint256);

    /// @param ordinal From 1 to statementCount().
    function statementAt(uint256 ordinal) external view returns (StatementId);

    /// @param from From 1.
    /// @param size At most 100.
    function statementsFrom(
        uint256 from,
        uint256 size
    ) external view returns (StatementId[] memory);
}
