// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { Duty, ICommitKeyFollower, IMembers } from "./interfaces/IMembers.sol";
import { Pages } from "./libraries/Pages.sol";
import { Standstill } from "./libraries/Standstill.sol";
import { MemberId, NO_MEMBER } from "./types/Identifiers.sol";
import { ROLES_ALL } from "./types/Roles.sol";

/// @notice What it promises, and whom it trusts, is written in {IMembers}.
contract Members is IMembers, AccessManaged {
    using Standstill for Standstill.History;

    uint256 private constant NAME_BYTES_MAX = 64;

    mapping(MemberId member => Member) private _members;
    /// @dev Never cleared, so that a key that was rotated out can not speak for somebody else.
    mapping(address key => MemberId) private _ownerOf;
    mapping(MemberId member => Standstill.History) private _suspensions;
    mapping(MemberId member => uint64 seconds_) private _suspendedSince;
    MemberId[] private _admitted;
    ICommitKeyFollower private _follower;

    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IMembers
    function admit(
        string calldata name,
        uint8 roles,
        Keys calldata keys
    ) external restricted returns (MemberId member) {
        require(bytes(name).length > 0 && bytes(name).length <= NAME_BYTES_MAX, NameUnusable(name));
        require(roles > 0 && roles <= ROLES_ALL, RolesUnknown(roles));
        uint256 ordinal = _admitted.length + 1;
        member = MemberId.wrap(bytes20(keccak256(abi.encode(block.chainid, this, ordinal))));
        _admitted.push(member);
        _members[member] = Member({ name: name, roles: roles, suspended: false, keys: keys });
        _own(member, keys.commit);
        _own(member, keys.settle);
        _own(member, keys.govern);
        emit MemberAdmitted(member, name, roles, keys);
        _tellFollower(member, address(0), keys.commit);
    }

    /// @inheritdoc IMembers
    function rotateKey(Duty duty, address newKey) external {
        MemberId member = memberOf(msg.sender);
        require(member != NO_MEMBER, NotAMember(msg.sender));
        require(
            holds(member, Duty.Govern, msg.sender),
            DutyMissing(member, Duty.Govern, msg.sender)
        );
        _own(member, newKey);
        Keys storage keys = _members[member].keys;
        address previousKey = _keyOf(keys, duty);
        if (duty == Duty.Commit) keys.commit = newKey;
        else if (duty == Duty.Settle) keys.settle = newKey;
        else keys.govern = newKey;
        emit KeyRotated(member, duty, previousKey, newKey);
        if (duty == Duty.Commit && !_members[member].suspended) {
            _tellFollower(member, previousKey, newKey);
        }
    }

    /// @inheritdoc IMembers
    function suspend(MemberId member) external restricted {
        require(isActive(member), MemberIsSuspended(member));
        _members[member].suspended = true;
        _suspendedSince[member] = uint64(block.timestamp);
        emit MemberSuspended(member);
        _tellFollower(member, _members[member].keys.commit, address(0));
    }

    /// @inheritdoc IMembers
    function reinstate(MemberId member) external restricted {
        require(_members[member].suspended, MemberNotSuspended(member));
        uint64 now_ = uint64(block.timestamp);
        _suspensions[member].add(now_, now_ - _suspendedSince[member]);
        _members[member].suspended = false;
        emit MemberReinstated(member);
        _tellFollower(member, address(0), _members[member].keys.commit);
    }

    /// @inheritdoc IMembers
    /// @dev Before the first admission, so that the follower never misses a key.
    function followCommitKeys(address follower) external restricted {
        require(
            address(_follower) == address(0) && _admitted.length == 0,
            FollowerAlreadySet(address(_follower))
        );
        _follower = ICommitKeyFollower(follower);
        emit CommitKeysFollowed(follower);
    }

    /// @inheritdoc IMembers
    function memberOf(address key) public view returns (MemberId) {
        MemberId owner = _ownerOf[key];
        Keys storage keys = _members[owner].keys;
        bool current = key == keys.commit || key == keys.settle || key == keys.govern;
        return current ? owner : NO_MEMBER;
    }

    /// @inheritdoc IMembers
    function holds(MemberId member, Duty duty, address key) public view returns (bool) {
        return key != address(0) && _keyOf(_members[member].keys, duty) == key;
    }

    /// @inheritdoc IMembers
    function isActive(MemberId member) public view returns (bool) {
        return _members[member].roles != 0 && !_members[member].suspended;
    }

    /// @inheritdoc IMembers
    function hasRoles(MemberId member, uint8 roles) external view returns (bool) {
        return _members[member].roles & roles == roles;
    }

    /// @inheritdoc IMembers
    function suspendedSecondsAt(MemberId member, uint64 blockTime) external view returns (uint64) {
        return _suspensions[member].totalAt(blockTime);
    }

    /// @inheritdoc IMembers
    function suspendedSecondsOf(MemberId member) public view returns (uint64 seconds_) {
        seconds_ = _suspensions[member].total();
        if (_members[member].suspended) {
            seconds_ += uint64(block.timestamp) - _suspendedSince[member];
        }
    }

    /// @inheritdoc IMembers
    function detailsOf(MemberId member) external view returns (Member memory) {
        require(_members[member].roles != 0, MemberUnknown(member));
        return _members[member];
    }

    /// @inheritdoc IMembers
    function memberCount() external view returns (uint256) {
        return _admitted.length;
    }

    /// @inheritdoc IMembers
    function memberAt(uint256 ordinal) external view returns (MemberId) {
        return _admitted[Pages.indexOf(_admitted.length, ordinal)];
    }

    /// @inheritdoc IMembers
    function membersFrom(
        uint256 from,
        uint256 size
    ) external view returns (MemberId[] memory found) {
        found = new MemberId[](Pages.lengthOf(_admitted.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _admitted[from - 1 + i];
    }

    function _own(MemberId member, address key) private {
        require(key != address(0), KeyUnusable(key));
        MemberId owner = _ownerOf[key];
        require(owner == NO_MEMBER || owner == member, KeyTaken(key, owner));
        _ownerOf[key] = member;
    }

    function _keyOf(Keys storage keys, Duty duty) private view returns (address) {
        if (duty == Duty.Commit) return keys.commit;
        return duty == Duty.Settle ? keys.settle : keys.govern;
    }

    function _tellFollower(MemberId member, address previousKey, address newKey) private {
        if (address(_follower) != address(0)) {
            _follower.commitKeyChanged(member, previousKey, newKey);
        }
    }
}
