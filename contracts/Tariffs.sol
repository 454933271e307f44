// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBooks } from "./interfaces/IBooks.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ITariffs, TariffVersion } from "./interfaces/ITariffs.sol";
import { AgreementId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {ITariffs}.
contract Tariffs is ITariffs, MemberGated {
    uint64 private constant SECOND_MILLISECONDS = 1000;

    IAgreements public immutable agreements;

    mapping(AgreementId agreement => mapping(MemberId operator => TariffVersion[]))
        private _versions;

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
        require(root != bytes32(0), TariffRootEmpty());
        TariffVersion[] storage versions = _versions[agreement][operator];
        uint32 expected = uint32(versions.length) + 1;
        require(version == expected, VersionOutOfOrder(expected, version));
        uint64 earliest = _earliestStart(agreement, versions);
        require(validFrom >= earliest, ValidFromTooEarly(earliest, validFrom));
        versions.push(TariffVersion({ root: root, validFrom: validFrom }));
        emit TariffPublished(agreement, operator, version, root, validFrom);
    }

    /// @inheritdoc ITariffs
    /// @dev Binary search: starts are strictly increasing.
    function versionInForce(
        AgreementId agreement,
        MemberId operator,
        uint64 instant
    ) external view returns (uint32 version, bytes32 root) {
        TariffVersion[] storage versions = _versions[agreement][operator];
        uint64 second = instant / SECOND_MILLISECONDS;
        uint256 low = 0;
        uint256 high = versions.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (versions[middle].validFrom <= second) low = middle + 1;
            else high = middle;
        }
        require(low > 0, NoTariffInForce(agreement, operator, instant));
        return (uint32(low), versions[low - 1].root);
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
    ) external view returns (TariffVersion memory) {
        return _versions[agreement][operator][version - 1];
    }

    function _earliestStart(
        AgreementId agreement,
        TariffVersion[] storage versions
    ) private view returns (uint64 earliest) {
        earliest = uint64(block.timestamp);
        if (versions.length == 0) return earliest;
        earliest += agreements.windowsOf(agreement).tariffNotice;
        uint64 afterLast = versions[versions.length - 1].validFrom + 1;
        if (earliest < afterLast) earliest = afterLast;
    }
}
