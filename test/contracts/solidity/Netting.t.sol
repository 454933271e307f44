// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAccessManaged } from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { HostileToken } from "./HostileTokens.sol";
import { NettingWorld } from "./NettingWorld.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { CycleState, INetting } from "../../../contracts/interfaces/INetting.sol";
import { ISettlement, ObligationRoute } from "../../../contracts/interfaces/ISettlement.sol";
import { ExactTransfers } from "../../../contracts/libraries/ExactTransfers.sol";
import { CycleId, ObligationId } from "../../../contracts/types/Identifiers.sol";

contract NettingTest is NettingWorld {
    uint128 private constant E = 1e9;
    address private constant PARTNER = address(0xC17);
    CycleId private constant BALANCE_ALONE = CycleId.wrap(0);

    address private a;
    address private b;
    address private c;

    function setUp() public {
        _start(6);
    }

    function test_InARingOnlyTheDifferenceMoves() public {
        CycleId cycle = _ring();
        assertEq(netting.unitsDueFor(cycle, idOf(a)), 20e6, "a owes the difference");
        assertEq(netting.unitsDueFor(cycle, idOf(b)), 0, "b owes nothing");
        _fund(cycle, a);
        require(_state(cycle) == CycleState.Settled, "settled with the last deposit");
        uint256 before = token.balanceOf(b);
        _withdraw(cycle, b);
        assertEq(token.balanceOf(b) - before, 10e6, "b is paid once");
        _withdraw(cycle, c);
        assertEq(token.balanceOf(address(netting)), 0, "nothing is left");
        require(netting.isNettedOut(ObligationId.wrap(bytes32(uint256(1)))), "settled");
    }

    function test_WhatCancelsOutIsSettledWithoutMoney() public {
        _enter(a, b, 7 * E);
        _enter(b, a, 7 * E);
        require(_state(_closeNewest()) == CycleState.Settled, "nobody lacks anything");
    }

    function test_APartnersShareIsItsOwnOnlyWhenFunded() public {
        around.shareWithPartner(true);
        _enter(a, a, 1_000 * E);
        CycleId cycle = _closeNewest();
        assertEq(uint256(_nano(cycle, PARTNER)), 3 + (1_000 * E - 3) / 10, "the partner's share");
        vm.expectPartialRevert(INetting.CycleStateWrong.selector);
        _withdraw(cycle, PARTNER);
        _fund(cycle, a);
        _withdraw(cycle, PARTNER);
        assertEq(token.balanceOf(PARTNER), 100e6, "whole units");
        assertEq(netting.balanceNanoOf(address(token), idOf(PARTNER)), 2, "carried");
    }

    function test_WhoDoesNotFundUnwindsOnlyItsOwnInProportion() public {
        // a owes b 60 and c 40, and d owes a 80: a lacks 20 of 100.
        address d = who(3);
        ObligationId toB = _enter(a, b, 60 * E);
        ObligationId toC = _enter(a, c, 40 * E);
        ObligationId toA = _enter(d, a, 80 * E);
        CycleId cycle = _closeNewest();
        _fund(cycle, d);
        _endRound(cycle);
        netting.unwind(cycle, idOf(a), 10);
        require(_state(cycle) == CycleState.Settled, "nobody else lacks anything");
        assertEq(uint256(_nano(cycle, b)), 48 * E, "four fifths");
        assertEq(uint256(_nano(cycle, c)), 32 * E, "four fifths");
        assertEq(uint256(_nano(cycle, a)), 0, "a gets nothing, since it owes more");
        require(netting.isNettedOut(toA), "what d owed is settled");

        netting.fallBack(cycle, idOf(a), 10);
        require(settlement.routeOf(toB) == ObligationRoute.FellBack, "still owed");
        assertEq(settlement.unitsDueFor(toB), 12e6, "a fifth");
        assertEq(settlement.unitsDueFor(toC), 8e6, "a fifth");
        vm.prank(a);
        settlement.pay(toB);
        assertEq(settlement.withdrawableOf(address(token), idOf(b)), 12e6, "b has all");
        _withdraw(cycle, b);
        _withdraw(cycle, c);
        assertEq(token.balanceOf(address(netting)), 0, "nothing is left");
    }

    function test_PartOfADepositCounts() public {
        _enter(a, b, 100 * E);
        CycleId cycle = _closeNewest();
        vm.prank(a);
        netting.fund(cycle, 30e6);
        _endRound(cycle);
        netting.unwind(cycle, idOf(a), 10);
        netting.fallBack(cycle, idOf(a), 10);
        _withdraw(cycle, b);
        assertEq(token.balanceOf(b), 1e30 + 30e6, "what was deposited");
        assertEq(settlement.unitsDueFor(ObligationId.wrap(bytes32(uint256(1)))), 70e6, "the rest");
    }

    function test_WhoFallsShortByAnothersDefaultGetsARoundOfItsOwn() public {
        _enter(a, b, 100 * E);
        _enter(b, c, 90 * E);
        CycleId cycle = _closeNewest();
        assertEq(netting.unitsDueFor(cycle, idOf(b)), 0, "b is owed more than it owes");
        _endRound(cycle);
        netting.unwind(cycle, idOf(a), 1);
        require(_state(cycle) == CycleState.Funding, "b lacks 90 now");
        assertEq(netting.unitsDueFor(cycle, idOf(b)), 90e6, "and may deposit it");
        vm.expectPartialRevert(INetting.DeadlineNotPassed.selector);
        netting.unwind(cycle, idOf(b), 1);
        _fund(cycle, b);
        require(_state(cycle) == CycleState.Settled, "settled");
        _withdraw(cycle, c);
        assertEq(token.balanceOf(c), 1e30 + 90e6, "c is whole");
        netting.fallBack(cycle, idOf(a), 1);
        assertEq(settlement.unitsDueFor(ObligationId.wrap(bytes32(uint256(1)))), 100e6, "a owes b");
    }

    function test_WhoFailsTwiceIsUnwoundWhollyAndItsMeansGoToThoseItOwes() public {
        // b owes c 100, is owed 50 by a and 30 by d; a fails only after d did not.
        address d = who(3);
        _enter(b, c, 100 * E);
        _enter(a, b, 50 * E);
        _enter(d, b, 30 * E);
        CycleId cycle = _closeNewest();
        _fund(cycle, d);
        _endRound(cycle);
        netting.unwind(cycle, idOf(b), 5);
        netting.unwind(cycle, idOf(a), 5);
        require(_state(cycle) == CycleState.Funding, "b counted on a");
        assertEq(uint256(_nano(cycle, c)), 80 * E, "c is owed what b had means for");
        _endRound(cycle);
        netting.unwind(cycle, idOf(b), 5);
        require(_state(cycle) == CycleState.Settled, "settled");
        vm.expectPartialRevert(INetting.FallBackMissing.selector);
        _withdraw(cycle, b);
        netting.fallBack(cycle, idOf(b), 5);
        vm.prank(c);
        netting.withdraw(address(token), BALANCE_ALONE, c);
        assertEq(token.balanceOf(c), 1e30 + 30e6, "what d deposited for b goes to c");
        assertEq(settlement.unitsDueFor(ObligationId.wrap(bytes32(uint256(1)))), 70e6, "the rest");
        vm.expectPartialRevert(INetting.NothingToWithdraw.selector);
        _withdraw(cycle, b);
    }

    function test_PagesUnwindAsOneCallWould() public {
        for (uint256 i = 0; i < 7; ++i) _enter(a, i % 2 == 0 ? b : c, uint128((10 + i) * E));
        CycleId cycle = _closeNewest();
        vm.prank(a);
        netting.fund(cycle, 31e6);
        _endRound(cycle);
        uint256 left = 7;
        while (left > 0) left = netting.unwind(cycle, idOf(a), 2);
        vm.expectPartialRevert(INetting.CycleStateWrong.selector);
        netting.unwind(cycle, idOf(a), 2);
        // 91 owed, 31 deposited.
        assertEq(uint256(_nano(cycle, b)), _kept(10) + _kept(12) + _kept(14) + _kept(16), "b");
        assertEq(uint256(_nano(cycle, c)), _kept(11) + _kept(13) + _kept(15), "c");
        left = 7;
        while (left > 0) left = netting.fallBack(cycle, idOf(a), 3);
        vm.expectPartialRevert(INetting.NotInDefault.selector);
        netting.fallBack(cycle, idOf(a), 3);
    }

    function test_AnObligationIsInOneCycleOnceAndPaidInOneWay() public {
        ObligationId id = _enter(a, b, E);
        vm.expectPartialRevert(ISettlement.ObligationNotNetted.selector);
        netting.enter(id);
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.ObligationIsNetted.selector);
        settlement.pay(id);
        ObligationId next = _owe(a, b, E);
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.ObligationIsNetted.selector);
        settlement.pay(next);
        around.payDirectly(true);
        vm.expectPartialRevert(ISettlement.ObligationNotNetted.selector);
        netting.enter(next);
        vm.expectPartialRevert(ISettlement.ObligationUnknown.selector);
        netting.enter(ObligationId.wrap(bytes32(uint256(99))));
    }

    function test_OnlyNettingTakesObligationsAndGivesThemBack() public {
        ObligationId id = _owe(a, b, E);
        vm.prank(a);
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        settlement.takeForNetting(id);
        netting.enter(id);
        vm.prank(a);
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        settlement.fallBack(id, 1, 1);
    }

    function test_AnObligationAfterTheTimeEntersTheNextCycle() public {
        _enter(a, b, E);
        CycleId first = _newest();
        vm.expectPartialRevert(INetting.CycleNotOver.selector);
        netting.close(first);
        vm.warp(netting.cycleOf(first).until + 1);
        _enter(a, b, 2 * E);
        require(_state(first) == CycleState.Funding, "closed on the way");
        assertEq(netting.cycleCountOf(address(token)), 2, "the next one");
        assertEq(netting.unitsDueFor(first, idOf(a)), 1e6, "each has its own");
    }

    function test_DepositsCountUntilTheDeadlineAndNotBeyondWhatIsLacking() public {
        _enter(a, b, 5 * E);
        CycleId open = _newest();
        vm.expectPartialRevert(INetting.CycleStateWrong.selector);
        _fundBy(open, a, 1);
        CycleId cycle = _closeNewest();
        vm.expectPartialRevert(INetting.DepositUnusable.selector);
        _fundBy(cycle, a, 5e6 + 1);
        vm.expectPartialRevert(INetting.NothingToFund.selector);
        _fundBy(cycle, b, 0);
        vm.expectPartialRevert(INetting.DepositUnusable.selector);
        _fundBy(cycle, b, 1);
        vm.expectPartialRevert(INetting.DeadlineNotPassed.selector);
        netting.unwind(cycle, idOf(a), 1);
        _endRound(cycle);
        vm.expectPartialRevert(INetting.DeadlinePassed.selector);
        _fundBy(cycle, a, 5e6);
        vm.expectPartialRevert(INetting.NotInDefault.selector);
        netting.unwind(cycle, idOf(b), 1);
        vm.expectPartialRevert(INetting.PageEmpty.selector);
        netting.unwind(cycle, idOf(a), 0);
    }

    function test_AMemberIsUnwoundOnceInARound() public {
        _enter(a, b, 10 * E);
        _enter(c, b, 10 * E);
        CycleId cycle = _closeNewest();
        _endRound(cycle);
        netting.unwind(cycle, idOf(a), 5);
        vm.expectPartialRevert(INetting.NotInDefault.selector);
        netting.unwind(cycle, idOf(a), 5);
        netting.unwind(cycle, idOf(c), 5);
    }

    function test_NobodyWithdrawsTwiceOrWhatIsNotItsOwn() public {
        CycleId cycle = _ring();
        _fund(cycle, a);
        _withdraw(cycle, b);
        vm.expectPartialRevert(INetting.CollectedAlready.selector);
        _withdraw(cycle, b);
        vm.expectPartialRevert(INetting.NothingToWithdraw.selector);
        _withdraw(cycle, who(9));
        vm.expectPartialRevert(INetting.NothingToWithdraw.selector);
        _withdraw(cycle, a);
    }

    function test_AnAbsurdAmountIsRefusedAndStopsNobody() public {
        ObligationId id = _owe(a, b, type(uint128).max);
        vm.expectPartialRevert(INetting.AmountTooGreat.selector);
        netting.enter(id);
        _enter(a, b, E);
    }

    function test_PeriodsAreTheGovernorsWithinBounds() public {
        vm.prank(a);
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        netting.setPeriods(1 days, 1 days);
        vm.prank(address(netting));
        vm.expectPartialRevert(INetting.PeriodUnusable.selector);
        netting.setPeriods(1 minutes, 1 days);
        vm.prank(address(netting));
        vm.expectPartialRevert(INetting.PeriodUnusable.selector);
        netting.setPeriods(1 days, 32 days);
        _enter(a, b, E);
        CycleId cycle = _newest();
        vm.prank(address(netting));
        netting.setPeriods(1 days, 1 hours);
        assertEq(netting.cycleOf(cycle).fundingSeconds, FUNDING_SECONDS, "not under way");
    }

    function test_ATokenThatTakesAFeeFundsNothing() public {
        _fundRefused(HostileToken.Manner.TakesAFee, ExactTransfers.TransferInexact.selector);
    }

    function test_ATokenThatMovesNothingFundsNothing() public {
        _fundRefused(HostileToken.Manner.MovesNothing, ExactTransfers.TransferInexact.selector);
    }

    function test_ATokenThatReturnsFalseFundsNothing() public {
        _fundRefused(HostileToken.Manner.ReturnsFalse, SafeERC20.SafeERC20FailedOperation.selector);
    }

    function test_AWithdrawalThatMovesTwiceIsRefusedAndNothingIsLost() public {
        _payRefused(HostileToken.Manner.MovesTwice, ExactTransfers.TransferInexact.selector);
    }

    function test_APausedTokenKeepsWhatIsOwed() public {
        _payRefused(HostileToken.Manner.Pauses, HostileToken.Paused.selector);
    }

    function test_ABlockedPayeeStopsNobodyElseAndChoosesAnotherPurse() public {
        CycleId cycle = _ring();
        _fund(cycle, a);
        token.blockAccount(b);
        vm.expectPartialRevert(HostileToken.Blocked.selector);
        _withdraw(cycle, b);
        _withdraw(cycle, c);
        address purse = who(77);
        vm.prank(b);
        netting.withdraw(address(token), cycle, purse);
        assertEq(token.balanceOf(purse), 10e6, "elsewhere");
    }

    function test_ATokenThatCallsBackGetsNothingTwice() public {
        address t = address(token);
        _enter(a, t, 10 * E);
        CycleId cycle = _closeNewest();
        _fund(cycle, a);
        token.callBack(address(netting), abi.encodeCall(netting.withdraw, (t, cycle, t)));
        vm.prank(t);
        netting.withdraw(t, cycle, who(77));
        require(!token.callSucceeded(), "withdraw inside withdraw");
        assertEq(token.balanceOf(who(77)), 10e6, "once");
    }

    function test_TwoPayersSetOffWhenBothSaySo() public {
        around.payDirectly(true);
        ObligationId mine = _owe(a, b, 100 * E);
        ObligationId theirs = _owe(b, a, 80 * E);
        _setOff(a, mine, theirs);
        assertEq(settlement.unitsDueFor(mine), 100e6, "an offer changes nothing");
        _setOff(b, theirs, mine);
        assertEq(settlement.unitsDueFor(mine), 20e6, "the difference");
        assertEq(settlement.unitsDueFor(theirs), 0, "nothing");
        vm.prank(a);
        settlement.pay(mine);
        assertEq(settlement.withdrawableOf(address(token), idOf(b)), 20e6, "b gets the difference");
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.SetOffUnfit.selector);
        settlement.setOff(mine, theirs);
    }

    function test_AThirdPartysShareIsNotSetOff() public {
        around.payDirectly(true);
        around.shareWithPartner(true);
        ObligationId mine = _owe(a, b, 100 * E);
        around.shareWithPartner(false);
        ObligationId theirs = _owe(b, a, 500 * E);
        _setOff(a, mine, theirs);
        _setOff(b, theirs, mine);
        vm.prank(a);
        settlement.pay(mine);
        assertEq(settlement.balanceNanoOf(address(token), idOf(PARTNER)), 10 * E + 2, "the share");
        assertEq(settlement.balanceNanoOf(address(token), idOf(b)), 0, "set off");
        vm.prank(b);
        settlement.pay(theirs);
        uint256 left = 500 * E - (100 * E - 10 * E - 2);
        assertEq(settlement.balanceNanoOf(address(token), idOf(a)), left, "the rest");
    }

    function test_NobodySetsOffForAnotherOrWhatIsNetted() public {
        ObligationId netted = _enter(a, b, E);
        ObligationId theirs = _owe(b, a, E);
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.SetOffUnfit.selector);
        settlement.setOff(netted, theirs);
        around.payDirectly(true);
        ObligationId mine = _owe(a, b, E);
        vm.prank(b);
        vm.expectPartialRevert(IMembers.DutyMissing.selector);
        settlement.setOff(mine, theirs);
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.SetOffUnfit.selector);
        settlement.setOff(mine, mine);
        ObligationId elsewhere = _owe(c, b, E);
        _setOff(a, mine, elsewhere);
        vm.prank(c);
        vm.expectPartialRevert(ISettlement.SetOffUnfit.selector);
        settlement.setOff(elsewhere, mine);
        _setOff(a, mine, theirs);
        _setOff(b, theirs, mine);
        vm.prank(a);
        vm.expectPartialRevert(ISettlement.SetOffUnfit.selector);
        settlement.setOff(mine, theirs);
    }

    function _setOff(address key, ObligationId own, ObligationId against) private {
        vm.prank(key);
        settlement.setOff(own, against);
    }

    function _start(uint8 decimals) private {
        _build(decimals);
        (a, b, c) = (who(0), who(1), who(2));
        for (uint256 i = 0; i < 5; ++i) _rich(who(i));
    }

    function _ring() private returns (CycleId cycle) {
        _enter(a, b, 100 * E);
        _enter(b, c, 90 * E);
        _enter(c, a, 80 * E);
        cycle = _closeNewest();
    }

    function _fundBy(CycleId cycle, address key, uint256 units) private {
        vm.prank(key);
        netting.fund(cycle, units);
    }

    function _fundRefused(HostileToken.Manner manner, bytes4 selector) private {
        CycleId cycle = _ring();
        token.behave(manner);
        vm.expectPartialRevert(selector);
        _fundBy(cycle, a, 20e6);
        assertEq(netting.unitsDueFor(cycle, idOf(a)), 20e6, "still lacking");
        require(_state(cycle) == CycleState.Funding, "not settled");
    }

    function _payRefused(HostileToken.Manner manner, bytes4 selector) private {
        CycleId cycle = _ring();
        _fund(cycle, a);
        token.behave(manner);
        vm.expectPartialRevert(selector);
        _withdraw(cycle, b);
        token.behave(HostileToken.Manner.Honest);
        _withdraw(cycle, b);
        assertEq(token.balanceOf(b), 1e30 + 10e6, "all of it, later");
    }

    function _kept(uint256 amount) private pure returns (uint256) {
        return (amount * E * (31 * E)) / (91 * E);
    }
}
