// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId } from "../types/Identifiers.sol";
import { DatedRoot } from "./ITariffs.sol";

/// @title Dated tables of exchange rates
/// @notice Rates change at other times than prices, so their tables have roots of their own, one series
/// for each set of currency pairs of an operator under an agreement. A table is in force from its
/// start until the next one's. Trust: as with tariffs, none starts in the past, each but the first
/// is published the agreement's notice ahead, and a published one never changes.
interface IExchangeTables {
    event ExchangeTablePublished(
        AgreementId indexed agreement,
        MemberId indexed operator,
        bytes32 indexed pairs,
        uint32 version,
        bytes32 root,
        uint64 validFrom
    );
    event PairsIntroduced(
        AgreementId indexed agreement,
        MemberId indexed operator,
        bytes32 indexed pairs
    );

    error PairsEmpty();
    error PairsTooMany(uint256 most);
    error NoTableInForce(AgreementId agreement, MemberId operator, bytes32 pairs, uint64 instant);

    /// @notice The sender's member (Govern key), an operator of the agreement, publishes its next table.
    /// @param pairs Name of the set of currency pairs, in ASCII; an operator has at most 64.
    /// @param version Counts from 1 for each set.
    /// @param root Of the table's rows.
    /// @param validFrom Seconds.
    function publish(
        AgreementId agreement,
        bytes32 pairs,
        uint32 version,
        bytes32 root,
        uint64 validFrom
    ) external;

    /// @param instant Milliseconds.
    function tableInForce(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs,
        uint64 instant
    ) external view returns (uint32 version, bytes32 root);

    /// @return The names of all sets, at most 64.
    function pairsOf(
        AgreementId agreement,
        MemberId operator
    ) external view returns (bytes32[] memory);

    function tableCount(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs
    ) external view returns (uint32);

    /// @param from From 1.
    /// @param size At most 100.
    function tablesFrom(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs,
        uint256 from,
        uint256 size
    ) external view returns (DatedRoot[] memory);
}
