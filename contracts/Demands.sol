// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBonds } from "./interfaces/IBonds.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { IDeliveries } from "./interfaces/IDeliveries.sol";
import { BatchHeader, Demand, DemandState, IDemands, Place } from "./interfaces/IDemands.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { IStandings, Standing } from "./interfaces/IStandings.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { ExactTransfers } from "./libraries/ExactTransfers.sol";
import { MemberWindow } from "./libraries/MemberWindow.sol";
import { Pages } from "./libraries/Pages.sol";
import { CurvePoint, SealedDelivery } from "./libraries/SealedDelivery.sol";
import { BookId, DemandId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IDemands}.
contract Demands is IDemands, MemberGated, EIP712, Nonces, ReentrancyGuard {
    using ExactTransfers for IERC20;
    using MemberWindow for MemberWindow.Window;
    using SafeERC20 for IERC20;
    using SealedDelivery for CurvePoint;

    uint8 private constant BOOK_OF_INVOICES = 3;
    uint256 private constant CHUNK_DEPTH = 5;
    uint256 private constant OPEN_MAX = 8;
    /// @dev A chunk at depth 20: 74 bytes, 15 siblings and 32 openings of 386 bytes.
    uint256 private constant WORDS_MAX = 404;
    bytes32 private constant DEMAND_TYPEHASH = keccak256(
        "Demand(bytes32 pseudonym,uint64 chargeNumber,uint256 keyX,uint256 keyY,uint256 nonce,"
        "uint64 validUntil)"
    );

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    IBonds public immutable bonds;
    IStandings public immutable standings;
    IDeliveries public immutable deliveries;
    /// @notice Seconds of block time for which evidence can be demanded; operators keep it so long.
    uint64 public immutable evidenceAgeMax;

    mapping(DemandId id => Demand) private _demands;
    mapping(DemandId id => MemberWindow.Window) private _windows;
    /// @dev By the place, and of a chunk by the asker.
    mapping(bytes32 place => DemandId) private _atPlace;
    mapping(bytes32 place => bool) private _punished;
    mapping(bytes32 pseudonym => uint256) private _open;
    mapping(address token => uint256) private _deposits;
    DemandId[] private _demanded;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IBonds bonds_,
        IStandings standings_,
        IDeliveries deliveries_,
        uint64 evidenceAgeMax_
    ) MemberGated(members_) EIP712("Tallystick Demands", "1") {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        bonds = bonds_;
        standings = standings_;
        deliveries = deliveries_;
        evidenceAgeMax = evidenceAgeMax_;
    }

    /// @inheritdoc IDemands
    function demandCharge(
        bytes32 pseudonym,
        uint64 chargeNumber,
        CurvePoint calldata key,
        uint256 nonce,
        uint64 validUntil,
        bytes calldata signature
    ) external returns (DemandId) {
        require(block.timestamp <= validUntil, SignatureExpired(validUntil));
        Standing memory standing = standings.standingOf(pseudonym);
        require(standing.owner != address(0), StandingMissing(pseudonym));
        require(
            standing.since + evidenceAgeMax >= block.timestamp,
            StandingTooOld(pseudonym, standing.since, evidenceAgeMax)
        );
        require(
            chargeNumber > 0 && chargeNumber <= standing.lastChargeNumber,
            NumberBeyond(pseudonym, standing.lastChargeNumber, chargeNumber)
        );
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    DEMAND_TYPEHASH,
                    pseudonym,
                    chargeNumber,
                    key.x,
                    key.y,
                    nonce,
                    validUntil
                )
            )
        );
        require(
            SignatureChecker.isValidSignatureNow(standing.owner, digest, signature),
            SignatureInvalid(standing.owner)
        );
        _useCheckedNonce(standing.owner, nonce);
        require(_open[pseudonym] < OPEN_MAX, DemandsTooMany(_open[pseudonym], OPEN_MAX));
        ++_open[pseudonym];
        return
            _ask(
                Place({
                    book: standing.book,
                    pseudonym: pseudonym,
                    number: chargeNumber,
                    chunk: 0
                }),
                books.bookOf(standing.book),
                standing.owner,
                key,
                0
            );
    }

    /// @inheritdoc IDemands
    function demandChunk(
        BookId book,
        uint64 sequence,
        uint32 chunk,
        CurvePoint calldata key,
        bytes32 commitment,
        uint64 blockTime
    ) external nonReentrant returns (DemandId id) {
        Book memory details = books.bookOf(book);
        require(details.kind != BOOK_OF_INVOICES, BookUnfit(book, details.kind));
        _requireEntitled(book, details);
        bytes32 kept = books.sealOf(book, sequence);
        bytes32 shown = Commitments.seal(commitment, blockTime);
        require(kept == shown, BatchNotShown(book, sequence, kept, shown));
        require(
            blockTime + evidenceAgeMax >= block.timestamp,
            BatchTooOld(book, sequence, blockTime, evidenceAgeMax)
        );
        uint256 deposit = agreements.stakesOf(details.agreement).bounty;
        (address token, ) = agreements.tokenOf(details.agreement);
        _deposits[token] += deposit;
        Place memory place = Place({
            book: book,
            pseudonym: bytes32(0),
            number: sequence,
            chunk: chunk
        });
        id = _ask(place, details, msg.sender, key, deposit);
        books.noteReference(book, sequence);
        if (deposit > 0) IERC20(token).pull(msg.sender, deposit);
    }

    /// @inheritdoc IDemands
    function deliver(
        DemandId id,
        CurvePoint calldata ephemeral,
        bytes32[] calldata ciphertext
    ) external {
        Demand storage stored = _answerable(id);
        require(ephemeral.isUsable(), KeyUnusable(ephemeral.x, ephemeral.y));
        require(
            ciphertext.length > 0 && ciphertext.length <= WORDS_MAX,
            DeliverySizeUnusable(ciphertext.length, WORDS_MAX)
        );
        stored.deliveryHash = keccak256(abi.encode(ephemeral, ciphertext));
        _end(stored, DemandState.Answered);
        uint64 objectBy = _windows[id].begin(
            clock,
            members,
            stored.operator,
            agreements.windowsOf(stored.agreement).claim
        );
        emit EvidenceDelivered(id, ephemeral, ciphertext, objectBy);
    }

    /// @inheritdoc IDemands
    function showEmpty(DemandId id, BatchHeader calldata header) external {
        Demand storage stored = _answerable(id);
        Place memory place = stored.place;
        require(place.pseudonym == bytes32(0), PlaceExists(id));
        bytes32 commitment = Commitments.commitment(
            place.book,
            place.number,
            header.depth,
            header.root,
            header.totals,
            header.runningTotals
        );
        bytes32 kept = books.sealOf(place.book, place.number);
        bytes32 shown = Commitments.seal(commitment, header.blockTime);
        require(kept == shown, BatchNotShown(place.book, place.number, kept, shown));
        require(
            header.depth >= CHUNK_DEPTH && place.chunk >> (header.depth - CHUNK_DEPTH) != 0,
            PlaceExists(id)
        );
        _end(stored, DemandState.Answered);
        emit PlaceShownEmpty(id);
    }

    /// @inheritdoc IDemands
    function concludeSilence(DemandId id) external {
        Demand storage stored = _inState(id, DemandState.Asked);
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime > deadline, DeadlineNotPassed(id, deadline, ledgerTime));
        _end(stored, DemandState.Withheld);
        bool punished = _punish(stored);
        emit EvidenceWithheld(id, punished);
    }

    /// @inheritdoc IDemands
    function showRubbish(
        DemandId id,
        uint256 oneTimeKey,
        CurvePoint calldata ephemeral,
        bytes32[] calldata ciphertext
    ) external {
        Demand storage stored = _inState(id, DemandState.Answered);
        _requireBefore(id);
        bytes32 shown = keccak256(abi.encode(ephemeral, ciphertext));
        require(stored.deliveryHash == shown, DeliveryMismatch(id, stored.deliveryHash, shown));
        require(SealedDelivery.isKeyOf(oneTimeKey, stored.key), NotTheOneTimeKey(id));
        bytes memory plain = SealedDelivery.decrypt(id, oneTimeKey, ephemeral, ciphertext);
        require(!_opens(stored.place, plain), DeliveryOpens(id));
        stored.state = DemandState.Rubbish;
        _atPlace[_openPlace(stored)] = DemandId.wrap(0);
        bool punished = _punish(stored);
        emit RubbishShown(id, punished);
    }

    /// @inheritdoc IDemands
    function releaseDeposit(DemandId id) external nonReentrant {
        Demand storage stored = _demands[id];
        uint256 units = stored.deposit;
        require(units > 0, NothingToRelease(id));
        bool toOperator = stored.state == DemandState.Answered;
        if (toOperator) {
            // A delivery can still be shown to be rubbish; a place that is none can not.
            if (stored.deliveryHash != bytes32(0)) {
                uint64 ledgerTime = clock.ledgerTime();
                uint64 deadline = deadlineOf(id);
                require(ledgerTime > deadline, DeadlineNotPassed(id, deadline, ledgerTime));
            }
        } else {
            require(stored.state != DemandState.Asked, DemandStateWrong(id, stored.state));
        }
        (address token, ) = agreements.tokenOf(stored.agreement);
        stored.deposit = 0;
        _deposits[token] -= units;
        emit DepositReleased(id, toOperator, units);
        if (toOperator) {
            IERC20(token).forceApprove(address(bonds), units);
            bonds.deposit(stored.agreement, stored.operator, units);
        } else {
            IERC20(token).push(stored.asker, units);
        }
    }

    /// @inheritdoc IDemands
    function demandOf(DemandId id) external view returns (Demand memory) {
        return _demands[id];
    }

    /// @inheritdoc IDemands
    function deadlineOf(DemandId id) public view returns (uint64) {
        return _windows[id].end(members);
    }

    /// @inheritdoc IDemands
    function demandAtPlace(Place calldata place, address asker) external view returns (DemandId) {
        return _atPlace[_placeOf(place, asker)];
    }

    /// @inheritdoc IDemands
    function openDemandsOf(bytes32 pseudonym) external view returns (uint256) {
        return _open[pseudonym];
    }

    /// @inheritdoc IDemands
    function depositsOf(address token) external view returns (uint256) {
        return _deposits[token];
    }

    /// @inheritdoc IDemands
    function demandCount() external view returns (uint256) {
        return _demanded.length;
    }

    /// @inheritdoc IDemands
    function demandAt(uint256 ordinal) external view returns (DemandId) {
        return _demanded[Pages.indexOf(_demanded.length, ordinal)];
    }

    /// @inheritdoc IDemands
    function demandsFrom(
        uint256 from,
        uint256 size
    ) external view returns (DemandId[] memory found) {
        found = new DemandId[](Pages.lengthOf(_demanded.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _demanded[from - 1 + i];
    }

    function _ask(
        Place memory place,
        Book memory book,
        address asker,
        CurvePoint calldata key,
        uint256 deposit
    ) private returns (DemandId id) {
        require(key.isUsable(), KeyUnusable(key.x, key.y));
        bytes32 atPlace = _placeOf(place, asker);
        DemandId before = _atPlace[atPlace];
        require(
            DemandId.unwrap(before) == bytes32(0) ||
                (deposit > 0 && _demands[before].state == DemandState.Answered),
            DemandedAlready(before)
        );
        uint256 ordinal = _demanded.length + 1;
        id = DemandId.wrap(keccak256(abi.encode(block.chainid, this, ordinal)));
        _demanded.push(id);
        _atPlace[atPlace] = id;
        Demand storage stored = _demands[id];
        stored.place = place;
        stored.state = DemandState.Asked;
        stored.operator = book.operator;
        stored.agreement = book.agreement;
        stored.asker = asker;
        stored.key = key;
        stored.deposit = deposit;
        uint64 answerBy = _windows[id].begin(
            clock,
            members,
            book.operator,
            agreements.windowsOf(book.agreement).demand
        );
        emit EvidenceDemanded(id, place.book, book.operator, place, asker, key, deposit, answerBy);
    }

    /// @dev From here on the demand is open no more. What was answered stays at its place; what was not
    /// can be demanded again.
    function _end(Demand storage stored, DemandState state) private {
        stored.state = state;
        if (stored.place.pseudonym != bytes32(0)) --_open[stored.place.pseudonym];
        if (state != DemandState.Answered) _atPlace[_openPlace(stored)] = DemandId.wrap(0);
    }

    /// @return punished False when this place was punished before.
    function _punish(Demand storage stored) private returns (bool punished) {
        bytes32 place = keccak256(abi.encode(stored.place));
        punished = !_punished[place];
        if (!punished) return false;
        _punished[place] = true;
        bonds.slash(stored.agreement, stored.operator, stored.asker);
    }

    function _opens(Place memory place, bytes memory plain) private view returns (bool) {
        return
            place.pseudonym == bytes32(0)
                ? deliveries.opensChunk(place.book, place.number, place.chunk, plain)
                : deliveries.opensCharge(place.book, place.pseudonym, place.number, plain);
    }

    function _answerable(DemandId id) private view returns (Demand storage stored) {
        stored = _inState(id, DemandState.Asked);
        require(
            members.holds(stored.operator, Duty.Commit, msg.sender) ||
                members.holds(stored.operator, Duty.Settle, msg.sender),
            NotTheOperator(id, msg.sender)
        );
        _requireBefore(id);
    }

    function _requireBefore(DemandId id) private view {
        uint64 ledgerTime = clock.ledgerTime();
        uint64 deadline = deadlineOf(id);
        require(ledgerTime <= deadline, DeadlinePassed(id, deadline, ledgerTime));
    }

    function _inState(DemandId id, DemandState state) private view returns (Demand storage stored) {
        stored = _demands[id];
        require(stored.state == state, DemandStateWrong(id, stored.state));
    }

    function _requireEntitled(BookId book, Book memory details) private view {
        MemberId asker = members.memberOf(msg.sender);
        bool isParty =
            asker != NO_MEMBER &&
                asker != details.operator &&
                (agreements.isParty(details.agreement, asker) ||
                    agreements.arbiterOf(details.agreement) == asker);
        require(
            isParty &&
                (members.holds(asker, Duty.Commit, msg.sender) ||
                    members.holds(asker, Duty.Settle, msg.sender)),
            NotEntitled(book, msg.sender)
        );
    }

    function _openPlace(Demand storage stored) private view returns (bytes32) {
        return _placeOf(stored.place, stored.asker);
    }

    /// @dev Only the owner of a pseudonym can ask for its charges.
    function _placeOf(Place memory place, address asker) private pure returns (bytes32) {
        return keccak256(abi.encode(place, place.pseudonym == bytes32(0) ? asker : address(0)));
    }
}
