// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberId, StatementId } from "../types/Identifiers.sol";
import { ShownChunk } from "../types/Openings.sol";

/// @notice A place that was drawn: the batch, and a number of which the remainder by the batch's count of chunks
/// (2 to the power of its depth less 5) is the chunk.
struct SamplePlace {
    uint64 sequence;
    uint256 number;
}

/// @title Whether the data of a statement was received
/// @notice Nobody can check a statement without the charges behind it, so the window to object begins only
/// when they were received. Whoever may object says so by a signature; where an operator pays itself,
/// each of its partners does, and with no partner there is nobody to wait for. A receiver that stays
/// silent can not hold the money for ever: after the demand window, in which it can demand on the
/// ledger what it lacks, the operator draws places and shows what was committed there, by the hash of a
/// block that was not made yet. A sample shows 32 leaves, which are hashes, and nobody's charge.
/// Where a drawn batch was voided there is nothing to show, and nothing is looked at.
/// Trust: a sample proves that the books were kept whole, not that anyone got their contents; contents are
/// what demands are for. Whoever makes the drawing block can discard one that it dislikes at the cost
/// of the block; an operator that lets a draw lapse, to draw again, has to show one chunk more each
/// time.
interface IStatementReceipts {
    event ReceiptAwaited(StatementId indexed statement, uint64 sampleFrom);
    event StatementReceiptSigned(
        StatementId indexed statement,
        MemberId indexed by,
        bytes32 dataDigest
    );
    event SampleDrawn(StatementId indexed statement, uint64 drawingBlock, uint256 chunks);
    event SampleShown(StatementId indexed statement);
    event StatementReceived(StatementId indexed statement, uint64 objectBy);

    error NotReceivedYet(StatementId statement);
    error ReceivedAlready(StatementId statement);
    error MayNotReceive(StatementId statement, MemberId member);
    error ReceiptSignedAlready(StatementId statement, MemberId member);
    error ReceiptExpired(uint64 validUntil);
    error ReceiptInvalid(MemberId member);
    error SampleTooEarly(StatementId statement, uint64 from, uint64 ledgerTime);
    error SampleDrawnAlready(StatementId statement, uint64 drawingBlock);
    error SampleNotDrawn(StatementId statement);
    error SampleLapsed(StatementId statement, uint64 drawingBlock);
    error SampleIncomplete(StatementId statement, uint256 chunks, uint256 given);
    error SampleWrong(StatementId statement, uint64 sequence, bytes32 kept, bytes32 opened);

    /// @notice The sender's member (Settle key) received the data of the statement.
    /// @param dataDigest Of what it received, for later.
    function signReceipt(StatementId statement, bytes32 dataDigest) external;

    /// @notice Anyone carries a receipt (EIP-712 type `StatementReceipt(bytes32 statement,bytes20
    /// member,bytes32 dataDigest,uint64 validUntil)`), made with the member's Settle key, which may be a
    /// contract.
    /// @param validUntil Block time in seconds.
    function signReceiptBySignature(
        StatementId statement,
        MemberId member,
        bytes32 dataDigest,
        uint64 validUntil,
        bytes calldata signature
    ) external;

    /// @notice The operator (Commit or Settle key), from the end of the demand window on; again when the
    /// drawing block is too old for the ledger to know its hash (256 blocks).
    function drawSample(StatementId statement) external;

    /// @notice Anyone shows all chunks that were drawn, in their order.
    function showSample(StatementId statement, ShownChunk[] calldata chunks) external;

    /// @return What is to be shown now.
    function sampleOf(StatementId statement) external view returns (SamplePlace[] memory);

    /// @return Ledger time from which a sample can be drawn.
    function sampleFrom(StatementId statement) external view returns (uint64);

    /// @return What the member signed for; zero for nothing.
    function receiptOf(StatementId statement, MemberId member) external view returns (bytes32);
}
