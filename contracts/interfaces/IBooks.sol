// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";
import { IBonds } from "./IBonds.sol";

/// @notice One batch to commit.
struct Batch {
    BookId book;
    uint64 sequence;
    bytes32 commitment;
}

struct Book {
    MemberId operator;
    AgreementId agreement;
    /// 1 charges, 2 credits, 3 invoices, 4 taxes.
    uint8 kind;
    uint64 number;
    /// The agreement's split that pays out what the book states.
    uint32 split;
    uint64 newestSequence;
    /// The newest batch that a claim or a statement refers to.
    uint64 referencedSequence;
}

/// @title The append-only sequence of batches of each book
/// @notice What is kept of a batch is one word, its seal, H(commitment, block time)
/// (docs/PROTOCOL.md section 6). Trust: nobody, the governor included, can change or remove a seal.
/// Only the operator can void the newest batch of a book, publicly, and only before anything refers
/// to it. Sequence numbers have no gaps and no forks.
interface IBooks {
    event BookOpened(
        BookId indexed book,
        MemberId indexed operator,
        AgreementId indexed agreement,
        uint8 kind,
        uint64 number,
        uint32 split
    );
    event BatchCommitted(
        BookId indexed book,
        uint64 indexed sequence,
        bytes32 commitment,
        uint64 blockTime
    );
    event BatchVoided(BookId indexed book, uint64 indexed sequence);
    event BondsSet(IBonds bonds);
    event BatchReferenced(BookId indexed book, uint64 indexed sequence);

    error BookKindUnknown(uint8 kind);
    error BookNumberOutOfOrder(uint64 expected, uint64 given);
    error BondTooSmall(uint256 least, uint256 bond);
    error BondsSetAlready(IBonds bonds);
    error OperatorHasNoSide(AgreementId agreement, MemberId operator);
    error SplitDiffers(BookId sibling, uint32 split, uint32 given);
    error BookUnknown(BookId book);
    error NotTheCommitKey(BookId book, address sender);
    error SequenceOutOfOrder(BookId book, uint64 expected, uint64 given);
    error CommitmentEmpty(BookId book, uint64 sequence);
    error BatchesTooMany(uint256 count, uint256 most);
    error BatchNotNewest(BookId book, uint64 newest, uint64 given);
    error BatchReferencedAlready(BookId book, uint64 sequence);
    error BatchUnknown(BookId book, uint64 sequence);
    error VoidedTooMany(BookId book, uint64 sequence, uint64 most);

    /// @notice Governor, once: names the contract whose bonds books need.
    function askBonds(IBonds bonds) external;

    /// @notice The sender's member (Commit key, operator) opens a book under an agreement in force. Its
    /// bond has to be at least the agreement's minimum.
    /// @param number One more than the operator's last book of this agreement and kind; from 1.
    /// @param split A split of the agreement; that of the operator's other books of this number.
    /// @return book The book's domain (docs/PROTOCOL.md section 2).
    function openBook(
        AgreementId agreement,
        uint8 kind,
        uint64 number,
        uint32 split
    ) external returns (BookId book);

    /// @notice Commits the next batch of a book (the operator's Commit key).
    function commit(BookId book, uint64 sequence, bytes32 commitment) external;

    /// @notice Commits several batches, of one or of several books, all or none.
    function commitMany(Batch[] calldata batches) external;

    /// @notice The operator's Commit key voids the newest batch. Its number stays used. At most 99 in a
    /// row: whoever shows that a running total jumped has to show that all between were voided.
    function voidNewest(BookId book, uint64 sequence) external;

    /// @notice For the contracts that decide claims and statements: from now on the batch, and those
    /// before it, can not be voided.
    function noteReference(BookId book, uint64 sequence) external;

    /// @return H(0A, commitment, block time); zero when not committed or voided.
    function sealOf(BookId book, uint64 sequence) external view returns (bytes32);

    /// @return Whether the number was used and its batch voided.
    function isVoided(BookId book, uint64 sequence) external view returns (bool);

    /// @dev Reverts with BookUnknown.
    function bookOf(BookId book) external view returns (Book memory);

    /// @return The domain that a book has or would have.
    function bookIdOf(
        MemberId operator,
        AgreementId agreement,
        uint8 kind,
        uint64 number
    ) external view returns (BookId);

    function isBook(BookId book) external view returns (bool);

    function newestSequenceOf(BookId book) external view returns (uint64);

    /// @return The member whose books the key commits to now, or zero.
    function committerOf(address key) external view returns (MemberId);

    function bookCount() external view returns (uint256);

    /// @param ordinal From 1 to bookCount().
    function bookAt(uint256 ordinal) external view returns (BookId);

    /// @param from From 1.
    /// @param size At most 100.
    function booksFrom(uint256 from, uint256 size) external view returns (BookId[] memory);

    /// @param from Sequence number.
    /// @param size At most 100.
    /// @return Seals of the book; zero where a batch was voided.
    function sealsFrom(
        BookId book,
        uint64 from,
        uint256 size
    ) external view returns (bytes32[] memory);
}
