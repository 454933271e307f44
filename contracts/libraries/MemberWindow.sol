// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILedgerClock } from "../interfaces/ILedgerClock.sol";
import { IMembers } from "../interfaces/IMembers.sol";
import { MemberId } from "../types/Identifiers.sol";

/// @notice A span of ledger time in which one member has to act. It stands still while that member is
/// suspended: it ends later by what the suspensions added since it began.
library MemberWindow {
    struct Window {
        MemberId whose;
        /// Ledger time; not yet moved by suspensions.
        uint64 deadline;
        uint64 suspendedBefore;
    }

    /// @param length Seconds of ledger time.
    function begin(
        Window storage window,
        ILedgerClock clock,
        IMembers members,
        MemberId whose,
        uint32 length
    ) internal returns (uint64 deadline) {
        deadline = clock.ledgerTime() + length;
        window.whose = whose;
        window.deadline = deadline;
        window.suspendedBefore = members.suspendedSecondsOf(whose);
    }

    /// @return Ledger time; the last second in which the member can act.
    function end(Window storage window, IMembers members) internal view returns (uint64) {
        return window.deadline + members.suspendedSecondsOf(window.whose) - window.suspendedBefore;
    }
}
