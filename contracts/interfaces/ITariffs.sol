// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId } from "../types/Identifiers.sol";

/// @notice A root and the second from which it holds.
struct DatedRoot {
    bytes32 root;
    /// Seconds.
    uint64 validFrom;
}

/// @title The tariffs of each operator under each agreement
/// @notice Only roots stand here (docs/PROTOCOL.md section 8); rows are proven against them. A version
/// is in force from its start until the next one's. Trust: no version can start in the past, and a
/// published one never changes. What parties agree on for the past later on stands in {IAmendments}
/// and never changes which version was in force.
interface ITariffs {
    event TariffPublished(
        AgreementId indexed agreement,
        MemberId indexed operator,
        uint32 indexed version,
        bytes32 root,
        uint64 validFrom
    );

    error VersionOutOfOrder(uint32 expected, uint32 given);
    error ValidFromTooEarly(uint64 earliest, uint64 given);
    error TariffRootEmpty();
    error NoTariffInForce(AgreementId agreement, MemberId operator, uint64 instant);

    /// @notice The sender's member (Govern key) publishes its next version.
    /// @param version Counts from 1.
    /// @param validFrom Seconds: not before this block, strictly later than the version before; from
    /// the second version on after the agreement's notice.
    function publish(
        AgreementId agreement,
        uint32 version,
        bytes32 root,
        uint64 validFrom
    ) external;

    /// @param instant Milliseconds.
    function versionInForce(
        AgreementId agreement,
        MemberId operator,
        uint64 instant
    ) external view returns (uint32 version, bytes32 root);

    function versionCount(AgreementId agreement, MemberId operator) external view returns (uint32);

    /// @param version From 1 to versionCount().
    function versionAt(
        AgreementId agreement,
        MemberId operator,
        uint32 version
    ) external view returns (DatedRoot memory);

    /// @param from From 1.
    /// @param size At most 100.
    function versionsFrom(
        AgreementId agreement,
        MemberId operator,
        uint256 from,
        uint256 size
    ) external view returns (DatedRoot[] memory);
}
