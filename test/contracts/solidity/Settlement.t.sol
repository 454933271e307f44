// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Deployments } from "./Deployments.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { Share, Split } from "../../../contracts/interfaces/IAgreements.sol";
import { Duty, IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { ISettlement } from "../../../contracts/interfaces/ISettlement.sol";
import { Obligation } from "../../../contracts/interfaces/IStatements.sol";
import { ExactTransfers } from "../../../contracts/libraries/ExactTransfers.sol";
import {
    AgreementId,
    MemberId,
    ObligationId,
    StatementId
} from "../../../contracts/types/Identifiers.sol";

/// @notice Members, agreements and statements as far as money needs them: a member's id is its key.
contract Surroundings {
    address public token;
    uint8 public decimals;
    address private _remainder = address(0xB0B);
    mapping(bytes32 id => Obligation) private _obligations;

    constructor(address token_, uint8 decimals_) {
        (token, decimals) = (token_, decimals_);
    }

    function splitRestTo(address party) external {
        _remainder = party;
    }

    function oblige(bytes32 id, address payer, uint128 amountNano) external {
        _obligations[id] = Obligation({
            statement: StatementId.wrap(id),
            agreement: AgreementId.wrap(bytes32(uint256(1))),
            payer: MemberId.wrap(bytes20(payer)),
            split: 1,
            amountNano: amountNano,
            beforeNano: 0
        });
    }

    function obligationOf(ObligationId id) external view returns (Obligation memory) {
        return _obligations[ObligationId.unwrap(id)];
    }

    function memberOf(address key) external pure returns (MemberId) {
        return MemberId.wrap(bytes20(key));
    }

    function holds(MemberId member, Duty, address key) external pure returns (bool) {
        return MemberId.unwrap(member) == bytes20(key);
    }

    function tokenOf(AgreementId) external view returns (address, uint8) {
        return (token, decimals);
    }

    function decimalsOf(address) external view returns (uint8) {
        return decimals;
    }

    function isNetted(AgreementId) external pure returns (bool) {
        return false;
    }

    function splitOf(AgreementId, uint32) external view returns (Split memory split) {
        split.remainder = MemberId.wrap(bytes20(_remainder));
        split.shares = new Share[](2);
        split.shares[0] = Share(MemberId.wrap(bytes20(address(0xC17))), 3, 100_001, 0, 0);
        split.shares[1] = Share(MemberId.wrap(bytes20(address(0xA57))), 0, 333_333, 0, 0);
    }
}

contract SettlementTest is Deployments {
    address private constant PAYER = address(0xFA7);
    address private constant OTHER_PAYER = address(0xFA8);
    address private constant CITY = address(0xC17);
    address private constant OPERATOR = address(0xB0B);
    address private constant ASSOCIATION = address(0xA57);

    HostileToken private token;
    Surroundings private around;
    Settlement private settlement;

    function setUp() public {
        _build(6);
    }

    function testFuzz_PaidOutAndWithdrawableAndDustAreWhatWasFunded(
        uint128[6] memory amounts,
        uint8[6] memory who,
        uint8 decimals
    ) public {
        _build(uint8(within(decimals, 0, 18)));
        uint256 funded;
        uint256 paidOut;
        for (uint256 i = 0; i < amounts.length; ++i) {
            bytes32 id = bytes32(i + 1);
            address payer = who[i] % 2 == 0 ? PAYER : OTHER_PAYER;
            around.oblige(id, payer, uint128(within(amounts[i], 1, 1e15)));
            uint256 due = settlement.unitsDueFor(ObligationId.wrap(id));
            vm.prank(payer);
            settlement.pay(ObligationId.wrap(id));
            funded += due;
            if (who[i] % 3 == 0) paidOut += _withdrawAll();
            assertEq(token.balanceOf(address(settlement)), funded - paidOut, "held");
            require(_owedNano() <= _nano(funded - paidOut), "what is owed is funded");
            require(
                _owedNano() + _prepaidNano() == _nano(funded - paidOut),
                "withdrawable and dust are all that is held"
            );
        }
        paidOut += _withdrawAll();
        require(_prepaidNano() < 2 * _unitNano(), "a payer prepays less than one unit");
    }

    function test_OnlyThePayerPays() public {
        around.oblige(bytes32(uint256(1)), PAYER, 1e9);
        vm.prank(CITY);
        vm.expectPartialRevert(IMembers.DutyMissing.selector);
        settlement.pay(ObligationId.wrap(bytes32(uint256(1))));
    }

    function test_AnObligationIsPaidOnce() public {
        _pay(1e9);
        vm.prank(PAYER);
        vm.expectPartialRevert(ISettlement.ObligationPaidAlready.selector);
        settlement.pay(ObligationId.wrap(bytes32(uint256(1))));
    }

    function test_AnUnknownObligationIsRefused() public {
        vm.expectPartialRevert(ISettlement.ObligationUnknown.selector);
        settlement.pay(ObligationId.wrap(bytes32(uint256(9))));
    }

    function test_ATokenThatTakesAFeeIsRefused() public {
        token.behave(HostileToken.Manner.TakesAFee);
        _payRefused(ExactTransfers.TransferInexact.selector);
    }

    function test_ATokenThatMovesNothingIsRefused() public {
        token.behave(HostileToken.Manner.MovesNothing);
        _payRefused(ExactTransfers.TransferInexact.selector);
    }

    function test_ATokenThatReturnsFalseIsRefused() public {
        token.behave(HostileToken.Manner.ReturnsFalse);
        _payRefused(SafeERC20.SafeERC20FailedOperation.selector);
    }

    function test_APayoutThatMovesNothingKeepsTheBalance() public {
        _pay(1e9);
        uint256 before = settlement.withdrawableOf(address(token), MemberId.wrap(bytes20(CITY)));
        token.behave(HostileToken.Manner.MovesNothing);
        vm.prank(CITY);
        vm.expectPartialRevert(ExactTransfers.TransferInexact.selector);
        settlement.withdraw(address(token), CITY);
        assertEq(
            settlement.withdrawableOf(address(token), MemberId.wrap(bytes20(CITY))),
            before,
            "kept"
        );
    }

    function test_ATokenThatCallsBackWhileItIsPulledPaysNothing() public {
        bytes32 own = bytes32(uint256(2));
        token.mint(address(token), 1e12);
        token.approveFrom(address(settlement));
        around.oblige(own, address(token), 1e9);
        token.callBack(
            address(settlement),
            abi.encodeCall(settlement.pay, (ObligationId.wrap(own)))
        );
        _pay(1e9);
        require(!token.callSucceeded(), "pay inside pay");
        require(!settlement.isPaid(ObligationId.wrap(own)), "not paid");
        vm.prank(address(token));
        settlement.pay(ObligationId.wrap(own));
    }

    function test_ATokenThatCallsBackWhileItIsPaidOutGetsNothing() public {
        around.splitRestTo(address(token));
        _pay(1e9);
        token.callBack(
            address(settlement),
            abi.encodeCall(settlement.withdraw, (address(token), address(token)))
        );
        vm.prank(CITY);
        settlement.withdraw(address(token), CITY);
        require(!token.callSucceeded(), "withdraw inside withdraw");
        vm.prank(address(token));
        settlement.withdraw(address(token), ASSOCIATION);
    }

    function _build(uint8 decimals) private {
        token = new HostileToken(decimals);
        around = new Surroundings(address(token), decimals);
        settlement = _settlementOver(address(around), address(this), address(0));
        token.mint(PAYER, 1e40);
        token.mint(OTHER_PAYER, 1e40);
        _approve(PAYER);
        _approve(OTHER_PAYER);
    }

    function _approve(address payer) private {
        vm.prank(payer);
        token.approve(address(settlement), type(uint256).max);
    }

    function _pay(uint128 amountNano) private {
        _payFrom(PAYER, bytes32(uint256(1)), amountNano);
    }

    function _payFrom(address payer, bytes32 id, uint128 amountNano) private {
        _approve(payer);
        around.oblige(id, payer, amountNano);
        vm.prank(payer);
        settlement.pay(ObligationId.wrap(id));
    }

    function _payRefused(bytes4 selector) private {
        around.oblige(bytes32(uint256(1)), PAYER, 1e9);
        vm.prank(PAYER);
        vm.expectPartialRevert(selector);
        settlement.pay(ObligationId.wrap(bytes32(uint256(1))));
        require(!settlement.isPaid(ObligationId.wrap(bytes32(uint256(1)))), "nothing happened");
    }

    function _withdrawAll() private returns (uint256 units) {
        address[3] memory parties = [CITY, OPERATOR, ASSOCIATION];
        for (uint256 i = 0; i < parties.length; ++i) {
            MemberId member = MemberId.wrap(bytes20(parties[i]));
            uint256 due = settlement.withdrawableOf(address(token), member);
            if (due == 0) continue;
            vm.prank(parties[i]);
            settlement.withdraw(address(token), parties[i]);
            units += due;
        }
    }

    function _owedNano() private view returns (uint256) {
        return
            settlement.balanceNanoOf(address(token), MemberId.wrap(bytes20(CITY))) +
            settlement.balanceNanoOf(address(token), MemberId.wrap(bytes20(OPERATOR))) +
            settlement.balanceNanoOf(address(token), MemberId.wrap(bytes20(ASSOCIATION)));
    }

    function _prepaidNano() private view returns (uint256) {
        AgreementId agreement = AgreementId.wrap(bytes32(uint256(1)));
        return
            settlement.prepaidNanoOf(agreement, MemberId.wrap(bytes20(PAYER))) +
            settlement.prepaidNanoOf(agreement, MemberId.wrap(bytes20(OTHER_PAYER)));
    }

    function _unitNano() private view returns (uint256) {
        uint8 decimals = token.decimals();
        return decimals > 9 ? 1 : 10 ** (9 - decimals);
    }

    function _nano(uint256 units) private view returns (uint256) {
        uint8 decimals = token.decimals();
        return decimals > 9 ? units / 10 ** (decimals - 9) : units * 10 ** (9 - decimals);
    }
}
