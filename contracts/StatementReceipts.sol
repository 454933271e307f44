// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty } from "./interfaces/IMembers.sol";
import { IStatementReceipts, ShownChunk, SamplePlace } from "./interfaces/IStatementReceipts.sol";
import { IStatements, Statement, StatementState } from "./interfaces/IStatements.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { AgreementId, BookId, MemberId, StatementId } from "./types/Identifiers.sol";
import { ShownChunk } from "./types/Openings.sol";

/// @notice What it promises, and whom it trusts, is written in {IStatementReceipts}.
/// @dev Part of {Statements}, which decides what it means to have been received.
abstract contract StatementReceipts is IStatementReceipts, MemberGated, EIP712 {
    uint256 private constant SAMPLES_FIRST = 3;
    /// @dev From this draw on no more chunks are asked for: 8.
    uint8 private constant DRAWS_MAX = 6;
    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "StatementReceipt(bytes32 statement,bytes20 member,bytes32 dataDigest,uint64 validUntil)"
    );

    struct Delivery {
        /// Ledger time.
        uint64 sampleFrom;
        uint64 drawingBlock;
        uint8 draws;
        uint8 receipts;
    }

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    IVerifier public immutable verifier;

    mapping(StatementId statement => Statement) internal _statements;
    mapping(StatementId statement => Delivery) private _deliveries;
    mapping(StatementId statement => mapping(MemberId member => bytes32)) private _receipts;

    constructor(
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IVerifier verifier_
    ) EIP712("Tallystick Statements", "1") {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        verifier = verifier_;
    }

    /// @inheritdoc IStatementReceipts
    function signReceipt(StatementId id, bytes32 dataDigest) external {
        _signReceipt(id, _senderHolding(Duty.Settle), dataDigest);
    }

    /// @inheritdoc IStatementReceipts
    function signReceiptBySignature(
        StatementId id,
        MemberId member,
        bytes32 dataDigest,
        uint64 validUntil,
        bytes calldata signature
    ) external {
        require(block.timestamp <= validUntil, ReceiptExpired(validUntil));
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(RECEIPT_TYPEHASH, id, member, dataDigest, validUntil))
        );
        address key = members.detailsOf(member).keys.settle;
        require(
            SignatureChecker.isValidSignatureNow(key, digest, signature),
            ReceiptInvalid(member)
        );
        _signReceipt(id, member, dataDigest);
    }

    /// @inheritdoc IStatementReceipts
    function drawSample(StatementId id) external {
        Statement storage stored = _awaited(id);
        _requireCommitOrSettle(books.bookOf(stored.book).operator);
        Delivery storage delivery = _deliveries[id];
        uint64 ledgerTime = clock.ledgerTime();
        require(
            ledgerTime > delivery.sampleFrom,
            SampleTooEarly(id, delivery.sampleFrom, ledgerTime)
        );
        require(
            delivery.draws == 0 || _isLapsed(delivery.drawingBlock),
            SampleDrawnAlready(id, delivery.drawingBlock)
        );
        delivery.drawingBlock = uint64(block.number) + 1;
        if (delivery.draws < DRAWS_MAX) delivery.draws += 1;
        emit SampleDrawn(id, delivery.drawingBlock, _chunksOf(delivery));
    }

    /// @inheritdoc IStatementReceipts
    function showSample(StatementId id, ShownChunk[] calldata chunks) external {
        Statement storage stored = _awaited(id);
        SamplePlace[] memory places = sampleOf(id);
        require(chunks.length == places.length, SampleIncomplete(id, places.length, chunks.length));
        for (uint256 i = 0; i < places.length; ++i) {
            _requireShown(id, stored.book, places[i], chunks[i]);
        }
        emit SampleShown(id);
        _receive(id, stored);
    }

    /// @inheritdoc IStatementReceipts
    function sampleOf(StatementId id) public view returns (SamplePlace[] memory places) {
        Delivery storage delivery = _deliveries[id];
        require(delivery.draws > 0 && block.number > delivery.drawingBlock, SampleNotDrawn(id));
        require(!_isLapsed(delivery.drawingBlock), SampleLapsed(id, delivery.drawingBlock));
        bytes32 drawn = blockhash(delivery.drawingBlock);
        Statement storage stored = _statements[id];
        uint256 batches = stored.toSequence - stored.fromSequence + 1;
        places = new SamplePlace[](_chunksOf(delivery));
        for (uint256 i = 0; i < places.length; ++i) {
            uint256 number = uint256(keccak256(abi.encode(drawn, id, i)));
            places[i] = SamplePlace({
                sequence: stored.fromSequence + uint64((number >> 128) % batches),
                number: number & type(uint128).max
            });
        }
    }

    /// @inheritdoc IStatementReceipts
    function sampleFrom(StatementId id) external view returns (uint64) {
        return _deliveries[id].sampleFrom;
    }

    /// @inheritdoc IStatementReceipts
    function receiptOf(StatementId id, MemberId member) external view returns (bytes32) {
        return _receipts[id][member];
    }

    /// @dev With nobody to receive it, a statement is received when it is posted.
    function _awaitReceipt(StatementId id, Book memory book) internal {
        if (_receiversNeeded(book) == 0) {
            _receive(id, _statements[id]);
        } else {
            uint32 length = agreements.windowsOf(book.agreement).demand;
            uint64 from = clock.ledgerTime() + length;
            _deliveries[id].sampleFrom = from;
            emit ReceiptAwaited(id, from);
        }
    }

    /// @return Whether the member is one whom the statement is there for: the payer, or any other party
    /// where the operator pays itself.
    function _isReceiver(Book memory book, MemberId member) internal view returns (bool) {
        MemberId payer = agreements.payerOf(book.agreement, book.operator);
        return
            payer == book.operator
                ? member != book.operator && agreements.isParty(book.agreement, member)
                : member == payer;
    }

    function _signReceipt(StatementId id, MemberId member, bytes32 dataDigest) private {
        Statement storage stored = _awaited(id);
        Book memory book = books.bookOf(stored.book);
        require(_isReceiver(book, member), MayNotReceive(id, member));
        // Zero stands for nothing signed.
        require(dataDigest != bytes32(0), ReceiptInvalid(member));
        require(_receipts[id][member] == bytes32(0), ReceiptSignedAlready(id, member));
        _receipts[id][member] = dataDigest;
        Delivery storage delivery = _deliveries[id];
        delivery.receipts += 1;
        emit StatementReceiptSigned(id, member, dataDigest);
        if (delivery.receipts == _receiversNeeded(book)) _receive(id, stored);
    }

    function _receive(StatementId id, Statement storage stored) private {
        AgreementId agreement = books.bookOf(stored.book).agreement;
        stored.objectBy = clock.ledgerTime() + agreements.windowsOf(agreement).challenge;
        emit StatementReceived(id, stored.objectBy);
    }

    function _receiversNeeded(Book memory book) private view returns (uint256) {
        if (agreements.payerOf(book.agreement, book.operator) != book.operator) return 1;
        return agreements.partiesOf(book.agreement).length - 1;
    }

    function _awaited(StatementId id) private view returns (Statement storage stored) {
        stored = _statements[id];
        require(
            stored.state == StatementState.Posted,
            IStatements.StatementStateWrong(id, stored.state)
        );
        require(stored.objectBy == 0, ReceivedAlready(id));
    }

    function _requireShown(
        StatementId id,
        BookId book,
        SamplePlace memory place,
        ShownChunk calldata chunk
    ) private view {
        bytes32 kept = books.sealOf(book, place.sequence);
        if (kept == bytes32(0)) return;
        bytes32 opened = verifier.sealOfChunk(book, place.sequence, place.number, chunk);
        require(kept == opened, SampleWrong(id, place.sequence, kept, opened));
    }

    /// @dev The ledger knows the hashes of 256 blocks.
    function _isLapsed(uint64 drawingBlock) private view returns (bool) {
        return block.number > drawingBlock && blockhash(drawingBlock) == bytes32(0);
    }

    function _chunksOf(Delivery storage delivery) private view returns (uint256) {
        return SAMPLES_FIRST + delivery.draws - 1;
    }
}
