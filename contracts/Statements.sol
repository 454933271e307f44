// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { IStatements, Obligation, Statement, StatementState } from "./interfaces/IStatements.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { BookId, MemberId, NO_BOOK, ObligationId, StatementId } from "./types/Identifiers.sol";
import { RunningOpening } from "./types/Openings.sol";

/// @notice What it promises, and whom it trusts, is written in {IStatements}.
contract Statements is IStatements, MemberGated, AccessManaged {
    uint8 private constant BOOK_OF_CHARGES = 1;
    uint8 private constant BOOK_OF_CREDITS = 2;

    struct Stated {
        uint64 sequence;
        uint64 count;
        uint128 sumNano;
    }

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    IVerifier public immutable verifier;

    mapping(StatementId statement => Statement) private _statements;
    mapping(ObligationId obligation => Obligation) private _obligations;
    mapping(BookId book => Stated) private _stated;
    mapping(BookId book => uint128 nano) private _carriedCredits;
    StatementId[] private _posted;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IVerifier verifier_,
        address authority
    ) MemberGated(members_) AccessManaged(authority) {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        verifier = verifier_;
    }

    /// @inheritdoc IStatements
    function post(
        BookId book,
        uint64 toSequence,
        RunningOpening calldata charges,
        BookId creditBook,
        uint64 creditsTo,
        RunningOpening calldata credits
    ) external returns (StatementId id) {
        Book memory details = books.bookOf(book);
        _requireOperator(details.operator);
        require(details.kind == BOOK_OF_CHARGES, StatementBookUnfit(book, "kind"));
        uint64 last = _stated[book].sequence;
        require(toSequence > last, StatementRangeEmpty(book, last, toSequence));

        id = StatementId.wrap(keccak256(abi.encode(block.chainid, this, book, last + 1)));
        Statement storage stored = _statements[id];
        stored.book = book;
        stored.creditBook = creditBook;
        stored.fromSequence = last + 1;
        stored.toSequence = toSequence;
        (stored.chargesNano, stored.chargeCount) = _advance(book, toSequence, charges);
        stored.creditsNano = _creditsOf(details, creditBook, creditsTo, credits);
        stored.payableNano = _net(book, stored.chargesNano, stored.creditsNano);
        stored.undisputedNano = stored.payableNano;
        stored.state = StatementState.Posted;
        stored.objectBy = clock.ledgerTime() + agreements.windowsOf(details.agreement).challenge;
        _posted.push(id);
        emit StatementPosted(id, book, stored);
    }

    /// @inheritdoc IStatements
    function object(StatementId id, uint128 undisputedNano, bytes32 reasonHash) external {
        _object(id, _senderHolding(Duty.Settle), undisputedNano, reasonHash);
    }

    /// @inheritdoc IStatements
    function objectFor(
        StatementId id,
        MemberId objector,
        uint128 undisputedNano,
        bytes32 reasonHash
    ) external restricted {
        _object(id, objector, undisputedNano, reasonHash);
        _statements[id].inDispute = true;
    }

    /// @inheritdoc IStatements
    function finalize(StatementId id) external {
        Statement storage stored = _inState(id, StatementState.Posted);
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime > stored.objectBy, WindowOpen(id, stored.objectBy, ledgerTime));
        stored.state = StatementState.Final;
        emit StatementFinal(id);
        _oblige(id, stored, 0, stored.undisputedNano, 0);
    }

    /// @inheritdoc IStatements
    function resolve(StatementId id, uint128 owedNano) external {
        Statement storage stored = _inState(id, StatementState.Final);
        require(stored.disputeOpen, NoOpenDispute(id));
        require(!stored.inDispute, DisputedElsewhere(id));
        uint128 disputedNano = stored.payableNano - stored.undisputedNano;
        require(owedNano <= disputedNano, AmountUnusable(disputedNano, owedNano));
        Book memory details = books.bookOf(stored.book);
        MemberId payer = agreements.payerOf(details.agreement, details.operator);
        bool mayResolve =
            members.holds(agreements.arbiterOf(details.agreement), Duty.Settle, msg.sender) ||
                (owedNano == 0 && members.holds(details.operator, Duty.Settle, msg.sender)) ||
                (owedNano == disputedNano && members.holds(payer, Duty.Settle, msg.sender));
        require(mayResolve, MayNotResolve(id, msg.sender, owedNano));
        stored.disputeOpen = false;
        emit DisputeResolved(id, msg.sender, owedNano);
        _oblige(id, stored, 1, owedNano, stored.undisputedNano);
    }

    /// @inheritdoc IStatements
    /// @dev While the window is open, what came out joins what is undisputed: one obligation for both.
    function resolveBy(StatementId id, uint128 owedNano) external restricted {
        Statement storage stored = _statements[id];
        require(stored.disputeOpen && stored.inDispute, NoOpenDispute(id));
        uint128 disputedNano = stored.payableNano - stored.undisputedNano;
        require(owedNano <= disputedNano, AmountUnusable(disputedNano, owedNano));
        stored.disputeOpen = false;
        emit DisputeResolved(id, msg.sender, owedNano);
        if (stored.state == StatementState.Final) {
            _oblige(id, stored, 1, owedNano, stored.undisputedNano);
        } else {
            stored.undisputedNano += owedNano;
        }
    }

    /// @inheritdoc IStatements
    function statementOf(StatementId id) external view returns (Statement memory) {
        return _statements[id];
    }

    /// @inheritdoc IStatements
    function obligationOf(ObligationId id) external view returns (Obligation memory) {
        return _obligations[id];
    }

    /// @inheritdoc IStatements
    function obligationIdOf(StatementId id, uint8 part) public pure returns (ObligationId) {
        return ObligationId.wrap(keccak256(abi.encode(id, part)));
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

    /// @inheritdoc IStatements
    function statementCount() external view returns (uint256) {
        return _posted.length;
    }

    /// @inheritdoc IStatements
    function statementAt(uint256 ordinal) external view returns (StatementId) {
        return _posted[ordinal - 1];
    }

    function _object(
        StatementId id,
        MemberId objector,
        uint128 undisputedNano,
        bytes32 reasonHash
    ) private {
        Statement storage stored = _inState(id, StatementState.Posted);
        Book memory details = books.bookOf(stored.book);
        MemberId payer = agreements.payerOf(details.agreement, details.operator);
        bool mayObject =
            payer == details.operator
                ? objector != details.operator && agreements.isParty(details.agreement, objector)
                : objector == payer;
        require(mayObject, MayNotObject(id, objector));
        require(!stored.objected, ObjectedAlready(id));
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime <= stored.objectBy, WindowClosed(id, stored.objectBy, ledgerTime));
        require(
            undisputedNano < stored.payableNano,
            AmountUnusable(stored.payableNano, undisputedNano)
        );
        stored.objected = true;
        stored.disputeOpen = true;
        stored.undisputedNano = undisputedNano;
        stored.reasonHash = reasonHash;
        emit StatementObjected(id, objector, undisputedNano, reasonHash);
    }

    /// @dev Checks an opening of running totals, moves the book's stated end there and returns the
    /// differences. From here on the batch can not be voided.
    function _advance(
        BookId book,
        uint64 toSequence,
        RunningOpening calldata opening
    ) private returns (uint128 sumNano, uint64 count) {
        bytes32 kept = books.sealOf(book, toSequence);
        bytes32 opened = verifier.sealOfRunningTotals(book, toSequence, opening);
        require(kept == opened && kept != 0, SealMismatch(book, toSequence, kept, opened));
        Stated memory last = _stated[book];
        require(
            opening.sumNano >= last.sumNano && opening.count >= last.count,
            RunningTotalFell(book, last.sumNano, opening.sumNano)
        );
        _stated[book] = Stated(toSequence, opening.count, opening.sumNano);
        books.noteReference(book, toSequence);
        return (opening.sumNano - last.sumNano, opening.count - last.count);
    }

    function _creditsOf(
        Book memory charges,
        BookId creditBook,
        uint64 creditsTo,
        RunningOpening calldata opening
    ) private returns (uint128 sumNano) {
        if (creditBook == NO_BOOK) return 0;
        Book memory details = books.bookOf(creditBook);
        require(details.kind == BOOK_OF_CREDITS, StatementBookUnfit(creditBook, "kind"));
        require(details.operator == charges.operator, StatementBookUnfit(creditBook, "operator"));
        require(
            details.agreement == charges.agreement,
            StatementBookUnfit(creditBook, "agreement")
        );
        uint64 last = _stated[creditBook].sequence;
        require(creditsTo >= last, StatementRangeEmpty(creditBook, last, creditsTo));
        if (creditsTo > last) (sumNano, ) = _advance(creditBook, creditsTo, opening);
    }

    function _net(
        BookId book,
        uint128 chargesNano,
        uint128 creditsNano
    ) private returns (uint128 payableNano) {
        uint128 reductions = _carriedCredits[book] + creditsNano;
        payableNano = chargesNano > reductions ? chargesNano - reductions : 0;
        _carriedCredits[book] = reductions > chargesNano ? reductions - chargesNano : 0;
    }

    function _oblige(
        StatementId id,
        Statement storage stored,
        uint8 part,
        uint128 amountNano,
        uint128 beforeNano
    ) private {
        if (amountNano == 0) return;
        Book memory details = books.bookOf(stored.book);
        MemberId payer = agreements.payerOf(details.agreement, details.operator);
        ObligationId obligation = obligationIdOf(id, part);
        _obligations[obligation] = Obligation({
            statement: id,
            agreement: details.agreement,
            payer: payer,
            split: details.split,
            amountNano: amountNano,
            beforeNano: beforeNano
        });
        emit ObligationCreated(obligation, id, payer, amountNano);
    }

    function _requireOperator(MemberId operator) private view {
        require(
            members.holds(operator, Duty.Commit, msg.sender) ||
                members.holds(operator, Duty.Settle, msg.sender),
            IMembers.DutyMissing(operator, Duty.Commit, msg.sender)
        );
    }

    function _inState(
        StatementId id,
        StatementState state
    ) private view returns (Statement storage stored) {
        stored = _statements[id];
        require(stored.state == state, StatementStateWrong(id, stored.state));
    }
}
