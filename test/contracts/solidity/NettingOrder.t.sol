// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { NettingWorld } from "./NettingWorld.sol";
import { CycleState, Position } from "../../../contracts/interfaces/INetting.sol";
import { CycleId } from "../../../contracts/types/Identifiers.sol";

/// @notice One cycle of random debts, defaults and deposits, to its end, unwound in a given order.
contract OrderedWorld is NettingWorld {
    uint256 private constant MEMBERS = 5;
    uint256 private constant ROUNDS_MAX = 2 * MEMBERS + 1;

    uint256 public rounds;

    /// @return outcome A digest of what everybody can take out and what of each debt stood.
    function run(uint256 seed, uint256 order, uint256 page) external returns (bytes32 outcome) {
        _build(6);
        for (uint256 i = 0; i < MEMBERS; ++i) _rich(who(i));
        for (uint256 i = 0; i < 12; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            around.shareWithPartner(dice % 5 == 0);
            uint256 payee = (dice >> 16) % MEMBERS;
            _enter(who((dice >> 8) % MEMBERS), who(payee), uint128(within(dice >> 24, 1, 1e12)));
        }
        CycleId cycle = _closeNewest();
        while (_state(cycle) == CycleState.Funding) {
            require(++rounds <= ROUNDS_MAX, "it ends");
            for (uint256 i = 0; i < MEMBERS; ++i) {
                uint256 dice = uint256(keccak256(abi.encode(seed, rounds, i, "deposit")));
                uint256 due = netting.unitsDueFor(cycle, idOf(who(i)));
                if (due == 0 || dice % 3 == 0) continue;
                vm.prank(who(i));
                netting.fund(cycle, dice % 3 == 1 ? due : within(dice >> 8, 1, due));
                if (_state(cycle) != CycleState.Funding) break;
            }
            if (_state(cycle) != CycleState.Funding) break;
            _endRound(cycle);
            _unwind(cycle, order, page);
        }
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if (netting.positionOf(cycle, idOf(who(i))).unwindings == 0) continue;
            while (netting.fallBack(cycle, idOf(who(i)), page) > 0) {}
        }
        for (uint256 i = 0; i <= MEMBERS; ++i) {
            address key = i < MEMBERS ? who(i) : around.PARTNER();
            Position memory position = netting.positionOf(cycle, idOf(key));
            uint256 balance = netting.balanceNanoOf(address(token), idOf(key));
            outcome = keccak256(
                abi.encode(outcome, _claim(cycle, key), balance, position.keptNano)
            );
        }
    }

    function _unwind(CycleId cycle, uint256 order, uint256 page) private {
        uint32 round = netting.cycleOf(cycle).round;
        for (uint256 i = 0; i < MEMBERS; ++i) {
            address key = who(order % 2 == 0 ? (i + order) % MEMBERS : (order + 4 * i) % MEMBERS);
            if (!_isShort(cycle, key)) continue;
            while (netting.unwind(cycle, idOf(key), page) > 0) {}
            if (_state(cycle) != CycleState.Funding) return;
            if (netting.cycleOf(cycle).round != round) return;
        }
    }
}

contract NettingOrderTest is Cheats {
    function testFuzz_TheOrderAndThePagesOfUnwindingChangeNothing(
        uint256 seed,
        uint8 order
    ) public {
        OrderedWorld one = OrderedWorld(deployed("OrderedWorld", ""));
        OrderedWorld other = OrderedWorld(deployed("OrderedWorld", ""));
        bytes32 outcome = one.run(seed, 0, 100);
        require(outcome == other.run(seed, uint256(order) + 1, 1), "the same");
    }
}
