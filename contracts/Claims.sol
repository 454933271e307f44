// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBonds } from "./interfaces/IBonds.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import {
    Claim,
    ClaimState,
    CreditEvidence,
    IClaims,
    MispricedEvidence,
    Request
} from "./interfaces/IClaims.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ITariffs } from "./interfaces/ITariffs.sol";
import { IVerifier } from "./interfaces/IVerifier.sol";
import { BookId, ClaimId } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IClaims}.
contract Claims is IClaims, MemberGated, EIP712, Nonces {
    uint8 private constant KIND_MISPRICED = 1;
    uint8 private constant KIND_MATTER_OF_FACT = 100;
    uint8 private constant BOOK_OF_CHARGES = 1;
    uint8 private constant BOOK_OF_CREDITS = 2;
    uint32 private constant LEAVES_MAX = 1 << 20;
    uint256 private constant CONTESTS_MAX = 200;

    bytes32 private constant REQUEST_TYPEHASH = keccak256(
        "Claim(uint8 kind,bytes20 book,uint64 sequence,uint32 leafIndex,uint128 claimedNano,"
        "bytes32 evidenceHash,address finder,uint256 nonce,uint64 validUntil)"
    );

    IAgreements public immutable agreements;
    IBooks public immutable books;
    ILedgerClock public immutable clock;
    ITariffs public immutable tariffs;
    IBonds public immutable bonds;
    IVerifier public immutable verifier;

    mapping(ClaimId id => Claim) private _claims;
    mapping(bytes32 place => uint128 nano) private _dueAt;
    mapping(bytes32 place => bool) private _decided;
    ClaimId[] private _lodged;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        ITariffs tariffs_,
        IBonds bonds_,
        IVerifier verifier_
    ) MemberGated(members_) EIP712("Tallystick Claims", "1") {
        agreements = agreements_;
        books = books_;
        clock = clock_;
        tariffs = tariffs_;
        bonds = bonds_;
        verifier = verifier_;
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
            _lodge(Request(kind, book, sequence, leafIndex, claimedNano, evidenceHash), msg.sender);
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
    function concede(ClaimId id) external {
        Claim storage stored = _answerable(id);
        Request memory request = stored.request;
        bytes32 place = _placeOf(request);
        _requireUndecided(request, place);
        uint128 already = _dueAt[place];
        require(request.claimedNano > already, NothingLeftToClaim(request.claimedNano, already));
        _concede(id, stored, request.claimedNano - already, false);
    }

    /// @inheritdoc IClaims
    function contest(ClaimId id) public {
        Claim storage stored = _answerable(id);
        stored.state = ClaimState.Contested;
        stored.deadline = clock.ledgerTime() + agreements.windowsOf(stored.agreement).claim;
        emit ClaimContested(id, stored.deadline);
    }

    /// @inheritdoc IClaims
    function contestMany(ClaimId[] calldata ids) external {
        require(ids.length <= CONTESTS_MAX, ClaimsTooMany(ids.length, CONTESTS_MAX));
        for (uint256 i = 0; i < ids.length; ++i) contest(ids[i]);
    }

    /// @inheritdoc IClaims
    function concludeSilence(ClaimId id) external {
        Claim storage stored = _inState(id, ClaimState.Claimed);
        _requireAfterDeadline(id, stored);
        bytes32 place = _placeOf(stored.request);
        uint128 cap = agreements.stakesOf(stored.agreement).concessionCapNano;
        uint128 amount = stored.request.claimedNano;
        if (amount > cap) amount = cap;
        uint128 already = _dueAt[place];
        if (_decided[place] || amount <= already) {
            stored.state = ClaimState.Lapsed;
            emit ClaimLapsed(id);
        } else {
            _concede(id, stored, amount - already, true);
        }
    }

    /// @inheritdoc IClaims
    function openMispriced(ClaimId id, MispricedEvidence calldata evidence) external {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        require(request.kind == KIND_MISPRICED, ClaimKindWrong(id, request.kind));
        _requireBeforeDeadline(id, stored);
        bytes32 place = _placeOf(request);
        _requireUndecided(request, place);
        _requireSealed(
            request.book,
            request.sequence,
            verifier.sealOfCharge(
                request.book,
                request.sequence,
                request.leafIndex,
                evidence.charge,
                evidence.rest,
                evidence.path
            )
        );
        uint128 priceNano = _priceOf(stored, evidence);

        // The price of a committed charge never changes: the place is decided for good.
        _decided[place] = true;
        uint128 chargedNano = evidence.rest.amountNano;
        uint128 overchargeNano = chargedNano > priceNano ? chargedNano - priceNano : 0;
        uint128 already = _dueAt[place];
        if (overchargeNano <= already) {
            stored.state = ClaimState.Refuted;
            emit ClaimRefuted(id);
            return;
        }
        uint128 dueNano = overchargeNano - already;
        uint64 creditBy = _owe(stored, place, ClaimState.Proven, dueNano);
        emit ClaimProven(id, chargedNano, priceNano, dueNano, creditBy);
        bonds.slash(stored.agreement, stored.operator, stored.finder);
    }

    /// @inheritdoc IClaims
    function decide(ClaimId id, uint128 dueNano) external {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        require(request.kind == KIND_MATTER_OF_FACT, ClaimKindWrong(id, request.kind));
        require(
            members.holds(agreements.arbiterOf(stored.agreement), Duty.Settle, msg.sender),
            NotTheArbiter(id, msg.sender)
        );
        require(dueNano <= request.claimedNano, DecisionAboveClaim(request.claimedNano, dueNano));
        bytes32 place = _placeOf(request);
        _requireUndecided(request, place);
        _decided[place] = true;
        if (dueNano == 0) {
            stored.state = ClaimState.Refuted;
            emit ClaimRefuted(id);
        } else {
            emit ClaimDecided(id, dueNano, _owe(stored, place, ClaimState.Proven, dueNano));
        }
    }

    /// @inheritdoc IClaims
    /// @dev A matter of fact does not lapse: it waits for the arbiter, so that nobody loses by silence.
    function lapse(ClaimId id) external {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        if (!_decided[_placeOf(request)]) {
            require(request.kind == KIND_MISPRICED, ClaimKindWrong(id, request.kind));
            _requireAfterDeadline(id, stored);
        }
        stored.state = ClaimState.Lapsed;
        emit ClaimLapsed(id);
    }

    /// @inheritdoc IClaims
    function settleByCredit(ClaimId id, CreditEvidence calldata evidence) external {
        Claim storage stored = _owed(id);
        _requireFit(id, stored, evidence);
        _requireSealed(
            evidence.book,
            evidence.sequence,
            verifier.sealOfCredit(
                evidence.book,
                evidence.sequence,
                evidence.leafIndex,
                evidence.credit,
                evidence.rest,
                evidence.path
            )
        );
        stored.state = ClaimState.Settled;
        books.noteReference(evidence.book, evidence.sequence);
        emit ClaimSettled(
            id,
            evidence.book,
            evidence.sequence,
            evidence.leafIndex,
            evidence.rest.amountNano
        );
    }

    /// @inheritdoc IClaims
    function markOverdue(ClaimId id) external {
        Claim storage stored = _owed(id);
        require(!stored.overdue, ClaimStateWrong(id, stored.state));
        _requireAfterDeadline(id, stored);
        stored.overdue = true;
        emit CreditOverdue(id, stored.dueNano);
    }

    /// @inheritdoc IClaims
    function claimOf(ClaimId id) external view returns (Claim memory) {
        return _claims[id];
    }

    /// @inheritdoc IClaims
    function dueAt(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) external view returns (uint128) {
        return _dueAt[_place(kind, book, sequence, leafIndex)];
    }

    /// @inheritdoc IClaims
    function claimCount() external view returns (uint256) {
        return _lodged.length;
    }

    /// @inheritdoc IClaims
    function claimAt(uint256 ordinal) external view returns (ClaimId) {
        return _lodged[ordinal - 1];
    }

    function _lodge(Request memory request, address finder) private returns (ClaimId id) {
        bool mispriced = request.kind == KIND_MISPRICED;
        require(mispriced || request.kind == KIND_MATTER_OF_FACT, ClaimKindUnknown(request.kind));
        require(request.claimedNano > 0, ClaimAmountEmpty());
        Book memory book = books.bookOf(request.book);
        require(
            request.leafIndex < LEAVES_MAX && book.kind == BOOK_OF_CHARGES,
            PlaceUnusable(request.book, request.sequence, request.leafIndex)
        );
        _requireUndecided(request, _placeOf(request));

        uint256 ordinal = _lodged.length + 1;
        id = ClaimId.wrap(keccak256(abi.encode(block.chainid, this, ordinal)));
        uint64 answerBy = clock.ledgerTime() + agreements.windowsOf(book.agreement).claim;
        _claims[id] = Claim({
            request: request,
            state: ClaimState.Claimed,
            operator: book.operator,
            agreement: book.agreement,
            finder: finder,
            deadline: answerBy,
            dueNano: 0,
            overdue: false
        });
        _lodged.push(id);
        emit ClaimLodged(id, request.book, finder, request, answerBy);
        books.noteReference(request.book, request.sequence);
    }

    function _concede(ClaimId id, Claim storage stored, uint128 dueNano, bool bySilence) private {
        bytes32 place = _placeOf(stored.request);
        uint64 creditBy = _owe(stored, place, ClaimState.Conceded, dueNano);
        emit ClaimConceded(id, dueNano, bySilence, creditBy);
    }

    function _owe(
        Claim storage stored,
        bytes32 place,
        ClaimState state,
        uint128 dueNano
    ) private returns (uint64 creditBy) {
        creditBy = clock.ledgerTime() + agreements.windowsOf(stored.agreement).credit;
        stored.state = state;
        stored.dueNano = dueNano;
        stored.deadline = creditBy;
        _dueAt[place] += dueNano;
    }

    function _priceOf(
        Claim storage stored,
        MispricedEvidence calldata evidence
    ) private view returns (uint128) {
        bytes3 currency = agreements.currencyOf(stored.agreement);
        bytes3 quoted = evidence.price.header.currency;
        require(currency == quoted, CurrencyMismatch(currency, quoted));
        (, bytes32 root) = tariffs.versionInForce(
            stored.agreement,
            stored.operator,
            evidence.charge.start
        );
        return verifier.priceUnder(root, evidence.charge, evidence.price);
    }

    function _requireFit(
        ClaimId id,
        Claim storage stored,
        CreditEvidence calldata evidence
    ) private view {
        Book memory book = books.bookOf(evidence.book);
        Request memory request = stored.request;
        require(book.kind == BOOK_OF_CREDITS, CreditUnfit(id, "book kind"));
        require(book.operator == stored.operator, CreditUnfit(id, "operator"));
        require(book.agreement == stored.agreement, CreditUnfit(id, "agreement"));
        require(
            evidence.credit.targetBook == request.book &&
                evidence.credit.targetSequence == request.sequence &&
                evidence.credit.targetIndex == request.leafIndex,
            CreditUnfit(id, "target")
        );
        require(
            ClaimId.unwrap(evidence.credit.claim) == ClaimId.unwrap(id),
            CreditUnfit(id, "claim")
        );
        require(evidence.rest.amountNano >= stored.dueNano, CreditUnfit(id, "amount"));
    }

    function _answerable(ClaimId id) private view returns (Claim storage stored) {
        stored = _inState(id, ClaimState.Claimed);
        require(
            members.holds(stored.operator, Duty.Commit, msg.sender) ||
                members.holds(stored.operator, Duty.Settle, msg.sender),
            NotTheOperator(id, msg.sender)
        );
        _requireBeforeDeadline(id, stored);
    }

    function _owed(ClaimId id) private view returns (Claim storage stored) {
        stored = _claims[id];
        require(
            stored.state == ClaimState.Conceded || stored.state == ClaimState.Proven,
            ClaimStateWrong(id, stored.state)
        );
    }

    function _inState(ClaimId id, ClaimState state) private view returns (Claim storage stored) {
        stored = _claims[id];
        require(stored.state == state, ClaimStateWrong(id, stored.state));
    }

    function _requireBeforeDeadline(ClaimId id, Claim storage stored) private view {
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime <= stored.deadline, DeadlinePassed(id, stored.deadline, ledgerTime));
    }

    function _requireAfterDeadline(ClaimId id, Claim storage stored) private view {
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime > stored.deadline, DeadlineNotPassed(id, stored.deadline, ledgerTime));
    }

    function _requireSealed(BookId book, uint64 sequence, bytes32 opened) private view {
        bytes32 kept = books.sealOf(book, sequence);
        require(kept == opened && kept != bytes32(0), SealMismatch(book, sequence, kept, opened));
    }

    function _requireUndecided(Request memory request, bytes32 place) private view {
        require(
            !_decided[place],
            PlaceDecided(request.kind, request.book, request.sequence, request.leafIndex)
        );
    }

    function _placeOf(Request memory request) private pure returns (bytes32) {
        return _place(request.kind, request.book, request.sequence, request.leafIndex);
    }

    function _place(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, book, sequence, leafIndex));
    }
}
