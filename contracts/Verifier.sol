// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IVerifier } from "./interfaces/IVerifier.sol";
import { Chunks } from "./libraries/Chunks.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { Explaining } from "./libraries/Explaining.sol";
import { InclusionProof } from "./libraries/InclusionProof.sol";
import { Leaves } from "./libraries/Leaves.sol";
import { Repricing } from "./libraries/Repricing.sol";
import { TariffRows } from "./libraries/TariffRows.sol";
import { AgreementId, BookId, MemberId } from "./types/Identifiers.sol";
import {
    BatchPath,
    ChargeGroup,
    CreditGroup,
    InvoiceDocument,
    LeafRest,
    RunningOpening,
    ShownChunk
} from "./types/Openings.sol";
import {
    CalendarRow,
    Component,
    IntervalRow,
    PriceEvidence,
    PriceRow,
    TariffHeader
} from "./types/Rows.sol";

/// @notice What it promises, and whom it trusts, is written in {IVerifier}.
contract Verifier is IVerifier {
    using Leaves for ChargeGroup;
    using Leaves for CreditGroup;
    using Leaves for InvoiceDocument;
    using TariffRows for IntervalRow;
    using TariffRows for CalendarRow;
    using TariffRows for PriceRow;
    using TariffRows for TariffHeader;

    /// @inheritdoc IVerifier
    function domainOf(
        address keeper,
        MemberId operator,
        AgreementId agreement,
        uint8 kind,
        uint64 number
    ) external view returns (BookId) {
        return Commitments.domain(keeper, operator, agreement, kind, number);
    }

    /// @inheritdoc IVerifier
    function sealOfChunk(
        BookId book,
        uint64 sequence,
        uint256 chunk,
        ShownChunk calldata shown
    ) external pure returns (bytes32) {
        return Chunks.seal(book, sequence, chunk, shown);
    }

    /// @inheritdoc IVerifier
    function chargeDigest(ChargeGroup calldata group) external pure returns (bytes32) {
        return group.digest();
    }

    /// @inheritdoc IVerifier
    function creditDigest(CreditGroup calldata group) external pure returns (bytes32) {
        return group.digest();
    }

    /// @inheritdoc IVerifier
    function chargeLeaf(
        BookId book,
        ChargeGroup calldata group,
        LeafRest calldata rest
    ) external pure returns (bytes32) {
        return Leaves.leaf(book, group.digest(), rest);
    }

    /// @inheritdoc IVerifier
    function creditLeaf(
        BookId book,
        CreditGroup calldata group,
        LeafRest calldata rest
    ) external pure returns (bytes32) {
        return Leaves.leaf(book, group.digest(), rest);
    }

    /// @inheritdoc IVerifier
    function inclusionRoot(
        bytes32 leaf,
        uint32 index,
        uint8 depth,
        bytes32[] calldata siblings
    ) external pure returns (bytes32) {
        return InclusionProof.rootOfBatch(leaf, index, depth, siblings);
    }

    /// @inheritdoc IVerifier
    function commitmentOf(
        BookId book,
        uint64 sequence,
        uint8 depth,
        bytes32 root,
        bytes32 totals,
        bytes32 runningTotals
    ) external pure returns (bytes32) {
        return Commitments.commitment(book, sequence, depth, root, totals, runningTotals);
    }

    /// @inheritdoc IVerifier
    function sealOf(bytes32 commitment, uint64 blockTime) external pure returns (bytes32) {
        return Commitments.seal(commitment, blockTime);
    }

    /// @inheritdoc IVerifier
    function sealOfCharge(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        ChargeGroup calldata group,
        LeafRest calldata rest,
        BatchPath calldata path
    ) external pure returns (bytes32) {
        bytes32 leaf = Leaves.leaf(book, group.digest(), rest);
        return Commitments.sealOfLeaf(book, sequence, leafIndex, leaf, path);
    }

    /// @inheritdoc IVerifier
    function sealOfCredit(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        CreditGroup calldata group,
        LeafRest calldata rest,
        BatchPath calldata path
    ) external pure returns (bytes32) {
        bytes32 leaf = Leaves.leaf(book, group.digest(), rest);
        return Commitments.sealOfLeaf(book, sequence, leafIndex, leaf, path);
    }

    /// @inheritdoc IVerifier
    function sealOfRunningTotals(
        BookId book,
        uint64 sequence,
        RunningOpening calldata opening
    ) external pure returns (bytes32) {
        return Commitments.sealOfRunningTotals(book, sequence, opening);
    }

    /// @inheritdoc IVerifier
    function pseudonymOf(
        BookId book,
        address disputeAddress,
        bytes32 blind
    ) external pure returns (bytes32) {
        return Leaves.pseudonym(book, disputeAddress, blind);
    }

    /// @inheritdoc IVerifier
    function invoiceDocumentDigest(
        InvoiceDocument calldata document
    ) external pure returns (bytes32) {
        return document.digest();
    }

    /// @inheritdoc IVerifier
    function evidenceHashOf(
        address finder,
        bytes32 leaf,
        bytes32 salt
    ) external pure returns (bytes32) {
        return Leaves.evidenceHash(finder, leaf, salt);
    }

    /// @inheritdoc IVerifier
    function intervalRowDigest(IntervalRow calldata row) external pure returns (bytes32) {
        return row.digest();
    }

    /// @inheritdoc IVerifier
    function calendarRowDigest(CalendarRow calldata row) external pure returns (bytes32) {
        return row.digest();
    }

    /// @inheritdoc IVerifier
    function priceRowDigest(PriceRow calldata row) external pure returns (bytes32) {
        return row.digest();
    }

    /// @inheritdoc IVerifier
    function tariffRoot(TariffHeader calldata header) external pure returns (bytes32) {
        return header.root();
    }

    /// @inheritdoc IVerifier
    function priceUnder(
        bytes32 root,
        ChargeGroup calldata charge,
        PriceEvidence calldata evidence
    ) external pure returns (uint128 amountNano) {
        _requireRows(root, charge, evidence);
        return Repricing.priceOf(charge, evidence);
    }

    /// @inheritdoc IVerifier
    function componentsUnder(
        bytes32 root,
        ChargeGroup calldata charge,
        PriceEvidence calldata evidence
    ) external pure returns (Component[] memory) {
        _requireRows(root, charge, evidence);
        return Explaining.componentsOf(charge, evidence);
    }

    /// @inheritdoc IVerifier
    function priceOf(
        PriceRow calldata row,
        uint64 quantity
    ) external pure returns (uint128 amountNano) {
        return Repricing.linearPriceOf(row, quantity);
    }

    function _requireRows(
        bytes32 root,
        ChargeGroup calldata charge,
        PriceEvidence calldata evidence
    ) private pure {
        bytes32 opened = evidence.header.root();
        require(opened == root, TariffRootMismatch(root, opened));
        TariffRows.requireRows(evidence);
        Repricing.requireApplies(charge, evidence.interval, evidence.calendar, evidence.price);
    }
}
