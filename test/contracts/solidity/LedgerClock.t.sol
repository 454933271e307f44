// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { LedgerClock } from "../../../contracts/LedgerClock.sol";

contract Clock is LedgerClock {
    constructor(uint64 heartbeat_) LedgerClock(heartbeat_) {}
}

contract LedgerClockTest is Cheats {
    uint64 private constant HEARTBEAT = 600;

    function testFuzz_EachGapCountsAtMostOneHeartbeat(uint16[8] memory gaps) public {
        Clock clock = new Clock(HEARTBEAT);
        uint256 time = block.timestamp;
        uint256 expected;
        for (uint256 i = 0; i < gaps.length; ++i) {
            time += gaps[i];
            vm.warp(time);
            expected += gaps[i] < HEARTBEAT ? gaps[i] : HEARTBEAT;
            assertEq(clock.ledgerTime(), expected, "before the touch");
            assertEq(clock.tick(), expected, "touched");
            assertEq(clock.ledgerTime(), expected, "after the touch");
        }
    }

    function test_TouchingTwiceInABlockChangesNothing() public {
        Clock clock = new Clock(HEARTBEAT);
        vm.warp(block.timestamp + 100);
        clock.tick();
        assertEq(clock.tick(), 100, "once");
    }

    function test_AStandingLedgerLosesNobodyAWindow() public {
        Clock clock = new Clock(HEARTBEAT);
        vm.warp(block.timestamp + 365 days);
        assertEq(clock.ledgerTime(), HEARTBEAT, "a year without a block");
    }

    function test_AHeartbeatOfZeroIsRefused() public {
        vm.expectPartialRevert(bytes4(keccak256("HeartbeatUnusable(uint64)")));
        new Clock(0);
    }
}
