// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { HostileToken } from "./HostileTokens.sol";
import { NettingWorld } from "./NettingWorld.sol";
import { Netting } from "../../../contracts/Netting.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { CycleState } from "../../../contracts/interfaces/INetting.sol";
import { CycleId, MemberId, ObligationId } from "../../../contracts/types/Identifiers.sol";

/// @notice Five members and a partner who owe each other, deposit, default, pay later and withdraw, in
/// any order. What is refused is left as it was.
contract NettingHandler is NettingWorld {
    uint256 public constant MEMBERS = 5;
    address public constant PARTNER = address(0xC17);
    /// @dev Calls everything, and nobody ever owed it anything.
    address public constant OUTSIDER = address(0x0DD);

    uint256 public deposited;
    uint256 public withdrawn;
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public defaults;
    uint256 public settledCycles;

    constructor() {
        _build(6);
        for (uint256 i = 0; i < MEMBERS; ++i) _rich(who(i));
        _rich(OUTSIDER);
    }

    function enter(uint8 payer, uint8 payee, uint96 amount, bool isShared) public {
        around.shareWithPartner(isShared);
        // Odd amounts: fractions of a unit are where money gets lost.
        uint128 nano = uint128(within(amount, 1, 1e14));
        _enter(_party(payer), _party(payee), nano);
    }

    function pass(uint32 length) public {
        vm.warp(block.timestamp + within(length, 1, 3 days));
    }

    function close(uint8 which) public {
        try netting.close(_cycle(which)) {} catch {}
    }

    function fund(uint8 which, uint8 member, uint96 part) public {
        CycleId cycle = _cycle(which);
        address key = _anybody(member);
        uint256 due = netting.unitsDueFor(cycle, idOf(key));
        uint256 units = part % 3 == 0 ? due : within(part, 0, due);
        uint256 before = token.balanceOf(address(netting));
        vm.prank(key);
        try netting.fund(cycle, units) {} catch {}
        deposited += token.balanceOf(address(netting)) - before;
    }

    function unwind(uint8 which, uint8 member, uint8 max) public {
        try netting.unwind(_cycle(which), idOf(_anybody(member)), within(max, 1, 4)) {
            ++defaults;
        } catch {}
    }

    function fallBack(uint8 which, uint8 member, uint8 max) public {
        try netting.fallBack(_cycle(which), idOf(_anybody(member)), within(max, 1, 4)) {} catch {}
    }

    function withdraw(uint8 which, uint8 member, bool balanceAlone) public {
        address key = _anybody(member);
        uint256 before = token.balanceOf(address(netting));
        CycleId cycle = balanceAlone ? CycleId.wrap(0) : _cycle(which);
        vm.prank(key);
        try netting.withdraw(address(token), cycle, key) {} catch {}
        withdrawn += before - token.balanceOf(address(netting));
    }

    function payDirectly(uint16 which, bool byAnother) public {
        if (obligationCount == 0) return;
        ObligationId id = ObligationId.wrap(bytes32((which % obligationCount) + 1));
        MemberId payer = settlement.sharesOf(id).payer;
        uint256 before = token.balanceOf(address(settlement));
        vm.prank(byAnother ? OUTSIDER : address(MemberId.unwrap(payer)));
        try settlement.pay(id) {} catch {}
        paidIn += token.balanceOf(address(settlement)) - before;
    }

    function withdrawDirect(uint8 member) public {
        address key = _anybody(member);
        uint256 before = token.balanceOf(address(settlement));
        vm.prank(key);
        try settlement.withdraw(address(token), key) {} catch {}
        paidOut += before - token.balanceOf(address(settlement));
    }

    /// @dev A whole cycle at once, since single steps seldom meet in the right order.
    function runCycle(uint256 seed) public {
        for (uint256 i = 0; i < 8; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            enter(uint8(dice), uint8(dice >> 8), uint96(dice >> 16), dice >> 255 == 1);
        }
        CycleId cycle = _newest();
        vm.warp(netting.cycleOf(cycle).until + 1);
        uint8 which = uint8(netting.cycleCountOf(address(token)));
        close(which);
        for (uint256 round = 0; round < 3 * MEMBERS; ++round) {
            if (_state(cycle) != CycleState.Funding) break;
            for (uint8 i = 0; i <= MEMBERS; ++i) {
                uint256 dice = uint256(keccak256(abi.encode(seed, round, i)));
                if (dice % 2 == 0) fund(which, i, uint96(dice >> 8));
            }
            if (_state(cycle) != CycleState.Funding) break;
            _endRound(cycle);
            _unwindAll(cycle, which, seed);
        }
        if (_state(cycle) == CycleState.Settled) ++settledCycles;
        for (uint8 i = 0; i <= MEMBERS; ++i) {
            if (seed % 3 > 0) for (uint256 j = 0; j < 4; ++j) fallBack(which, i, 3);
            if (seed % 3 > 1) withdraw(which, i, false);
        }
    }

    function netting_() external view returns (Netting) {
        return netting;
    }

    function settlement_() external view returns (Settlement) {
        return settlement;
    }

    function token_() external view returns (HostileToken) {
        return token;
    }

    function obligations() external view returns (uint256) {
        return obligationCount;
    }

    function anybody(uint8 member) external pure returns (MemberId) {
        return idOf(_anybody(member));
    }

    function _unwindAll(CycleId cycle, uint8 which, uint256 seed) private {
        uint32 round = netting.cycleOf(cycle).round;
        for (uint256 i = 0; i < 40; ++i) {
            if (_state(cycle) != CycleState.Funding || netting.cycleOf(cycle).round != round)
                return;
            unwind(which, uint8(((seed % 1_000) + i) % (MEMBERS + 1)), uint8(seed));
        }
    }

    function _cycle(uint8 which) private view returns (CycleId) {
        uint64 count = netting.cycleCountOf(address(token));
        // Seldom older than the last two.
        uint64 back = which < 32 ? which % 4 : which % 2;
        if (which == count) back = 0;
        return netting.cycleIdOf(address(token), back < count ? count - back : count);
    }

    function _party(uint8 member) private pure returns (address) {
        return who(member % MEMBERS);
    }

    function _anybody(uint8 member) private pure returns (address) {
        uint256 ordinal = member % (MEMBERS + 2);
        if (ordinal == MEMBERS) return PARTNER;
        return ordinal < MEMBERS ? who(ordinal) : OUTSIDER;
    }
}
