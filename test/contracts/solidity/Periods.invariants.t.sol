// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { PeriodsHandler } from "./PeriodsHandler.sol";
import { ClosedAt } from "../../../contracts/interfaces/IPeriods.sol";

/// @notice What docs/INVARIANTS.md says of periods.
contract PeriodsInvariants is Cheats {
    error Broken(string what, uint256 side, uint256 place);

    PeriodsHandler private handler;

    function setUp() public {
        handler = PeriodsHandler(deployed("PeriodsHandler", ""));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_I20_AClosingNeverChanges() public view {
        for (uint256 side = 0; side < 2; ++side) {
            uint256 count = handler.periods().closingCount(handler.bookOf(side));
            require(count == handler.seenCount(side), Broken("count", side, count));
            ClosedAt memory last;
            for (uint256 i = 0; i < count; ++i) {
                ClosedAt memory seen = handler.seenAt(side, i);
                ClosedAt memory kept = handler.periods().closingAt(handler.bookOf(side), i + 1);
                bool same = seen.number == kept.number && seen.sequence == kept.sequence;
                require(same, Broken("changed", side, i));
                bool follows = kept.number > last.number && kept.sequence > last.sequence;
                require(follows, Broken("order", side, i));
                last = kept;
            }
        }
    }

    function invariant_I21_PeriodsHaveNoGap() public view {
        for (uint256 side = 0; side < 2; ++side) {
            uint64 through = handler.periods().closedThrough(
                handler.agreement(),
                handler.ids(side)
            );
            require(through == handler.closes(side), Broken("gap", side, through));
            for (uint64 number = 1; number <= through + 1; ++number) {
                bool closed = handler
                    .periods()
                    .sideOf(handler.agreement(), number, handler.ids(side))
                    .closed;
                require(closed == (number <= through), Broken("closed", side, number));
            }
        }
    }

    function invariant_I22_NothingIsStatedBeforeItIsOpenNorElsewhere() public view {
        require(!handler.postedUnopened(), Broken("unopened", 0, 0));
        require(!handler.postedElsewhere(), Broken("elsewhere", 0, 0));
    }

    /// @dev What was closed stays committed.
    function invariant_I23_WhatWasClosedIsNeverVoided() public view {
        for (uint256 side = 0; side < 2; ++side) {
            for (uint256 i = 0; i < handler.seenCount(side); ++i) {
                uint64 sequence = handler.seenAt(side, i).sequence;
                bool voided = handler.books().isVoided(handler.bookOf(side), sequence);
                require(!voided, Broken("voided", side, sequence));
            }
        }
    }

    function test_TheStepsReachWhatTheInvariantsSpeakOf() public {
        handler.closeAndPost(true);
        handler.closeAndPost(false);
        // The last step of each posts what the other side had closed before.
        require(handler.posted() == 3, Broken("posted", 0, handler.posted()));
        require(handler.seenCount(0) == 2 && handler.seenCount(1) == 2, Broken("seen", 0, 0));
        handler.commit(false);
        handler.close(false, 1, type(uint64).max, true);
        handler.voidNewest(false);
        handler.post(false, 0, true);
        require(handler.posted() == 3, Broken("posted too early", 0, handler.posted()));
        for (uint256 i = 0; i < 3; ++i) handler.pass(uint32(1 days - 1));
        handler.post(false, 0, true);
        require(handler.posted() == 4, Broken("not posted", 0, handler.posted()));
        invariant_I20_AClosingNeverChanges();
        invariant_I21_PeriodsHaveNoGap();
        invariant_I23_WhatWasClosedIsNeverVoided();
    }
}
