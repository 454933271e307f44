// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Cheats } from "./Cheats.sol";
import { HostileToken, SilentToken } from "./HostileTokens.sol";
import { Bonds } from "../../../contracts/Bonds.sol";
import { IAgreements, Stakes, Windows } from "../../../contracts/interfaces/IAgreements.sol";
import { IBonds } from "../../../contracts/interfaces/IBonds.sol";
import { ILedgerClock } from "../../../contracts/interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { ExactTransfers } from "../../../contracts/libraries/ExactTransfers.sol";
import { AgreementId, MemberId } from "../../../contracts/types/Identifiers.sol";

/// @notice Members, agreements, clock and authority as far as bonds need them: a member's id is its
/// key, everybody is a party, and this contract may call what is restricted.
contract BondSurroundings {
    address public token;

    constructor(address token_) {
        token = token_;
    }

    function memberOf(address key) external pure returns (MemberId) {
        return MemberId.wrap(bytes20(key));
    }

    function holds(MemberId member, Duty, address key) external pure returns (bool) {
        return MemberId.unwrap(member) == bytes20(key);
    }

    function isParty(AgreementId, MemberId) external pure returns (bool) {
        return true;
    }

    function tokenOf(AgreementId) external view returns (address, uint8) {
        return (token, 6);
    }

    function stakesOf(AgreementId) external pure returns (Stakes memory) {
        return Stakes(50, 20, 10, 0, 5);
    }

    function windowsOf(AgreementId) external pure returns (Windows memory windows) {
        windows.claim = 1 days;
    }

    function ledgerTime() external view returns (uint64) {
        return uint64(block.timestamp);
    }

    function canCall(address caller, address, bytes4) external view returns (bool, uint32) {
        return (caller == address(this), 0);
    }

    function slash(Bonds bonds, AgreementId agreement, MemberId member, address finder) external {
        bonds.slash(agreement, member, finder);
    }

    function spend(Bonds bonds, address to, uint256 units) external {
        bonds.spendFund(token, to, units);
    }
}

contract BondsTest is Cheats {
    address private constant OPERATOR = address(0x0E);
    address private constant FINDER = address(0xF1);
    address private constant OTHER = address(0xF2);
    AgreementId private constant AGREEMENT = AgreementId.wrap(bytes32(uint256(1)));

    HostileToken private token;
    BondSurroundings private around;
    Bonds private bonds;

    function setUp() public {
        token = new HostileToken(6);
        _build(address(token));
        token.mint(OPERATOR, 1e12);
        vm.prank(OPERATOR);
        token.approve(address(bonds), type(uint256).max);
    }

    function test_AFeeIsRefusedAndNothingBooked() public {
        token.behave(HostileToken.Manner.TakesAFee);
        _depositRefused(ExactTransfers.TransferInexact.selector);
    }

    function test_AFalseReturnIsRefusedAndNothingBooked() public {
        token.behave(HostileToken.Manner.ReturnsFalse);
        _depositRefused(SafeERC20.SafeERC20FailedOperation.selector);
    }

    function test_ATransferOfNothingIsRefusedAndNothingBooked() public {
        token.behave(HostileToken.Manner.MovesNothing);
        _depositRefused(ExactTransfers.TransferInexact.selector);
    }

    function test_APausedTokenIsRefusedAndNothingBooked() public {
        token.behave(HostileToken.Manner.Pauses);
        _depositRefused(HostileToken.Paused.selector);
    }

    function test_ATokenThatReturnsNothingIsTaken() public {
        SilentToken silent = new SilentToken();
        _build(address(silent));
        silent.mint(OPERATOR, 100);
        vm.prank(OPERATOR);
        silent.approve(address(bonds), 100);
        vm.prank(OPERATOR);
        bonds.deposit(AGREEMENT, _id(OPERATOR), 100);
        assertEq(bonds.bondOf(AGREEMENT, _id(OPERATOR)), 100, "bond");
        _slash(FINDER);
        bonds.collectFor(address(silent), FINDER);
        assertEq(silent.balanceOf(FINDER), 20, "bounty");
    }

    function test_ATokenThatPaysOutTwiceIsRefused() public {
        _deposit(100);
        _slash(FINDER);
        token.behave(HostileToken.Manner.MovesTwice);
        vm.expectPartialRevert(ExactTransfers.TransferInexact.selector);
        bonds.collectFor(address(token), FINDER);
        assertEq(bonds.bountyOf(address(token), FINDER), 20, "kept");
    }

    function test_ABlockedFinderStopsNobodyElse() public {
        _deposit(200);
        _slash(FINDER);
        _slash(OTHER);
        token.blockAccount(FINDER);
        vm.expectPartialRevert(HostileToken.Blocked.selector);
        bonds.collectFor(address(token), FINDER);
        bonds.collectFor(address(token), OTHER);
        assertEq(token.balanceOf(OTHER), 20, "the other one is paid");
        assertEq(bonds.bountyOf(address(token), FINDER), 20, "and the blocked one keeps its claim");
    }

    function test_APausedTokenKeepsEveryBalance() public {
        _deposit(200);
        _slash(FINDER);
        token.behave(HostileToken.Manner.Pauses);
        vm.expectPartialRevert(HostileToken.Paused.selector);
        bonds.collectFor(address(token), FINDER);
        token.behave(HostileToken.Manner.Honest);
        bonds.collectFor(address(token), FINDER);
        assertEq(token.balanceOf(FINDER), 20, "paid when it goes on");
    }

    function test_ARebaseDownwardTakesNobodysBookedShareTwice() public {
        _deposit(200);
        _slash(FINDER);
        token.rebase(address(bonds), 15);
        vm.expectRevert();
        bonds.collectFor(address(token), FINDER);
        assertEq(bonds.bountyOf(address(token), FINDER), 20, "kept");
    }

    function test_ARebaseUpwardIsNobodys() public {
        _deposit(200);
        token.rebase(address(bonds), 500);
        assertEq(bonds.bondOf(AGREEMENT, _id(OPERATOR)), 200, "booked is booked");
        vm.prank(OPERATOR);
        vm.expectPartialRevert(IBonds.UnitsUnusable.selector);
        bonds.announceWithdrawal(AGREEMENT, 151);
    }

    function test_ACallBackGetsNoSecondBounty() public {
        _deposit(200);
        _slash(FINDER);
        _slash(OTHER);
        token.callBack(address(bonds), abi.encodeCall(bonds.collectFor, (address(token), OTHER)));
        bonds.collectFor(address(token), FINDER);
        require(!token.callSucceeded(), "collect inside collect");
        assertEq(token.balanceOf(FINDER), 20, "once");
    }

    function test_ACallBackWhileDepositingBooksNothingMore() public {
        token.mint(address(token), 1000);
        token.approveFrom(address(bonds));
        token.callBack(
            address(bonds),
            abi.encodeCall(bonds.deposit, (AGREEMENT, _id(OPERATOR), 100))
        );
        _deposit(100);
        require(!token.callSucceeded(), "deposit inside deposit");
        assertEq(bonds.bondOf(AGREEMENT, _id(OPERATOR)), 100, "bond");
    }

    function test_AWithdrawalLeavesWhatWasSlashedSinceItWasAnnounced() public {
        _deposit(100);
        vm.prank(OPERATOR);
        bonds.announceWithdrawal(AGREEMENT, 50);
        _slash(FINDER);
        vm.warp(block.timestamp + 2 days);
        vm.prank(OPERATOR);
        bonds.withdraw(AGREEMENT, OPERATOR);
        assertEq(bonds.bondOf(AGREEMENT, _id(OPERATOR)), 50, "the minimum stays");
    }

    function test_AnEmptyBondPaysWhatItHasTheFinderFirst() public {
        _deposit(25);
        _slash(FINDER);
        assertEq(bonds.bountyOf(address(token), FINDER), 20, "bounty");
        assertEq(bonds.fundOf(address(token)), 5, "what is left of the penalty");
        _slash(OTHER);
        assertEq(bonds.bountyOf(address(token), OTHER), 0, "nothing more");
    }

    function test_TheFundIsAllThatTheGovernorCanSpend() public {
        _deposit(200);
        _slash(FINDER);
        vm.expectPartialRevert(IBonds.UnitsUnusable.selector);
        around.spend(bonds, OTHER, 11);
        around.spend(bonds, OTHER, 10);
        assertEq(token.balanceOf(OTHER), 10, "spent");
    }

    function _build(address token_) private {
        around = new BondSurroundings(token_);
        bonds = Bonds(
            deployed(
                "Bonds",
                abi.encode(
                    IMembers(address(around)),
                    IAgreements(address(around)),
                    ILedgerClock(address(around)),
                    address(around)
                )
            )
        );
    }

    function _deposit(uint256 units) private {
        vm.prank(OPERATOR);
        bonds.deposit(AGREEMENT, _id(OPERATOR), units);
    }

    function _depositRefused(bytes4 selector) private {
        vm.prank(OPERATOR);
        vm.expectPartialRevert(selector);
        bonds.deposit(AGREEMENT, _id(OPERATOR), 100);
        assertEq(bonds.bondOf(AGREEMENT, _id(OPERATOR)), 0, "nothing booked");
    }

    function _slash(address finder) private {
        around.slash(bonds, AGREEMENT, _id(OPERATOR), finder);
    }

    function _id(address key) private pure returns (MemberId) {
        return MemberId.wrap(bytes20(key));
    }
}
