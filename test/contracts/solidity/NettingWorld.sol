// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Deployments } from "./Deployments.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Netting } from "../../../contracts/Netting.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { IAgreements, Share, Split } from "../../../contracts/interfaces/IAgreements.sol";
import { ILedgerClock } from "../../../contracts/interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { Cycle, CycleState, Position } from "../../../contracts/interfaces/INetting.sol";
import { Obligation } from "../../../contracts/interfaces/IStatements.sol";
import {
    AgreementId,
    CycleId,
    MemberId,
    ObligationId,
    StatementId
} from "../../../contracts/types/Identifiers.sol";

/// @notice Everything around netting: members whose id is their key, and obligations at will. The payee
/// of an obligation is its agreement's number; the partner gets a fee of 3 and a tenth.
contract NettingSurroundings {
    address public constant PARTNER = address(0xC17);

    address public token;
    uint8 public decimals;
    address public netting;
    bool public isDirect;
    bool public isShared;
    mapping(bytes32 id => Obligation) private _obligations;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function use(address token_, address netting_) external {
        (token, netting) = (token_, netting_);
    }

    function payDirectly(bool isDirect_) external {
        isDirect = isDirect_;
    }

    function shareWithPartner(bool isShared_) external {
        isShared = isShared_;
    }

    function oblige(bytes32 id, address payer, address payee, uint128 amountNano) external {
        _obligations[id] = Obligation({
            statement: StatementId.wrap(id),
            agreement: AgreementId.wrap(bytes32(uint256(uint160(payee)))),
            payer: MemberId.wrap(bytes20(payer)),
            split: isShared ? 2 : 1,
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

    function isNetted(AgreementId) external view returns (bool) {
        return !isDirect;
    }

    function splitOf(
        AgreementId agreement,
        uint32 number
    ) external pure returns (Split memory split) {
        address payee = address(uint160(uint256(AgreementId.unwrap(agreement))));
        split.remainder = MemberId.wrap(bytes20(payee));
        split.shares = new Share[](number - 1);
        if (number == 2) {
            split.shares[0] = Share(MemberId.wrap(bytes20(PARTNER)), 3, 100_000, 0, 0);
        }
    }

    function ledgerTime() external view returns (uint64) {
        return uint64(block.timestamp);
    }

    /// @dev As the access manager of a ledger: who may call what is restricted.
    function canCall(address caller, address, bytes4) external view returns (bool, uint32) {
        return (caller == netting, 0);
    }
}

/// @notice Members `who(0)`, `who(1)` ... with money, and a netting contract that they settle in.
abstract contract NettingWorld is Deployments {
    uint32 internal constant OPEN_SECONDS = 7 days;
    uint32 internal constant FUNDING_SECONDS = 2 days;

    HostileToken internal token;
    NettingSurroundings internal around;
    Settlement internal settlement;
    Netting internal netting;
    uint256 internal obligationCount;

    function _build(uint8 decimals) internal {
        token = new HostileToken(decimals);
        around = new NettingSurroundings(decimals);
        settlement = _settlementOver(address(around), address(around), address(0));
        netting = Netting(
            deployed(
                "Netting",
                abi.encode(
                    IMembers(address(around)),
                    IAgreements(address(around)),
                    ILedgerClock(address(around)),
                    settlement,
                    OPEN_SECONDS,
                    FUNDING_SECONDS,
                    address(around),
                    address(0)
                )
            )
        );
        around.use(address(token), address(netting));
    }

    function who(uint256 ordinal) internal pure returns (address) {
        return address(uint160(0x1000 + ordinal));
    }

    function idOf(address key) internal pure returns (MemberId) {
        return MemberId.wrap(bytes20(key));
    }

    function _rich(address key) internal {
        token.mint(key, 1e30);
        vm.prank(key);
        token.approve(address(netting), type(uint256).max);
        vm.prank(key);
        token.approve(address(settlement), type(uint256).max);
    }

    function _owe(address payer, address payee, uint128 nano) internal returns (ObligationId id) {
        id = ObligationId.wrap(bytes32(++obligationCount));
        around.oblige(ObligationId.unwrap(id), payer, payee, nano);
    }

    function _enter(address payer, address payee, uint128 nano) internal returns (ObligationId id) {
        id = _owe(payer, payee, nano);
        netting.enter(id);
    }

    function _newest() internal view returns (CycleId) {
        return netting.cycleIdOf(address(token), netting.cycleCountOf(address(token)));
    }

    function _state(CycleId cycle) internal view returns (CycleState) {
        return netting.cycleOf(cycle).state;
    }

    function _closeNewest() internal returns (CycleId cycle) {
        cycle = _newest();
        vm.warp(netting.cycleOf(cycle).until + 1);
        netting.close(cycle);
    }

    function _endRound(CycleId cycle) internal {
        vm.warp(netting.cycleOf(cycle).until + 1);
    }

    function _fund(CycleId cycle, address key) internal returns (uint256 units) {
        units = netting.unitsDueFor(cycle, idOf(key));
        vm.prank(key);
        netting.fund(cycle, units);
    }

    function _withdraw(CycleId cycle, address key) internal {
        vm.prank(key);
        netting.withdraw(address(token), cycle, key);
    }

    function _nano(CycleId cycle, address key) internal view returns (int256) {
        return netting.positionOf(cycle, idOf(key)).nano;
    }

    function _claim(CycleId cycle, address key) internal view returns (int256) {
        Position memory position = netting.positionOf(cycle, idOf(key));
        if (position.collected) return 0;
        return int256(position.nano) + int256(uint256(position.fundedNano));
    }

    function _isShort(CycleId cycle, address key) internal view returns (bool) {
        Cycle memory details = netting.cycleOf(cycle);
        Position memory position = netting.positionOf(cycle, idOf(key));
        if (position.unwoundInRound == details.round) return false;
        int256 start = position.round == details.round ? position.startNano : position.nano;
        return start + int256(uint256(position.fundedNano)) < 0;
    }
}
