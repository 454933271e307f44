// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberId } from "../types/Identifiers.sol";

/// @notice What a key may do for its member. Each duty has a key of its own, so that the key that
/// lies on a busy machine (Commit) can neither move money (Settle) nor change rules (Govern).
enum Duty {
    Commit,
    Settle,
    Govern
}

/// @title Who takes part, and with which keys
/// @notice Trust: the governor (the authority's administrator) admits, suspends and reinstates. It can
/// neither sign for a member nor touch its books, agreements or money. A member's own Govern key
/// rotates its keys. A suspended member can not commit, but still settles and is still disputed.
interface IMembers {
    struct Keys {
        address commit;
        address settle;
        address govern;
    }

    struct Member {
        string name;
        uint8 roles;
        bool suspended;
        Keys keys;
    }

    event MemberAdmitted(MemberId indexed member, string name, uint8 roles, Keys keys);
    event KeyRotated(
        MemberId indexed member,
        Duty indexed duty,
        address previousKey,
        address newKey
    );
    event MemberSuspended(MemberId indexed member);
    event MemberReinstated(MemberId indexed member);
    event CommitKeysFollowed(address indexed follower);

    error NameUnusable(string name);
    error RolesUnknown(uint8 roles);
    error KeyUnusable(address key);
    error KeyTaken(address key, MemberId owner);
    error MemberUnknown(MemberId member);
    error NotAMember(address sender);
    error DutyMissing(MemberId member, Duty duty, address sender);
    error RoleMissing(MemberId member, uint8 role);
    error MemberIsSuspended(MemberId member);
    error MemberNotSuspended(MemberId member);
    error FollowerAlreadySet(address follower);

    /// @notice Governor: takes in a member. Its id is the first 20 bytes of
    /// keccak256(abi.encode(chain id, this contract, ordinal)), ordinals counting from 1.
    /// @param roles Sum of the roles: 1 operator, 2 partner, 4 auditor, 8 arbiter.
    /// @param keys One for each duty; one address may serve several duties of one member, and never,
    /// not even after it was rotated out, another member.
    function admit(
        string calldata name,
        uint8 roles,
        Keys calldata keys
    ) external returns (MemberId member);

    /// @notice The sender's Govern key replaces the key of one duty of its member, at once and for
    /// all its books.
    function rotateKey(Duty duty, address newKey) external;

    /// @notice Governor: stops a member from committing, publishing and proposing.
    function suspend(MemberId member) external;

    /// @notice Governor: undoes a suspension.
    function reinstate(MemberId member) external;

    /// @notice Governor, once: names the contract that is told of every change of a Commit key.
    function followCommitKeys(address follower) external;

    /// @return The member that has the key for any duty now, or zero.
    function memberOf(address key) external view returns (MemberId);

    /// @return Whether the key has the duty now; suspension does not take keys away.
    function holds(MemberId member, Duty duty, address key) external view returns (bool);

    /// @return Whether the member was admitted and is not suspended.
    function isActive(MemberId member) external view returns (bool);

    /// @return Whether the member has every role in `roles`.
    function hasRoles(MemberId member, uint8 roles) external view returns (bool);

    /// @param blockTime Seconds, up to now.
    /// @return Seconds of block time that the member was suspended for in suspensions that were over by
    /// then.
    function suspendedSecondsAt(MemberId member, uint64 blockTime) external view returns (uint64);

    /// @return Seconds of block time that the member was suspended for until now, the present
    /// suspension included. Its windows are longer by what this grew while they ran.
    function suspendedSecondsOf(MemberId member) external view returns (uint64);

    function detailsOf(MemberId member) external view returns (Member memory);

    function memberCount() external view returns (uint256);

    /// @param ordinal From 1 to memberCount().
    function memberAt(uint256 ordinal) external view returns (MemberId);

    /// @param from From 1.
    /// @param size At most 100.
    function membersFrom(uint256 from, uint256 size) external view returns (MemberId[] memory);
}

/// @title Whoever keeps a copy of Commit keys
/// @notice Trust: only the members contract calls this.
interface ICommitKeyFollower {
    error NotTheMembersContract(address sender);

    /// @param previousKey Loses the duty at once; zero if there was none.
    /// @param newKey Has the duty from now on; zero while the member is suspended.
    function commitKeyChanged(MemberId member, address previousKey, address newKey) external;
}
