// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { LedgerClock } from "./LedgerClock.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBonds } from "./interfaces/IBonds.sol";
import { Batch, Book, IBooks } from "./interfaces/IBooks.sol";
import { Duty, ICommitKeyFollower, IMembers } from "./interfaces/IMembers.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, BookId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IBooks}.
contract Books is IBooks, ICommitKeyFollower, LedgerClock, MemberGated, AccessManaged {
    uint8 private constant KIND_MAX = 4;
    uint256 private constant BATCHES_MAX = 100;
    /// @dev As many as {BookTotalsWrong} looks back over.
    uint64 private constant VOIDED_RUN_MAX = 99;

    struct Head {
        bytes32 word;
    }

    struct Details {
        AgreementId agreement;
        uint8 kind;
        uint64 number;
        uint32 split;
        uint64 referencedSequence;
    }

    struct VoidedRun {
        uint64 last;
        uint64 length;
    }

    IAgreements public immutable agreements;

    /// @dev Operator (20 bytes) and newest sequence (8 bytes, lowest) in one word that is read and
    /// written once; as a struct it costs each commitment 700 gas more (test/snapshots/gas.json).
    mapping(BookId book => Head) private _heads;
    /// @dev Keyed by book and sequence in one word: a nested mapping costs each commitment more.
    mapping(bytes32 batchKey => bytes32) private _seals;
    /// @dev Commit keys of members that are not suspended, kept here because asking the members
    /// contract would cost each commitment two more cold accesses.
    mapping(address key => MemberId) private _committers;
    mapping(BookId book => Details) private _details;
    mapping(bytes32 series => uint64) private _lastNumbers;
    mapping(BookId book => VoidedRun) private _voidedRuns;
    BookId[] private _opened;
    /// @dev Not immutable: the bonds count in this contract's time, so they are made after it.
    IBonds private _bonds;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        uint64 heartbeat_,
        address authority
    ) LedgerClock(heartbeat_) MemberGated(members_) AccessManaged(authority) {
        agreements = agreements_;
    }

    /// @inheritdoc IBooks
    function askBonds(IBonds bonds) external restricted {
        require(address(_bonds) == address(0), BondsSetAlready(_bonds));
        _bonds = bonds;
        emit BondsSet(bonds);
    }

    /// @inheritdoc IBooks
    function openBook(
        AgreementId agreement,
        uint8 kind,
        uint64 number,
        uint32 split
    ) external returns (BookId book) {
        MemberId operator = _activeSenderHolding(Duty.Commit);
        require(kind > 0 && kind <= KIND_MAX, BookKindUnknown(kind));
        require(agreements.isInForce(agreement), IAgreements.AgreementNotInForce(agreement));
        require(
            agreements.payerOf(agreement, operator) != NO_MEMBER,
            OperatorHasNoSide(agreement, operator)
        );
        agreements.splitOf(agreement, split);
        _requireBond(agreement, operator);
        bytes32 series = keccak256(abi.encode(agreement, operator, kind));
        uint64 expected = _lastNumbers[series] + 1;
        require(number == expected, BookNumberOutOfOrder(expected, number));

        book = bookIdOf(operator, agreement, kind, number);
        _requireSameSplit(operator, agreement, number, split);
        _lastNumbers[series] = number;
        _heads[book].word = _head(operator, 0);
        _details[book] = Details({
            agreement: agreement,
            kind: kind,
            number: number,
            split: split,
            referencedSequence: 0
        });
        _opened.push(book);
        emit BookOpened(book, operator, agreement, kind, number, split);
    }

    /// @inheritdoc IBooks
    function commit(BookId book, uint64 sequence, bytes32 commitment) external {
        MemberId committer = _committers[msg.sender];
        _touchClock();
        _commit(committer, book, sequence, commitment);
    }

    /// @inheritdoc IBooks
    function commitMany(Batch[] calldata batches) external {
        require(
            batches.length > 0 && batches.length <= BATCHES_MAX,
            BatchesTooMany(batches.length, BATCHES_MAX)
        );
        MemberId committer = _committers[msg.sender];
        _touchClock();
        for (uint256 i = 0; i < batches.length; ++i) {
            _commit(committer, batches[i].book, batches[i].sequence, batches[i].commitment);
        }
    }

    /// @inheritdoc IBooks
    function voidNewest(BookId book, uint64 sequence) external {
        bytes32 head = _heads[book].word;
        _requireCommitter(_committers[msg.sender], book, _operatorIn(head));
        uint64 newest = _newestIn(head);
        require(sequence == newest, BatchNotNewest(book, newest, sequence));
        require(
            sequence > _details[book].referencedSequence,
            BatchReferencedAlready(book, sequence)
        );
        require(_seals[_batchKey(book, sequence)] != bytes32(0), BatchUnknown(book, sequence));
        VoidedRun storage run = _voidedRuns[book];
        uint64 length = run.last + 1 == sequence ? run.length + 1 : 1;
        require(length <= VOIDED_RUN_MAX, VoidedTooMany(book, sequence, VOIDED_RUN_MAX));
        (run.last, run.length) = (sequence, length);
        delete _seals[_batchKey(book, sequence)];
        emit BatchVoided(book, sequence);
    }

    /// @inheritdoc IBooks
    function noteReference(BookId book, uint64 sequence) external restricted {
        require(_seals[_batchKey(book, sequence)] != bytes32(0), BatchUnknown(book, sequence));
        if (sequence > _details[book].referencedSequence) {
            _details[book].referencedSequence = sequence;
            emit BatchReferenced(book, sequence);
        }
    }

    /// @inheritdoc ICommitKeyFollower
    function commitKeyChanged(MemberId member, address previousKey, address newKey) external {
        // Fixed when this contract was made: not even the governor can name somebody else.
        require(msg.sender == address(members), NotTheMembersContract(msg.sender));
        _committers[previousKey] = NO_MEMBER;
        if (newKey != address(0)) _committers[newKey] = member;
    }

    /// @inheritdoc IBooks
    function sealOf(BookId book, uint64 sequence) external view returns (bytes32) {
        return _seals[_batchKey(book, sequence)];
    }

    /// @inheritdoc IBooks
    function isVoided(BookId book, uint64 sequence) external view returns (bool) {
        return
            sequence > 0 &&
            sequence <= newestSequenceOf(book) &&
            _seals[_batchKey(book, sequence)] == bytes32(0);
    }

    /// @inheritdoc IBooks
    function bookOf(BookId book) external view returns (Book memory) {
        MemberId operator = _operatorIn(_heads[book].word);
        Details memory details = _details[book];
        require(operator != NO_MEMBER, BookUnknown(book));
        return
            Book({
                operator: operator,
                agreement: details.agreement,
                kind: details.kind,
                number: details.number,
                split: details.split,
                newestSequence: newestSequenceOf(book),
                referencedSequence: details.referencedSequence
            });
    }

    /// @inheritdoc IBooks
    function bookIdOf(
        MemberId operator,
        AgreementId agreement,
        uint8 kind,
        uint64 number
    ) public view returns (BookId) {
        return Commitments.domain(address(this), operator, agreement, kind, number);
    }

    /// @inheritdoc IBooks
    function isBook(BookId book) external view returns (bool) {
        return _operatorIn(_heads[book].word) != NO_MEMBER;
    }

    /// @inheritdoc IBooks
    function newestSequenceOf(BookId book) public view returns (uint64) {
        return _newestIn(_heads[book].word);
    }

    /// @inheritdoc IBooks
    function committerOf(address key) external view returns (MemberId) {
        return _committers[key];
    }

    /// @inheritdoc IBooks
    function bookCount() external view returns (uint256) {
        return _opened.length;
    }

    /// @inheritdoc IBooks
    function bookAt(uint256 ordinal) external view returns (BookId) {
        return _opened[Pages.indexOf(_opened.length, ordinal)];
    }

    /// @inheritdoc IBooks
    function booksFrom(uint256 from, uint256 size) external view returns (BookId[] memory found) {
        found = new BookId[](Pages.lengthOf(_opened.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _opened[from - 1 + i];
    }

    /// @inheritdoc IBooks
    function sealsFrom(
        BookId book,
        uint64 from,
        uint256 size
    ) external view returns (bytes32[] memory found) {
        found = new bytes32[](Pages.lengthOf(newestSequenceOf(book), from, size));
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _seals[_batchKey(book, from + uint64(i))];
        }
    }

    /// @dev Books of one number belong together: what a credit takes back is taken from those who got
    /// their share of the charge.
    function _requireSameSplit(
        MemberId operator,
        AgreementId agreement,
        uint64 number,
        uint32 split
    ) private view {
        for (uint8 kind = 1; kind <= KIND_MAX; ++kind) {
            BookId sibling = bookIdOf(operator, agreement, kind, number);
            if (_operatorIn(_heads[sibling].word) == NO_MEMBER) continue;
            uint32 given = _details[sibling].split;
            require(given == split, SplitDiffers(sibling, given, split));
        }
    }

    function _requireBond(AgreementId agreement, MemberId operator) private view {
        uint256 least = agreements.stakesOf(agreement).bondMin;
        if (least == 0) return;
        uint256 bond = address(_bonds) == address(0) ? 0 : _bonds.bondOf(agreement, operator);
        require(bond >= least, BondTooSmall(least, bond));
    }

    function _commit(MemberId committer, BookId book, uint64 sequence, bytes32 commitment) private {
        Head storage stored = _heads[book];
        bytes32 head = stored.word;
        _requireCommitter(committer, book, _operatorIn(head));
        uint64 expected = _newestIn(head) + 1;
        require(sequence == expected, SequenceOutOfOrder(book, expected, sequence));
        require(commitment != bytes32(0), CommitmentEmpty(book, sequence));
        uint64 blockTime = uint64(block.timestamp);
        stored.word = _head(committer, sequence);
        _seals[_batchKey(book, sequence)] = Commitments.seal(commitment, blockTime);
        emit BatchCommitted(book, sequence, commitment, blockTime);
    }

    function _requireCommitter(MemberId committer, BookId book, MemberId operator) private view {
        if (committer == operator && committer != NO_MEMBER) return;
        require(operator != NO_MEMBER, BookUnknown(book));
        revert NotTheCommitKey(book, msg.sender);
    }

    function _head(MemberId operator, uint64 newest) private pure returns (bytes32) {
        return bytes32(MemberId.unwrap(operator)) | bytes32(uint256(newest));
    }

    function _operatorIn(bytes32 head) private pure returns (MemberId) {
        return MemberId.wrap(bytes20(head));
    }

    function _newestIn(bytes32 head) private pure returns (uint64) {
        return uint64(uint256(head));
    }

    function _batchKey(BookId book, uint64 sequence) private pure returns (bytes32) {
        return bytes32(BookId.unwrap(book)) | bytes32(uint256(sequence));
    }
}
