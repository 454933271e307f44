// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ClaimRegister } from "./ClaimRegister.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { IBonds } from "./interfaces/IBonds.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import {
    Allegation,
    Finding,
    IBreachJudge,
    Opened,
    OpenedLeaf
} from "./interfaces/IBreachJudge.sol";
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
import { IStandings } from "./interfaces/IStandings.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { Leaves } from "./libraries/Leaves.sol";
import { BookId, ClaimId } from "./types/Identifiers.sol";
import { CreditGroup } from "./types/Openings.sol";

/// @notice The second half of {IClaims}: how a claim is answered, opened, decided and made good.
contract Claims is ClaimRegister {
    using Leaves for CreditGroup;

    uint8 private constant KIND_MISPRICED = 1;
    uint8 private constant BOOK_OF_CREDITS = 2;
    uint256 private constant CONTESTS_MAX = 200;
    uint256 private constant BOTH_SIDES = (1 << uint8(Opened.Account)) | (1 << uint8(Opened.Usage));

    IBonds public immutable bonds;

    /// @dev What claims of one kind made due at a place; and all kinds together.
    mapping(bytes32 place => uint128 nano) private _dueAt;
    mapping(bytes32 leafPlace => uint256 nano) private _dueAtLeaf;
    /// @dev Where a concession was not made good in time.
    mapping(bytes32 place => bool) private _overdueAt;
    /// @dev Sides of a leaf that were opened, one bit each.
    mapping(bytes32 leafPlace => uint256 sides) private _openedSides;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IBooks books_,
        ILedgerClock clock_,
        IBonds bonds_,
        IStandings standings_,
        address authority,
        address forwarder
    ) ClaimRegister(members_, agreements_, books_, clock_, standings_, authority, forwarder) {
        bonds = bonds_;
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
        _awaitEvidence(id, stored);
    }

    /// @inheritdoc IClaims
    function contestMany(ClaimId[] calldata ids) external {
        require(ids.length <= CONTESTS_MAX, ClaimsTooMany(ids.length, CONTESTS_MAX));
        for (uint256 i = 0; i < ids.length; ++i) contest(ids[i]);
    }

    /// @inheritdoc IClaims
    function concludeSilence(ClaimId id) external {
        Claim storage stored = _inState(id, ClaimState.Claimed);
        _requireAfterDeadline(id);
        _giveStandingBack(stored);
        bytes32 place = _placeOf(stored.request);
        if (!stored.hasStanding) {
            _passOver(id, stored, _decided[place]);
            return;
        }
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
    function open(ClaimId id, bytes memory evidence) public {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        IBreachJudge judge = _judges[request.kind];
        require(address(judge) != address(0), ClaimKindWrong(id, request.kind));
        _requireBeforeDeadline(id);
        bytes32 place = _placeOf(request);
        _requireUndecided(request, place);
        Finding memory finding = judge.judge(
            Allegation({
                book: request.book,
                sequence: request.sequence,
                leafIndex: request.leafIndex,
                operator: stored.operator,
                agreement: stored.agreement
            }),
            evidence
        );
        bytes32 shown = Leaves.evidenceHash(stored.finder, finding.leaf, finding.salt);
        require(
            shown == request.evidenceHash,
            EvidenceNotOfFinder(id, request.evidenceHash, shown)
        );
        _noteOpened(finding.opened);

        // What was conceded for this kind was owned up to, unless its credit is overdue: the place stays
        // undecided until then. Only the rest is a breach that was denied.
        bool isConceded =
            finding.proven && finding.owedNano > 0 && finding.owedNano <= _dueAt[place];
        if (isConceded && !_overdueAt[place]) {
            stored.state = ClaimState.Lapsed;
            emit ClaimLapsed(id);
            return;
        }
        // What was committed never changes: the place is decided for good.
        _decided[place] = true;
        if (!finding.proven) {
            stored.state = ClaimState.Refuted;
            emit ClaimRefuted(id);
            return;
        }
        uint128 dueNano = _stillDue(request, place, finding);
        uint64 creditBy = _owe(id, stored, ClaimState.Proven, dueNano);
        emit ClaimProven(
            id,
            finding.amountNano,
            finding.amountNano - finding.owedNano,
            dueNano,
            creditBy
        );
        bonds.slash(stored.agreement, stored.operator, stored.finder);
    }

    /// @inheritdoc IClaims
    function openMispriced(ClaimId id, MispricedEvidence calldata evidence) external {
        uint8 kind = _claims[id].request.kind;
        require(kind == KIND_MISPRICED, ClaimKindWrong(id, kind));
        open(id, abi.encode(evidence));
    }

    /// @inheritdoc IClaims
    function decide(ClaimId id, uint128 dueNano) external {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        require(request.kind == KIND_MATTER_OF_FACT, ClaimKindWrong(id, request.kind));
        require(
            members.holds(agreements.arbiterOf(stored.agreement), Duty.Settle, _msgSender()),
            NotTheArbiter(id, _msgSender())
        );
        require(dueNano <= request.claimedNano, DecisionAboveClaim(request.claimedNano, dueNano));
        bytes32 place = _placeOf(request);
        _requireUndecided(request, place);
        _decided[place] = true;
        if (dueNano == 0) {
            stored.state = ClaimState.Refuted;
            emit ClaimRefuted(id);
        } else {
            emit ClaimDecided(id, dueNano, _owe(id, stored, ClaimState.Proven, dueNano));
        }
    }

    /// @inheritdoc IClaims
    /// @dev A matter of fact does not lapse: it waits for the arbiter, so that nobody loses by silence.
    function lapse(ClaimId id) external {
        Claim storage stored = _inState(id, ClaimState.Contested);
        Request memory request = stored.request;
        if (!_decided[_placeOf(request)]) {
            require(request.kind != KIND_MATTER_OF_FACT, ClaimKindWrong(id, request.kind));
            _requireAfterDeadline(id);
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
            Commitments.sealOfLeaf(
                evidence.book,
                evidence.sequence,
                evidence.leafIndex,
                Leaves.leaf(evidence.book, evidence.credit.digest(), evidence.rest),
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
        _requireAfterDeadline(id);
        stored.overdue = true;
        if (stored.conceded) _overdueAt[_placeOf(stored.request)] = true;
        emit CreditOverdue(id, stored.dueNano);
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

    /// @dev Silence towards a stranger concedes nothing: what the ledger can decide waits for evidence.
    function _passOver(ClaimId id, Claim storage stored, bool decided) private {
        if (decided || stored.request.kind == KIND_MATTER_OF_FACT) {
            stored.state = ClaimState.Lapsed;
            emit ClaimLapsed(id);
        } else {
            _awaitEvidence(id, stored);
        }
    }

    /// @dev What is owed for this kind less what this kind made due before; and never more than the
    /// charge with all that other kinds made due.
    function _stillDue(
        Request memory request,
        bytes32 place,
        Finding memory finding
    ) private view returns (uint128) {
        uint256 ofKind = _dueAt[place];
        uint256 ofLeaf = _dueAtLeaf[_leafPlace(request)];
        uint256 byKind = finding.owedNano > ofKind ? finding.owedNano - ofKind : 0;
        uint256 byLeaf = finding.amountNano > ofLeaf ? finding.amountNano - ofLeaf : 0;
        return uint128(byKind < byLeaf ? byKind : byLeaf);
    }

    /// @dev Two sides of one leaf would say together who used what.
    function _noteOpened(OpenedLeaf[] memory opened) private {
        for (uint256 i = 0; i < opened.length; ++i) {
            OpenedLeaf memory leaf = opened[i];
            bytes32 place = keccak256(abi.encode(leaf.book, leaf.sequence, leaf.leafIndex));
            uint256 sides = _openedSides[place] | (1 << uint8(leaf.side));
            require(
                sides & BOTH_SIDES != BOTH_SIDES,
                GroupsTogether(leaf.book, leaf.sequence, leaf.leafIndex)
            );
            _openedSides[place] = sides;
        }
    }

    function _concede(ClaimId id, Claim storage stored, uint128 dueNano, bool bySilence) private {
        stored.conceded = true;
        uint64 creditBy = _owe(id, stored, ClaimState.Conceded, dueNano);
        emit ClaimConceded(id, dueNano, bySilence, creditBy);
    }

    /// @dev Where nothing is due, nothing is waited for.
    function _owe(
        ClaimId id,
        Claim storage stored,
        ClaimState state,
        uint128 dueNano
    ) private returns (uint64 creditBy) {
        Request memory request = stored.request;
        stored.state = dueNano == 0 ? ClaimState.Settled : state;
        stored.dueNano = dueNano;
        creditBy = _startWindow(id, stored, agreements.windowsOf(stored.agreement).credit);
        _dueAt[_placeOf(request)] += dueNano;
        _dueAtLeaf[_leafPlace(request)] += dueNano;
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
        Book memory target = books.bookOf(request.book);
        // A statement takes credits from the charges of their number: from others they take nothing.
        require(
            target.kind != BOOK_OF_CHARGES || book.number == target.number,
            CreditUnfit(id, "book number")
        );
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

    function _answerable(ClaimId id) private returns (Claim storage stored) {
        stored = _inState(id, ClaimState.Claimed);
        require(
            members.holds(stored.operator, Duty.Commit, _msgSender()) ||
                members.holds(stored.operator, Duty.Settle, _msgSender()),
            NotTheOperator(id, _msgSender())
        );
        _requireBeforeDeadline(id);
        _giveStandingBack(stored);
    }

    function _owed(ClaimId id) private view returns (Claim storage stored) {
        stored = _claims[id];
        require(
            stored.state == ClaimState.Conceded || stored.state == ClaimState.Proven,
            ClaimStateWrong(id, stored.state)
        );
    }

    function _requireSealed(BookId book, uint64 sequence, bytes32 opened) private view {
        bytes32 kept = books.sealOf(book, sequence);
        require(kept == opened && kept != bytes32(0), SealMismatch(book, sequence, kept, opened));
    }
}
