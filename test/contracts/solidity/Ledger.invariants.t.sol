// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { LedgerHandler } from "./LedgerHandler.sol";
import { Statement, StatementState } from "../../../contracts/interfaces/IStatements.sol";
import { BookId, MemberId, StatementId } from "../../../contracts/types/Identifiers.sol";

/// @notice docs/INVARIANTS.md, one function for each name.
contract LedgerInvariants is Cheats {
    uint256 private constant NANO_PER_UNIT = 1_000;

    LedgerHandler private handler;

    function setUp() public {
        handler = LedgerHandler(deployed("LedgerHandler", ""));
    }

    /// @dev Steps that never got anywhere would let every invariant hold.
    function test_TheStepsReachWhatTheInvariantsSpeakOf() public {
        handler.settlePeriod(1_234_567, 0, false);
        require(handler.paidIn() > 0, "paid");
        handler.settlePeriod(7_654_321, 1_000, true);
        require(handler.statements().statementCount() == 2, "stated");
        handler.withdraw(2);
        require(handler.withdrawn() > 0, "withdrawn");
        handler.deposit(500);
        handler.commit(5_000, true);
        handler.punish(2);
        handler.punish(2);
        require(handler.slashes() == 1 && handler.punishments(3) == 1, "punished");
        handler.suspendOrReinstate(0);
        handler.commit(5_000, false);
        require(handler.suspended() && handler.batchCount() == 3, "suspended");
        handler.suspendOrReinstate(0);
        handler.commit(5_000, false);
        handler.voidNewest();
        (, , , , bool voided, ) = handler.batches(3);
        require(handler.batchCount() == 4 && voided, "voided");
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_I01_PaidInIsWithdrawnOrHeld() external view {
        uint256 held = handler.token().balanceOf(address(handler.settlement()));
        require(handler.paidIn() == handler.withdrawn() + held, "funded");
    }

    function invariant_I02_WhatIsOwedAndPrepaidIsWhatIsHeld() external view {
        uint256 held = handler.token().balanceOf(address(handler.settlement()));
        uint256 owedNano =
            _balance(handler.OPERATOR()) + _balance(handler.PAYER()) + _balance(handler.CITY());
        uint256 prepaidNano = handler.settlement().prepaidNanoOf(
            handler.agreement(),
            handler.idOf(handler.PAYER())
        );
        require(owedNano + prepaidNano == held * NANO_PER_UNIT, "owed and dust");
        require(prepaidNano < NANO_PER_UNIT, "a payer prepays less than one unit");
    }

    function invariant_I03_EachBatchIsCountedOnce() external view {
        uint256 count = handler.statements().statementCount();
        uint64 next = 1;
        uint256 sumNano;
        for (uint256 i = 1; i <= count; ++i) {
            Statement memory statement = handler.statements().statementOf(
                handler.statements().statementAt(i)
            );
            require(statement.fromSequence == next, "ranges touch");
            require(statement.toSequence >= statement.fromSequence, "ranges are not empty");
            next = statement.toSequence + 1;
            sumNano += statement.chargesNano;
        }
        uint256 expectedNano;
        for (uint64 sequence = 1; sequence < next; ++sequence) {
            (uint128 batchNano, , , , bool voided, ) = handler.batches(sequence - 1);
            if (!voided) expectedNano += batchNano;
        }
        require(sumNano == expectedNano, "the sum of all that was committed");
    }

    function invariant_I04_SequencesHaveNoGapAndNoFork() external view {
        uint256 count = handler.batchCount();
        BookId book = handler.book();
        require(handler.books().newestSequenceOf(book) == count, "newest");
        require(!handler.committedOutOfOrder(), "order");
        for (uint64 sequence = 1; sequence <= count; ++sequence) {
            (, , , , bool voided, ) = handler.batches(sequence - 1);
            bool kept = handler.books().sealOf(book, sequence) != bytes32(0);
            require(kept != voided, "a seal, or a void");
        }
    }

    function invariant_I05_AFinalStatementNeverChanges() external view {
        uint256 count = handler.statements().statementCount();
        for (uint256 i = 1; i <= count; ++i) {
            StatementId id = handler.statements().statementAt(i);
            if (handler.statements().statementOf(id).state != StatementState.Final) continue;
            require(handler.finalDigest(id) == handler.digestOf(id), "final");
        }
    }

    function invariant_I06_OnlyThePayerPaysAndOnlyTheNamedAreCredited() external view {
        require(!handler.paidByAnother(), "payer");
        require(_balance(handler.PAYER()) == 0, "not named in the split");
        require(_balance(handler.ARBITER()) == 0 && _balance(handler.FINDER()) == 0, "nobody else");
    }

    function invariant_I07_ASuspendedMemberDoesNotCommit() external view {
        require(!handler.committedWhileSuspended(), "suspended");
    }

    function invariant_I08_BondsAreConserved() external view {
        address token = address(handler.token());
        uint256 booked =
            handler.bonds().bondOf(handler.agreement(), handler.idOf(handler.OPERATOR())) +
                handler.bonds().bountyOf(token, handler.FINDER()) +
                handler.bonds().fundOf(token);
        require(handler.token().balanceOf(address(handler.bonds())) == booked, "held");
    }

    function invariant_I09_ASecondUseOfANumberIsPunishedOnceAndNothingElseIs() external view {
        for (uint64 sequence = 1; sequence <= handler.batchCount(); ++sequence) {
            uint256 punished = handler.punishments(sequence);
            (, , , , , bool reused) = handler.batches(sequence - 1);
            require(punished <= (reused ? 1 : 0), "once");
        }
    }

    function invariant_I10_LedgerTimeNeverRunsAheadOfBlockTime() external view {
        require(
            handler.books().ledgerTime() + handler.books().lostSecondsAt(uint64(block.timestamp)) <=
                block.timestamp,
            "clock"
        );
    }

    function _balance(address key) private view returns (uint256) {
        MemberId member = handler.idOf(key);
        return handler.settlement().balanceNanoOf(address(handler.token()), member);
    }
}
