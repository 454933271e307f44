// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Forwarded } from "./Forwarded.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import {
    Dispute,
    DisputeEnd,
    DisputeLine,
    DisputeState,
    EvidenceHeader,
    IDisputes
} from "./interfaces/IDisputes.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { IStatements, Statement } from "./interfaces/IStatements.sol";
import { Hashes } from "./libraries/Hashes.sol";
import { InclusionProof } from "./libraries/InclusionProof.sol";
import { MemberWindow } from "./libraries/MemberWindow.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, DisputeId, MemberId, StatementId } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IDisputes}.
contract Disputes is IDisputes, Forwarded {
    using MemberWindow for MemberWindow.Window;

    uint8 private constant REASONS = 6;

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    IStatements public immutable statements;

    mapping(DisputeId id => Dispute) private _disputes;
    mapping(DisputeId id => MemberWindow.Window) private _windows;
    mapping(StatementId statement => DisputeId) private _disputeOn;
    DisputeId[] private _opened;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IStatements statements_,
        address authority,
        address forwarder
    ) Forwarded(members_, authority, forwarder) {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        statements = statements_;
    }

    /// @inheritdoc IDisputes
    function open(
        StatementId statement,
        uint64 fromSequence,
        uint64 toSequence,
        uint8 reason,
        uint128 disputedNano,
        bytes32 evidenceRoot
    ) external returns (DisputeId id) {
        MemberId opener = _senderHolding(Duty.Settle);
        require(reason > 0 && reason <= REASONS, ReasonUnknown(reason));
        Statement memory stated = statements.statementOf(statement);
        require(
            fromSequence >= stated.fromSequence &&
                fromSequence <= toSequence &&
                toSequence <= stated.toSequence,
            RangeOutsideStatement(statement, fromSequence, toSequence)
        );
        require(
            disputedNano > 0 && disputedNano <= stated.payableNano,
            AmountUnusable(stated.payableNano, disputedNano)
        );
        Book memory book = books.bookOf(stated.book);

        id = DisputeId.wrap(keccak256(abi.encode(block.chainid, this, statement)));
        _opened.push(id);
        _disputeOn[statement] = id;
        Dispute storage stored = _disputes[id];
        stored.statement = statement;
        stored.agreement = book.agreement;
        stored.opener = opener;
        stored.operator = book.operator;
        stored.state = DisputeState.Opened;
        stored.fromSequence = fromSequence;
        stored.toSequence = toSequence;
        stored.reason = reason;
        stored.disputedNano = disputedNano;
        stored.askedNano = disputedNano;
        stored.openerEvidence = evidenceRoot;
        uint64 answerBy = _await(id, stored, book.operator);
        emit DisputeOpened(id, statement, opener, stored, answerBy);
        // Refused when the window is closed, another may object, or somebody did before.
        statements.objectFor(statement, opener, stated.payableNano - disputedNano, evidenceRoot);
    }

    /// @inheritdoc IDisputes
    function answer(DisputeId id, uint128 askedNano, bytes32 evidenceRoot) external {
        Dispute storage stored = _inState(id, DisputeState.Opened);
        _requireTurn(id, stored.operator);
        _requireBefore(id);
        require(askedNano <= stored.disputedNano, AmountUnusable(stored.disputedNano, askedNano));
        stored.askedNano = askedNano;
        stored.operatorEvidence = evidenceRoot;
        stored.state = DisputeState.Answered;
        emit DisputeAnswered(id, askedNano, evidenceRoot, _await(id, stored, stored.opener));
        if (askedNano == 0) _close(id, stored, DisputeEnd.OperatorGaveWay, 0);
    }

    /// @inheritdoc IDisputes
    function giveWay(DisputeId id) external {
        Dispute storage stored = _disputes[id];
        require(
            stored.state != DisputeState.None && stored.state != DisputeState.Closed,
            DisputeStateWrong(id, stored.state)
        );
        MemberId side = _senderHolding(Duty.Settle);
        require(side == stored.operator || side == stored.opener, NotYourTurn(id, side));
        if (side == stored.operator) _close(id, stored, DisputeEnd.OperatorGaveWay, 0);
        else _close(id, stored, DisputeEnd.OpenerGaveWay, stored.askedNano);
    }

    /// @inheritdoc IDisputes
    function escalate(DisputeId id) external {
        Dispute storage stored = _inState(id, DisputeState.Answered);
        _requireTurn(id, stored.opener);
        _requireBefore(id);
        stored.state = DisputeState.Escalated;
        MemberId arbiter = agreements.arbiterOf(stored.agreement);
        emit DisputeEscalated(id, arbiter, _await(id, stored, arbiter));
    }

    /// @inheritdoc IDisputes
    function decide(DisputeId id, uint128 owedNano) external {
        Dispute storage stored = _inState(id, DisputeState.Escalated);
        _requireTurn(id, agreements.arbiterOf(stored.agreement));
        _requireBefore(id);
        require(owedNano <= stored.askedNano, AmountUnusable(stored.askedNano, owedNano));
        _close(id, stored, DisputeEnd.Decided, owedNano);
    }

    /// @inheritdoc IDisputes
    function conclude(DisputeId id) external {
        Dispute storage stored = _disputes[id];
        DisputeState state = stored.state;
        require(
            state != DisputeState.None && state != DisputeState.Closed,
            DisputeStateWrong(id, state)
        );
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime > deadline, DeadlineNotPassed(id, deadline, ledgerTime));
        if (state == DisputeState.Opened) _close(id, stored, DisputeEnd.OperatorSilent, 0);
        else if (state == DisputeState.Answered) {
            _close(id, stored, DisputeEnd.OpenerSilent, stored.askedNano);
        } else {
            _close(id, stored, DisputeEnd.ArbiterSilent, stored.askedNano / 2);
        }
    }

    /// @inheritdoc IDisputes
    function concludeObjection(StatementId statement) external {
        Statement memory stated = statements.statementOf(statement);
        require(stated.disputeOpen && !stated.inDispute, NothingToConclude(statement));
        require(stated.objectBy > 0, NothingToConclude(statement));
        Book memory book = books.bookOf(stated.book);
        uint64 step = agreements.windowsOf(book.agreement).dispute;
        uint64 deadline = stated.objectBy + 2 * step;
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime > deadline, ArbiterHasTime(statement, deadline, ledgerTime));
        uint128 owedNano = (stated.payableNano - stated.undisputedNano) / 2;
        emit ObjectionConcluded(statement, owedNano);
        statements.resolveBy(statement, owedNano);
    }

    /// @inheritdoc IDisputes
    function disputeOf(DisputeId id) external view returns (Dispute memory) {
        return _disputes[id];
    }

    /// @inheritdoc IDisputes
    function deadlineOf(DisputeId id) public view returns (uint64) {
        return _windows[id].end(members);
    }

    /// @inheritdoc IDisputes
    function disputeOn(StatementId statement) external view returns (DisputeId) {
        return _disputeOn[statement];
    }

    /// @inheritdoc IDisputes
    function rootOfLine(
        StatementId statement,
        MemberId side,
        EvidenceHeader calldata header,
        DisputeLine calldata line,
        uint32 index,
        bytes32[] calldata siblings
    ) external pure returns (bytes32) {
        bytes32 leaf = keccak256(
            abi.encodePacked(
                Hashes.DISPUTE_LINE,
                Hashes.VERSION,
                line.salt,
                line.sequence,
                line.leafIndex,
                line.start,
                line.quantity,
                line.amountNano,
                line.recordHash
            )
        );
        bytes32 root = InclusionProof.rootOfBatch(leaf, index, header.depth, siblings);
        return
            keccak256(
                abi.encodePacked(
                    Hashes.DISPUTE_ROOT,
                    Hashes.VERSION,
                    statement,
                    side,
                    header.depth,
                    header.count,
                    header.totalNano,
                    root
                )
            );
    }

    /// @inheritdoc IDisputes
    function disputeCount() external view returns (uint256) {
        return _opened.length;
    }

    /// @inheritdoc IDisputes
    function disputeAt(uint256 ordinal) external view returns (DisputeId) {
        return _opened[Pages.indexOf(_opened.length, ordinal)];
    }

    /// @inheritdoc IDisputes
    function disputesFrom(
        uint256 from,
        uint256 size
    ) external view returns (DisputeId[] memory found) {
        found = new DisputeId[](Pages.lengthOf(_opened.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _opened[from - 1 + i];
    }

    function _close(
        DisputeId id,
        Dispute storage stored,
        DisputeEnd end,
        uint128 owedNano
    ) private {
        stored.state = DisputeState.Closed;
        stored.end = end;
        stored.owedNano = owedNano;
        emit DisputeClosed(id, end, owedNano);
        statements.resolveBy(stored.statement, owedNano);
    }

    /// @dev From now on it is this member's turn.
    function _await(
        DisputeId id,
        Dispute storage stored,
        MemberId whose
    ) private returns (uint64 deadline) {
        return
            _windows[id].begin(
                clock,
                members,
                whose,
                agreements.windowsOf(stored.agreement).dispute
            );
    }

    function _requireTurn(DisputeId id, MemberId whose) private view {
        MemberId sender = _senderHolding(Duty.Settle);
        require(sender == whose, NotYourTurn(id, sender));
    }

    function _requireBefore(DisputeId id) private view {
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime <= deadline, DeadlinePassed(id, deadline, ledgerTime));
    }

    function _inState(
        DisputeId id,
        DisputeState state
    ) private view returns (Dispute storage stored) {
        stored = _disputes[id];
        require(stored.state == state, DisputeStateWrong(id, stored.state));
    }
}
