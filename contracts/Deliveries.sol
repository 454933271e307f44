// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "./interfaces/IBooks.sol";
import { IDeliveries } from "./interfaces/IDeliveries.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { Hashes } from "./libraries/Hashes.sol";
import { InclusionProof } from "./libraries/InclusionProof.sol";
import { BookId } from "./types/Identifiers.sol";
import { BatchPath } from "./types/Openings.sol";

/// @notice What it promises is written in {IDeliveries}.
contract Deliveries is IDeliveries {
    uint8 private constant BOOK_OF_CREDITS = 2;
    uint256 private constant CHUNK_LEAVES = 32;
    uint256 private constant CHUNK_DEPTH = 5;
    bytes32 private constant FILL_LEAF = keccak256(abi.encodePacked(Hashes.FILL));

    /// @dev Bytes of the groups without tag and version, of an amount, of what stands before paths.
    uint256 private constant ACCOUNT = 128;
    uint256 private constant PARTY = 109;
    uint256 private constant CHARGE = 133;
    uint256 private constant CREDIT = 97;
    uint256 private constant AMOUNT = 16;
    uint256 private constant BATCH = 73;
    uint256 private constant PLACE = 12;

    IBooks public immutable books;

    constructor(IBooks books_) {
        books = books_;
    }

    /// @inheritdoc IDeliveries
    function opensCharge(
        BookId book,
        bytes32 pseudonym,
        uint64 chargeNumber,
        bytes calldata plain
    ) external view returns (bool) {
        uint256 opening = ACCOUNT + PARTY + CHARGE + AMOUNT;
        uint256 head = opening + PLACE + BATCH;
        if (plain.length < head) return false;
        uint256 depth = uint8(plain[opening + PLACE]);
        if (!_isDepth(depth) || !_fits(plain, head + 32 * depth)) return false;
        if (bytes32(plain[32:64]) != pseudonym || uint64(bytes8(plain[64:72])) != chargeNumber)
            return false;
        uint64 sequence = uint64(bytes8(plain[opening:opening + 8]));
        uint256 index = uint32(bytes4(plain[opening + 8:opening + PLACE]));
        if (index >> depth != 0) return false;
        bytes32 root = InclusionProof.rootOf(
            _leaf(book, false, plain[:opening]),
            index,
            depth,
            _words(plain[head:], depth)
        );
        return _isKept(book, sequence, root, plain[opening + PLACE:head]);
    }

    /// @inheritdoc IDeliveries
    function opensChunk(
        BookId book,
        uint64 sequence,
        uint32 chunk,
        bytes calldata plain
    ) external view returns (bool) {
        uint256 head = BATCH + 1;
        if (plain.length < head) return false;
        uint256 depth = uint8(plain[0]);
        if (!_isDepth(depth)) return false;
        bool ofCredits = books.bookOf(book).kind == BOOK_OF_CREDITS;
        uint256 opening = ACCOUNT + PARTY + (ofCredits ? CREDIT : CHARGE) + AMOUNT;
        uint256 steps = depth - CHUNK_DEPTH;
        uint256 leavesAt = head + 32 * steps;
        uint256 count = uint8(plain[BATCH]);
        if (
            count > CHUNK_LEAVES ||
            chunk >> steps != 0 ||
            !_fits(plain, leavesAt + CHUNK_LEAVES * opening)
        ) return false;
        bytes32[] memory level = new bytes32[](CHUNK_LEAVES);
        for (uint256 i = 0; i < CHUNK_LEAVES; ++i) {
            uint256 from = leavesAt + i * opening;
            level[i] = i < count ? _leaf(book, ofCredits, plain[from:from + opening]) : FILL_LEAF;
        }
        bytes32 root = InclusionProof.rootOf(
            _rootOf(level),
            chunk,
            steps,
            _words(plain[head:], steps)
        );
        return _isKept(book, sequence, root, plain[:BATCH]);
    }

    /// @param batch depth[1], totals[32], runningTotals[32], blockTime[8].
    function _isKept(
        BookId book,
        uint64 sequence,
        bytes32 root,
        bytes calldata batch
    ) private view returns (bool) {
        bytes32 commitment = Commitments.commitment(
            book,
            sequence,
            uint8(batch[0]),
            root,
            bytes32(batch[1:33]),
            bytes32(batch[33:65])
        );
        bytes32 kept = books.sealOf(book, sequence);
        return
            kept != bytes32(0) &&
            kept == Commitments.seal(commitment, uint64(bytes8(batch[65:73])));
    }

    /// @param opening account, party and third group without tag and version, then the amount.
    function _leaf(
        BookId book,
        bool ofCredits,
        bytes calldata opening
    ) private pure returns (bytes32) {
        uint256 thirdAt = ACCOUNT + PARTY;
        uint256 amountAt = opening.length - AMOUNT;
        return
            keccak256(
                abi.encodePacked(
                    Hashes.LEAF,
                    Hashes.VERSION,
                    book,
                    _group(Hashes.ACCOUNT, opening[:ACCOUNT]),
                    _group(Hashes.PARTY, opening[ACCOUNT:thirdAt]),
                    _group(ofCredits ? Hashes.CREDIT : Hashes.CHARGE, opening[thirdAt:amountAt]),
                    bytes16(opening[amountAt:])
                )
            );
    }

    function _group(bytes1 tag, bytes calldata fields) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(tag, Hashes.VERSION, fields));
    }

    /// @dev 32 leaves to one node; the level is used up.
    function _rootOf(bytes32[] memory level) private pure returns (bytes32) {
        for (uint256 width = CHUNK_LEAVES / 2; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                level[i] = keccak256(abi.encodePacked(Hashes.NODE, level[2 * i], level[2 * i + 1]));
            }
        }
        return level[0];
    }

    function _words(
        bytes calldata from,
        uint256 count
    ) private pure returns (bytes32[] memory words) {
        words = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = bytes32(from[32 * i:32 * i + 32]);
    }

    function _isDepth(uint256 depth) private pure returns (bool) {
        return depth >= Hashes.BATCH_DEPTH_MIN && depth <= Hashes.BATCH_DEPTH_MAX;
    }

    /// @dev What was encrypted is filled up to whole words.
    function _fits(bytes calldata plain, uint256 length) private pure returns (bool) {
        return plain.length == ((length + 31) / 32) * 32;
    }
}
