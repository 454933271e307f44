// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { NettingHandler } from "./NettingHandler.sol";
import { Netting } from "../../../contracts/Netting.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { Cycle, CycleState, Position } from "../../../contracts/interfaces/INetting.sol";
import { ObligationRoute } from "../../../contracts/interfaces/ISettlement.sol";
import {
    AgreementId,
    CycleId,
    MemberId,
    ObligationId
} from "../../../contracts/types/Identifiers.sol";

/// @notice docs/INVARIANTS.md, one function for each name.
contract NettingInvariants is Cheats {
    uint256 private constant NANO_PER_UNIT = 1_000;
    uint8 private constant EVERYBODY = 7;
    uint8 private constant OUTSIDER = 6;

    NettingHandler private handler;

    function setUp() public {
        handler = NettingHandler(deployed("NettingHandler", ""));
    }

    /// @dev Steps that never got anywhere would let every invariant hold.
    function test_TheStepsReachWhatTheInvariantsSpeakOf() public {
        for (uint256 seed = 1; seed < 12; ++seed) handler.runCycle(seed);
        require(handler.settledCycles() == 11, "settled");
        require(handler.defaults() > 10 && handler.deposited() > 0, "defaults and deposits");
        require(handler.withdrawn() > 0, "withdrawn");
        for (uint16 i = 0; i < 88; ++i) handler.payDirectly(i, false);
        require(handler.paidIn() > 0, "paid directly after a default");
        for (uint8 i = 0; i < EVERYBODY; ++i) handler.withdrawDirect(i);
        require(handler.paidOut() > 0, "withdrawn directly");
        this.invariant_I30_PositionsSumToZero();
        this.invariant_I31_WhatIsOwedIsWhatIsHeld();
        this.invariant_I32_WhatIsLackingIsWhatMembersLack();
        this.invariant_I33_OnlyTheNamedGetMoney();
        this.invariant_I34_OnePathForEachObligation();
        this.invariant_I35_NobodyIsShortAThirdTime();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_I30_PositionsSumToZero() external view {
        for (uint64 number = 1; number <= _count(); ++number) {
            CycleId id = _id(number);
            if (_netting().cycleOf(id).state == CycleState.Settled) continue;
            int256 sum;
            for (uint8 i = 0; i < EVERYBODY; ++i) sum += _position(id, i).nano;
            require(sum == 0, "zero");
        }
    }

    function invariant_I31_WhatIsOwedIsWhatIsHeld() external view {
        uint256 held = handler.token_().balanceOf(address(_netting()));
        require(handler.deposited() == handler.withdrawn() + held, "funded");
        uint256 owedNano;
        address token = address(handler.token_());
        for (uint8 i = 0; i < EVERYBODY; ++i) {
            owedNano += _netting().balanceNanoOf(token, handler.anybody(i));
            for (uint64 number = 1; number <= _count(); ++number) owedNano += _claim(number, i);
        }
        require(owedNano == held * NANO_PER_UNIT, "withdrawable, refundable and dust");

        held = handler.token_().balanceOf(address(_settlement()));
        require(handler.paidIn() == handler.paidOut() + held, "paid directly");
        owedNano = 0;
        for (uint8 i = 0; i < EVERYBODY; ++i) {
            MemberId member = handler.anybody(i);
            owedNano += _settlement().balanceNanoOf(token, member);
            for (uint8 j = 0; j < EVERYBODY; ++j) {
                owedNano += _settlement().prepaidNanoOf(_agreement(j), member);
            }
        }
        require(owedNano == held * NANO_PER_UNIT, "withdrawable and dust");
    }

    function invariant_I32_WhatIsLackingIsWhatMembersLack() external view {
        for (uint64 number = 1; number <= _count(); ++number) {
            CycleId id = _id(number);
            Cycle memory cycle = _netting().cycleOf(id);
            uint256 lacking;
            for (uint8 i = 0; i < EVERYBODY; ++i) {
                Position memory position = _position(id, i);
                int256 nano = int256(position.nano) + int256(uint256(position.fundedNano));
                if (nano < 0) lacking += uint256(-nano);
            }
            require(cycle.deficitNano == lacking, "deficit");
            require(cycle.state != CycleState.Settled || lacking == 0, "settled is funded");
        }
    }

    function invariant_I33_OnlyTheNamedGetMoney() external view {
        address token = address(handler.token_());
        MemberId outsider = handler.anybody(OUTSIDER);
        require(_netting().balanceNanoOf(token, outsider) == 0, "netting");
        require(_settlement().balanceNanoOf(token, outsider) == 0, "settlement");
        require(handler.token_().balanceOf(handler.OUTSIDER()) == 1e30, "purse");
    }

    function invariant_I34_OnePathForEachObligation() external view {
        for (uint256 i = 1; i <= handler.obligations(); ++i) {
            ObligationId id = ObligationId.wrap(bytes32(i));
            ObligationRoute route = _settlement().routeOf(id);
            bool nettedOut = _netting().isNettedOut(id);
            require(!nettedOut || route == ObligationRoute.Netted, "netted, and not owed again");
            require(route != ObligationRoute.Direct, "all of them entered");
        }
    }

    function invariant_I35_NobodyIsShortAThirdTime() external view {
        for (uint64 number = 1; number <= _count(); ++number) {
            for (uint8 i = 0; i < EVERYBODY; ++i) {
                require(_position(_id(number), i).unwindings <= 2, "twice at most");
            }
        }
    }

    /// @dev What a member can take out of a settled cycle, or gets back of its deposit.
    function _claim(uint64 number, uint8 member) private view returns (uint256) {
        CycleId id = _id(number);
        Position memory position = _position(id, member);
        if (_netting().cycleOf(id).state != CycleState.Settled) return position.fundedNano;
        if (position.collected) return 0;
        int256 claim = int256(position.nano) + int256(uint256(position.fundedNano));
        require(claim >= 0, "nobody owes in a settled cycle");
        return uint256(claim);
    }

    function _position(CycleId id, uint8 member) private view returns (Position memory) {
        return _netting().positionOf(id, handler.anybody(member));
    }

    /// @dev Agreements are numbered by their payee.
    function _agreement(uint8 payee) private view returns (AgreementId) {
        address key = address(MemberId.unwrap(handler.anybody(payee)));
        return AgreementId.wrap(bytes32(uint256(uint160(key))));
    }

    function _count() private view returns (uint64) {
        return _netting().cycleCountOf(address(handler.token_()));
    }

    function _id(uint64 number) private view returns (CycleId) {
        return _netting().cycleIdOf(address(handler.token_()), number);
    }

    function _netting() private view returns (Netting) {
        return handler.netting_();
    }

    function _settlement() private view returns (Settlement) {
        return handler.settlement_();
    }
}
