// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { NettingWorld } from "./NettingWorld.sol";
import { CycleState } from "../../../contracts/interfaces/INetting.sol";
import { CycleId } from "../../../contracts/types/Identifiers.sol";

/// @notice What a cycle costs at its closing, with so many members and obligations. The bounds are the
/// same for all sizes: netting costs per member, never per pair or obligation. Each function starts
/// from what `setUp` stored, as a transaction of its own does.
abstract contract NettingCost is NettingWorld {
    uint256 private constant CLOSE_MAX = 50_000;
    uint256 private constant FUND_MAX = 120_000;
    uint256 private constant WITHDRAW_MAX = 90_000;

    CycleId private cycle;
    CycleId private closed;
    address private debtor;
    address private creditor;

    function _owes(uint256 memberCount, uint256 count) internal {
        _build(6);
        closed = _fill(memberCount, count);
        for (uint256 i = 0; i < memberCount; ++i) {
            if (netting.unitsDueFor(closed, idOf(who(i))) > 0) _fund(closed, who(i));
            else creditor = who(i);
        }
        require(_state(closed) == CycleState.Settled, "settled");
        cycle = _fill(memberCount, count);
        for (uint256 i = 0; i < memberCount; ++i) {
            if (netting.unitsDueFor(cycle, idOf(who(i))) > 0) debtor = who(i);
        }
        _enter(who(0), who(1), 1e9);
    }

    function test_Fund() public {
        uint256 units = netting.unitsDueFor(cycle, idOf(debtor));
        vm.prank(debtor);
        uint256 gas = gasleft();
        netting.fund(cycle, units);
        require(gas - gasleft() <= FUND_MAX, "a deposit");
    }

    function test_Withdraw() public {
        vm.prank(creditor);
        uint256 gas = gasleft();
        netting.withdraw(address(token), closed, creditor);
        require(gas - gasleft() <= WITHDRAW_MAX, "a withdrawal");
    }

    function test_Close() public {
        CycleId newest = _newest();
        vm.warp(netting.cycleOf(newest).until + 1);
        uint256 gas = gasleft();
        netting.close(newest);
        require(gas - gasleft() <= CLOSE_MAX, "closing");
    }

    function _fill(uint256 memberCount, uint256 count) private returns (CycleId filled) {
        for (uint256 i = 0; i < count; ++i) {
            uint256 pair = i / memberCount + 1;
            address payee = who((i + pair) % memberCount);
            _enter(who(i % memberCount), payee, uint128(1e9 * (1 + (i % memberCount))));
        }
        for (uint256 i = 0; i < memberCount; ++i) _rich(who(i));
        filled = _closeNewest();
    }
}

contract NettingCostOfTenMembersTest is NettingCost {
    function setUp() public {
        _owes(10, 10);
    }
}

contract NettingCostOfFiftyMembersTest is NettingCost {
    function setUp() public {
        _owes(50, 200);
    }
}
