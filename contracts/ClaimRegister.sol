// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { Forwarded } from "./Forwarded.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { IBreachJudge } from "./interfaces/IBreachJudge.sol";
import { Claim, ClaimState, IClaims, Request } from "./interfaces/IClaims.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { IMembers } from "./interfaces/IMembers.sol";
import { IStandings } from "./interfaces/IStandings.sol";
import { Pages } from "./libraries/Pages.sol";
import { BookId, ClaimId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice The first half of {IClaims}: who judges what, how a claim is lodged, and until when somebody
/// can act on it.
abstract contract ClaimRegister is IClaims, Forwarded, EIP712, Nonces {
    uint8 internal constant KIND_MATTER_OF_FACT = 100;
    uint8 internal constant BOOK_OF_CHARGES = 1;
    uint32 private constant LEAVES_MAX = 1 << 20;
    /// @dev Claims of one finder against one operator whose silence concedes, at a time.
    uint256 private constant STANDING_CLAIMS_MAX = 32;

    bytes32 private constant REQUEST_TYPEHASH = keccak256(
        "Claim(uint8 kind,bytes20 book,uint64 sequence,uint32 leafIndex,uint128 claimedNano,"
        "bytes32 evidenceHash,address finder,uint256 nonce,uint64 validUntil)"
    );

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    IStandings public immutable standings;

    mapping(ClaimId id => Claim) internal _claims;
    mapping(uint8 kind => IBreachJudge) internal _judges;
    mapping(bytes32 place => bool) internal _decided;
    /// @dev What the operator's suspensions added up to when the claim's deadline was set.
    mapping(ClaimId id => uint64) private _suspendedBefore;
    mapping(MemberId operator => mapping(address finder => uint256)) private _unanswered;
    ClaimId[] private _lodged;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IStandings standings_,
        address authority,
        address forwarder
    ) Forwarded(members_, authority, forwarder) EIP712("Tallystick Claims", "1") {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        standings = standings_;
    }

    /// @inheritdoc IClaims
    function registerJudge(uint8 kind, IBreachJudge judge) external restricted {
        require(
            kind != KIND_MATTER_OF_FACT && address(_judges[kind]) == address(0),
            ClaimKindTaken(kind)
        );
        require(address(judge).code.length > 0, ClaimKindUnknown(kind));
        _judges[kind] = judge;
        emit JudgeRegistered(kind, judge);
    }

    /// @inheritdoc IClaims
    function claim(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        uint128 claimedNano,
        bytes32 evidenceHash
    ) external returns (ClaimId) {
        return
            _lodge(
                Request(kind, book, sequence, leafIndex, claimedNano, evidenceHash),
                _msgSender()
            );
    }

    /// @inheritdoc IClaims
    function claimBySignature(
        Request calldata request,
        address finder,
        uint256 nonce,
        uint64 validUntil,
        bytes calldata signature
    ) external returns (ClaimId) {
        require(block.timestamp <= validUntil, SignatureExpired(validUntil));
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(REQUEST_TYPEHASH, request, finder, nonce, validUntil))
        );
        require(
            SignatureChecker.isValidSignatureNow(finder, digest, signature),
            SignatureInvalid(finder)
        );
        _useCheckedNonce(finder, nonce);
        return _lodge(request, finder);
    }

    /// @inheritdoc IClaims
    function claimOf(ClaimId id) external view returns (Claim memory) {
        return _claims[id];
    }

    /// @inheritdoc IClaims
    function deadlineOf(ClaimId id) public view returns (uint64) {
        Claim storage stored = _claims[id];
        return stored.deadline + members.suspendedSecondsOf(stored.operator) - _suspendedBefore[id];
    }

    /// @inheritdoc IClaims
    function judgeOf(uint8 kind) external view returns (IBreachJudge) {
        return _judges[kind];
    }

    /// @inheritdoc IClaims
    function claimCount() external view returns (uint256) {
        return _lodged.length;
    }

    /// @inheritdoc IClaims
    function claimAt(uint256 ordinal) external view returns (ClaimId) {
        return _lodged[Pages.indexOf(_lodged.length, ordinal)];
    }

    /// @inheritdoc IClaims
    function claimsFrom(uint256 from, uint256 size) external view returns (ClaimId[] memory found) {
        found = new ClaimId[](Pages.lengthOf(_lodged.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _lodged[from - 1 + i];
    }

    function _awaitEvidence(ClaimId id, Claim storage stored) internal {
        stored.state = ClaimState.Contested;
        uint64 openBy = _startWindow(id, stored, agreements.windowsOf(stored.agreement).claim);
        emit ClaimContested(id, openBy);
    }

    /// @param length Seconds.
    function _startWindow(
        ClaimId id,
        Claim storage stored,
        uint32 length
    ) internal returns (uint64 deadline) {
        deadline = clock.ledgerTime() + length;
        stored.deadline = deadline;
        _suspendedBefore[id] = members.suspendedSecondsOf(stored.operator);
    }

    function _lodge(Request memory request, address finder) private returns (ClaimId id) {
        Book memory book = books.bookOf(request.book);
        bool restores = _requireAllegeable(request, book.kind);
        _requireUndecided(request, _placeOf(request));

        uint256 ordinal = _lodged.length + 1;
        id = ClaimId.wrap(keccak256(abi.encode(block.chainid, this, ordinal)));
        _lodged.push(id);
        Claim storage stored = _claims[id];
        stored.request = request;
        stored.operator = book.operator;
        stored.agreement = book.agreement;
        stored.finder = finder;
        stored.state = ClaimState.Claimed;
        uint64 answerBy = _startWindow(id, stored, agreements.windowsOf(book.agreement).claim);
        if (restores) stored.hasStanding = _takeStanding(book, finder);
        emit ClaimLodged(id, request.book, finder, request, stored.hasStanding, answerBy);
        if (!restores) _awaitEvidence(id, stored);
        books.noteReference(request.book, request.sequence);
    }

    /// @dev The claim was answered, or its time is over: another one may concede by silence.
    function _giveStandingBack(Claim storage stored) internal {
        if (stored.hasStanding) --_unanswered[stored.operator][stored.finder];
    }

    /// @return Whether the operator's silence will concede: the finder is its subscriber or a party of the
    /// agreement, and has not too many claims that wait for an answer.
    function _takeStanding(Book memory book, address finder) private returns (bool) {
        MemberId member = members.memberOf(finder);
        bool isKnown =
            standings.isSubscriber(book.operator, book.agreement, finder) ||
                (member != NO_MEMBER && agreements.isParty(book.agreement, member));
        if (!isKnown || _unanswered[book.operator][finder] >= STANDING_CLAIMS_MAX) return false;
        ++_unanswered[book.operator][finder];
        return true;
    }

    /// @return restores Whether the kind makes a credit due, which the operator can concede.
    function _requireAllegeable(
        Request memory request,
        uint8 bookKind
    ) private view returns (bool restores) {
        bool fits = bookKind == BOOK_OF_CHARGES;
        restores = true;
        if (request.kind != KIND_MATTER_OF_FACT) {
            IBreachJudge judge = _judges[request.kind];
            require(address(judge) != address(0), ClaimKindUnknown(request.kind));
            fits = judge.judgesBooksOf(bookKind);
            restores = judge.restores();
        }
        require(
            fits && request.leafIndex < LEAVES_MAX,
            PlaceUnusable(request.book, request.sequence, request.leafIndex)
        );
        if (restores) require(request.claimedNano > 0, ClaimAmountEmpty());
        else require(request.claimedNano == 0, ClaimAmountNotDue(request.kind));
    }

    function _inState(ClaimId id, ClaimState state) internal view returns (Claim storage stored) {
        stored = _claims[id];
        require(stored.state == state, ClaimStateWrong(id, stored.state));
    }

    function _requireBeforeDeadline(ClaimId id) internal view {
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime <= deadline, DeadlinePassed(id, deadline, ledgerTime));
    }

    function _requireAfterDeadline(ClaimId id) internal view {
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime > deadline, DeadlineNotPassed(id, deadline, ledgerTime));
    }

    function _requireUndecided(Request memory request, bytes32 place) internal view {
        require(
            !_decided[place],
            PlaceDecided(request.kind, request.book, request.sequence, request.leafIndex)
        );
    }

    function _placeOf(Request memory request) internal pure returns (bytes32) {
        return _place(request.kind, request.book, request.sequence, request.leafIndex);
    }

    function _leafPlace(Request memory request) internal pure returns (bytes32) {
        return keccak256(abi.encode(request.book, request.sequence, request.leafIndex));
    }

    function _place(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(kind, book, sequence, leafIndex));
    }
}
