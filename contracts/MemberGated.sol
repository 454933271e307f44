// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Context } from "@openzeppelin/contracts/utils/Context.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice The checks of keys that the other contracts share. A refusal names the missing duty.
abstract contract MemberGated is Context {
    IMembers public immutable members;

    constructor(IMembers members_) {
        members = members_;
    }

    /// @dev The sender's member; the sender has to hold this duty for it.
    function _senderHolding(Duty duty) internal view returns (MemberId member) {
        member = members.memberOf(_msgSender());
        require(member != NO_MEMBER, IMembers.NotAMember(_msgSender()));
        _requireDuty(member, duty);
    }

    /// @dev As `_senderHolding`, and the member may not be suspended.
    function _activeSenderHolding(Duty duty) internal view returns (MemberId member) {
        member = _senderHolding(duty);
        require(members.isActive(member), IMembers.MemberIsSuspended(member));
    }

    /// @dev For what a member's machine does as well as its office.
    function _requireCommitOrSettle(MemberId member) internal view {
        require(
            members.holds(member, Duty.Commit, _msgSender()) ||
                members.holds(member, Duty.Settle, _msgSender()),
            IMembers.DutyMissing(member, Duty.Commit, _msgSender())
        );
    }

    function _requireDuty(MemberId member, Duty duty) internal view {
        require(
            members.holds(member, duty, _msgSender()),
            IMembers.DutyMissing(member, duty, _msgSender())
        );
    }
}
