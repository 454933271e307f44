// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBooks } from "./interfaces/IBooks.sol";
import { IExchangeTables } from "./interfaces/IExchangeTables.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { DatedRoot } from "./interfaces/ITariffs.sol";
import { DatedRoots } from "./libraries/DatedRoots.sol";
import { AgreementId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IExchangeTables}.
contract ExchangeTables is IExchangeTables, MemberGated {
    using DatedRoots for DatedRoot[];

    uint64 private constant SECOND_MILLISECONDS = 1000;
    uint256 private constant PAIRS_MAX = 64;

    struct Sets {
        bytes32[] names;
        mapping(bytes32 pairs => DatedRoot[]) tables;
    }

    IAgreements public immutable agreements;

    mapping(AgreementId agreement => mapping(MemberId operator => Sets)) private _sets;

    constructor(IMembers members_, IAgreements agreements_) MemberGated(members_) {
        agreements = agreements_;
    }

    /// @inheritdoc IExchangeTables
    function publish(
        AgreementId agreement,
        bytes32 pairs,
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
        require(pairs != bytes32(0), PairsEmpty());
        Sets storage sets = _sets[agreement][operator];
        DatedRoot[] storage tables = sets.tables[pairs];
        if (tables.length == 0) {
            require(sets.names.length < PAIRS_MAX, PairsTooMany(PAIRS_MAX));
            sets.names.push(pairs);
            emit PairsIntroduced(agreement, operator, pairs);
        }
        tables.append(version, root, validFrom, agreements.windowsOf(agreement).tariffNotice);
        emit ExchangeTablePublished(agreement, operator, pairs, version, root, validFrom);
    }

    /// @inheritdoc IExchangeTables
    function tableInForce(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs,
        uint64 instant
    ) external view returns (uint32 version, bytes32 root) {
        DatedRoot[] storage tables = _sets[agreement][operator].tables[pairs];
        version = tables.versionAt(instant / SECOND_MILLISECONDS);
        require(version > 0, NoTableInForce(agreement, operator, pairs, instant));
        root = tables[version - 1].root;
    }

    /// @inheritdoc IExchangeTables
    function pairsOf(
        AgreementId agreement,
        MemberId operator
    ) external view returns (bytes32[] memory) {
        return _sets[agreement][operator].names;
    }

    /// @inheritdoc IExchangeTables
    function tableCount(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs
    ) external view returns (uint32) {
        return uint32(_sets[agreement][operator].tables[pairs].length);
    }

    /// @inheritdoc IExchangeTables
    function tablesFrom(
        AgreementId agreement,
        MemberId operator,
        bytes32 pairs,
        uint256 from,
        uint256 size
    ) external view returns (DatedRoot[] memory) {
        return _sets[agreement][operator].tables[pairs].page(from, size);
    }
}
