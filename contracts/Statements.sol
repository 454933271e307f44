// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { StatementTotals } from "./StatementTotals.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { IPeriods } from "./interfaces/IPeriods.sol";
import {
    Counted,
    IStatements,
    Obligation,
    Statement,
    StatementState
} from "./interfaces/IStatements.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { Pages } from "./libraries/Pages.sol";
import { BookId, MemberId, NO_BOOK, ObligationId, StatementId } from "./types/Identifiers.sol";
import { RunningOpening } from "./types/Openings.sol";

/// @notice What it promises, and whom it trusts, is written in {IStatements}.
contract Statements is StatementTotals, AccessManaged {
    uint8 private constant BOOK_OF_CHARGES = 1;
    uint8 private constant BOOK_OF_TAXES = 4;
    uint8 private constant TAX_PARTS = 2;

    mapping(ObligationId obligation => Obligation) private _obligations;
    mapping(ObligationId obligation => uint64) private _dueBy;
    StatementId[] private _posted;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IVerifier verifier_,
        IPeriods periods_,
        address authority
    )
        StatementTotals(members_, agreements_, books_, clock_, verifier_, periods_)
        AccessManaged(authority)
    {}

    /// @inheritdoc IStatements
    function post(
        BookId book,
        uint64 toSequence,
        RunningOpening calldata charges,
        BookId creditBook,
        uint64 creditsTo,
        RunningOpening calldata credits
    ) external returns (StatementId) {
        Counted memory none;
        return
            _post(
                book,
                Counted(toSequence, charges),
                creditBook,
                Counted(creditsTo, credits),
                NO_BOOK,
                none
            );
    }

    /// @inheritdoc IStatements
    function postWithTaxes(
        BookId book,
        Counted calldata charges,
        BookId creditBook,
        Counted calldata credits,
        Counted calldata taxes
    ) external returns (StatementId) {
        Book memory details = books.bookOf(book);
        BookId taxBook = _siblingOf(details, BOOK_OF_TAXES);
        require(books.isBook(taxBook), IBooks.BookUnknown(taxBook));
        return _post(book, charges, creditBook, credits, taxBook, taxes);
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
        require(stored.objectBy > 0, NotReceivedYet(id));
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
        require(stored.disputeOpen, NoOpenDispute(id));
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
    function dueByOf(ObligationId id) external view returns (uint64) {
        return _dueBy[id];
    }

    /// @inheritdoc IStatements
    function statementCount() external view returns (uint256) {
        return _posted.length;
    }

    /// @inheritdoc IStatements
    function statementAt(uint256 ordinal) external view returns (StatementId) {
        return _posted[Pages.indexOf(_posted.length, ordinal)];
    }

    /// @inheritdoc IStatements
    function statementsFrom(
        uint256 from,
        uint256 size
    ) external view returns (StatementId[] memory found) {
        found = new StatementId[](Pages.lengthOf(_posted.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _posted[from - 1 + i];
    }

    function _object(
        StatementId id,
        MemberId objector,
        uint128 undisputedNano,
        bytes32 reasonHash
    ) private {
        Statement storage stored = _inState(id, StatementState.Posted);
        Book memory details = books.bookOf(stored.book);
        require(_isReceiver(details, objector), MayNotObject(id, objector));
        require(!stored.objected, ObjectedAlready(id));
        uint64 ledgerTime = clock.ledgerTime();
        require(
            stored.objectBy == 0 || ledgerTime <= stored.objectBy,
            WindowClosed(id, stored.objectBy, ledgerTime)
        );
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

    function _post(
        BookId book,
        Counted memory charges,
        BookId creditBook,
        Counted memory credits,
        BookId taxBook,
        Counted memory taxes
    ) private returns (StatementId id) {
        Book memory details = books.bookOf(book);
        _requireCommitOrSettle(details.operator);
        require(details.kind == BOOK_OF_CHARGES, StatementBookUnfit(book, "kind"));
        uint64 last = _stated[book].sequence;
        require(charges.toSequence > last, StatementRangeEmpty(book, last, charges.toSequence));
        _requireAtClosing(book, details, charges.toSequence, taxBook, taxes.toSequence);

        id = StatementId.wrap(keccak256(abi.encode(block.chainid, this, book, last + 1)));
        Statement storage stored = _statements[id];
        stored.book = book;
        stored.creditBook = creditBook;
        stored.taxBook = taxBook;
        stored.fromSequence = last + 1;
        stored.toSequence = charges.toSequence;
        stored.creditsTo = credits.toSequence;
        stored.taxesTo = taxes.toSequence;
        (stored.chargesNano, stored.chargeCount) = _advance(
            book,
            charges.toSequence,
            charges.opening
        );
        stored.creditsNano = _creditsOf(details, creditBook, credits);
        if (taxBook != NO_BOOK) stored.taxesNano = _count(taxBook, taxes);
        stored.payableNano = _net(book, stored.chargesNano, stored.creditsNano) + stored.taxesNano;
        stored.undisputedNano = stored.payableNano;
        stored.state = StatementState.Posted;
        _posted.push(id);
        emit StatementPosted(id, book, stored);
        _awaitReceipt(id, details);
    }

    /// @dev Of the undisputed and of the disputed amount the same part is tax as of the whole.
    function _oblige(
        StatementId id,
        Statement storage stored,
        uint8 part,
        uint128 amountNano,
        uint128 beforeNano
    ) private {
        Book memory details = books.bookOf(stored.book);
        uint128 taxBefore = _taxOf(stored, beforeNano);
        uint128 taxNano = _taxOf(stored, beforeNano + amountNano) - taxBefore;
        _obligePart(id, details, part, details.split, amountNano - taxNano, beforeNano - taxBefore);
        if (taxNano == 0) return;
        uint32 whole = agreements.wholeSplitOf(details.agreement, details.operator);
        _obligePart(id, details, part + TAX_PARTS, whole, taxNano, taxBefore);
    }

    function _obligePart(
        StatementId id,
        Book memory details,
        uint8 part,
        uint32 split,
        uint128 amountNano,
        uint128 beforeNano
    ) private {
        if (amountNano == 0) return;
        ObligationId obligation = obligationIdOf(id, part);
        MemberId payer = agreements.payerOf(details.agreement, details.operator);
        uint64 dueBy = clock.ledgerTime() + agreements.windowsOf(details.agreement).payment;
        _obligations[obligation] = Obligation({
            statement: id,
            agreement: details.agreement,
            payer: payer,
            split: split,
            amountNano: amountNano,
            beforeNano: beforeNano
        });
        _dueBy[obligation] = dueBy;
        emit ObligationCreated(obligation, id, payer, amountNano, split, beforeNano, dueBy);
    }

    /// @return Of the first `amountNano` of what is payable, rounded down.
    function _taxOf(Statement storage stored, uint128 amountNano) private view returns (uint128) {
        if (stored.taxesNano == 0) return 0;
        return uint128((uint256(amountNano) * stored.taxesNano) / stored.payableNano);
    }

    function _inState(
        StatementId id,
        StatementState state
    ) private view returns (Statement storage stored) {
        stored = _statements[id];
        require(stored.state == state, StatementStateWrong(id, stored.state));
    }
}
