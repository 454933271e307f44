// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";
import {
    BatchPath,
    ChargeGroup,
    CreditGroup,
    InvoiceDocument,
    LeafRest,
    RunningOpening,
    ShownChunk
} from "../types/Openings.sol";
import {
    CalendarRow,
    Component,
    IntervalRow,
    PriceEvidence,
    PriceRow,
    TariffHeader
} from "../types/Rows.sol";

/// @title docs/PROTOCOL.md as functions
/// @notice Stateless: whoever audits can ask any node of the ledger to compute a digest or a price the
/// very way the claims contract does. Trust: none; it holds nothing and nobody controls it.
interface IVerifier {
    error ChunkIncomplete(uint256 leaves, uint256 given);
    error TariffRootMismatch(bytes32 published, bytes32 opened);

    /// @param keeper The contract that keeps the commitments.
    function domainOf(
        address keeper,
        MemberId operator,
        AgreementId agreement,
        uint8 kind,
        uint64 number
    ) external view returns (BookId);

    /// @param chunk Its number in the batch; only the remainder by the batch's count of chunks counts.
    /// @return The seal that the leaves of a whole chunk lead to.
    function sealOfChunk(
        BookId book,
        uint64 sequence,
        uint256 chunk,
        ShownChunk calldata shown
    ) external pure returns (bytes32);

    function chargeDigest(ChargeGroup calldata group) external pure returns (bytes32);

    function creditDigest(CreditGroup calldata group) external pure returns (bytes32);

    function chargeLeaf(
        BookId book,
        ChargeGroup calldata group,
        LeafRest calldata rest
    ) external pure returns (bytes32);

    function creditLeaf(
        BookId book,
        CreditGroup calldata group,
        LeafRest calldata rest
    ) external pure returns (bytes32);

    /// @return The root of the inclusion tree that the leaf at `index` leads to.
    function inclusionRoot(
        bytes32 leaf,
        uint32 index,
        uint8 depth,
        bytes32[] calldata siblings
    ) external pure returns (bytes32);

    function commitmentOf(
        BookId book,
        uint64 sequence,
        uint8 depth,
        bytes32 root,
        bytes32 totals,
        bytes32 runningTotals
    ) external pure returns (bytes32);

    /// @param blockTime Seconds.
    function sealOf(bytes32 commitment, uint64 blockTime) external pure returns (bytes32);

    /// @return The seal that an opened charge at this place leads to; compare it with the book's.
    function sealOfCharge(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        ChargeGroup calldata group,
        LeafRest calldata rest,
        BatchPath calldata path
    ) external pure returns (bytes32);

    /// @return The seal that an opened credit at this place leads to.
    function sealOfCredit(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        CreditGroup calldata group,
        LeafRest calldata rest,
        BatchPath calldata path
    ) external pure returns (bytes32);

    /// @return The seal that opened running totals lead to.
    function sealOfRunningTotals(
        BookId book,
        uint64 sequence,
        RunningOpening calldata opening
    ) external pure returns (bytes32);

    function pseudonymOf(
        BookId book,
        address disputeAddress,
        bytes32 blind
    ) external pure returns (bytes32);

    function invoiceDocumentDigest(
        InvoiceDocument calldata document
    ) external pure returns (bytes32);

    /// @return What a claim names of its evidence (docs/PROTOCOL.md section 10).
    function evidenceHashOf(
        address finder,
        bytes32 leaf,
        bytes32 salt
    ) external pure returns (bytes32);

    function intervalRowDigest(IntervalRow calldata row) external pure returns (bytes32);

    function calendarRowDigest(CalendarRow calldata row) external pure returns (bytes32);

    function priceRowDigest(PriceRow calldata row) external pure returns (bytes32);

    function tariffRoot(TariffHeader calldata header) external pure returns (bytes32);

    /// @notice What a tariff asks for a charge. Reverts when the rows are not in the tariff, do not
    /// apply to the charge, or are not for the ledger to decide.
    /// @return amountNano Nano-units of the header's currency.
    function priceUnder(
        bytes32 root,
        ChargeGroup calldata charge,
        PriceEvidence calldata evidence
    ) external pure returns (uint128 amountNano);

    /// @notice As `priceUnder`, part by part.
    function componentsUnder(
        bytes32 root,
        ChargeGroup calldata charge,
        PriceEvidence calldata evidence
    ) external pure returns (Component[] memory);

    /// @return amountNano What one row asks for a quantity by the linear price, whatever row it is.
    function priceOf(
        PriceRow calldata row,
        uint64 quantity
    ) external pure returns (uint128 amountNano);
}
