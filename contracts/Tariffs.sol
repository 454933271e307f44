// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBooks } from "./interfaces/IBooks.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { DatedRoot, ITariffs } from "./interfaces/ITariffs.sol";
import { DatedRoots } from "./libraries/DatedRoots.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {ITariffs}.
contract Tariffs is ITariffs, MemberGated {
    using DatedRoots for DatedRoot[];

    uint64 private constant SECOND_MILLISECONDS = 1000;

    IAgreements public immutable agreements;

    mapping(AgreementId agreement => mapping(MemberId operator => DatedRoot[])) private _versions;

    constructor(IMembers members_, IAgreements agreements_) MemberGated(members_) {
        agreements = agreements_;
    }

    /// @inheritdoc ITariffs
    function publish(
        AgreementId agreement,
        uint32 version,
        bytes32 root,
        uint64 validFrom
    ) external {
        MemberId operator = _activeSenderHolding(Duty.Govern);
        require(agreements.isInForce(agreement), IAgreements.AgreementNotInForce(agreement));
        require(
            agreements.payerOf(agreement, operator) != NO_MEMBER,
            IBooks.OperatorHasNoSide(agreement, operator)
        );
        uint64 notice = agreements.windowsOf(agreement).tariffNotice;
        _versions[agreement][operator].append(version, root, validFrom, notice);
        emit TariffPublished(agreement, operator, version, root, validFrom);
    }

    /// @inheritdoc ITariffs
    function versionInForce(
        AgreementId agreement,
        MemberId operator,
        uint64 instant
    ) external view returns (uint32 version, bytes32 root) {
        DatedRoot[] storage versions = _versions[agreement][operator];
        version = versions.versionAt(instant / SECOND_MILLISECONDS);
        require(version > 0, NoTariffInForce(agreement, operator, instant));
        root = versions[version - 1].root;
    }

    /// @inheritdoc ITariffs
    function versionCount(AgreementId agreement, MemberId operator) external view returns (uint32) {
        return uint32(_versions[agreement][operator].length);
    }

    /// @inheritdoc ITariffs
    function versionAt(
        AgreementId agreement,
        MemberId operator,
        uint32 version
    ) external view returns (DatedRoot memory) {
        DatedRoot[] storage versions = _versions[agreement][operator];
        return versions[Pages.indexOf(versions.length, version)];
    }

    /// @inheritdoc ITariffs
    function versionsFrom(
        AgreementId agreement,
        MemberId operator,
        uint256 from,
        uint256 size
    ) external view returns (DatedRoot[] memory) {
        return _versions[agreement][operator].page(from, size);
    }
}
