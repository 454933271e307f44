// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Book, IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { BatchPath, CreditGroup, LeafRest } from "../types/Openings.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice A credit by its credit group, at its place in the claimed book.
struct CreditOpening {
    uint64 sequence;
    uint32 leafIndex;
    CreditGroup credit;
    LeafRest rest;
    BatchPath path;
}

/// @notice The charge that the credits point at; `third` is the digest of its charge group. Credits
/// in the order of their places; the last one is the claimed one.
struct CreditExcessEvidence {
    CreditOpening[] credits;
    bytes32 third;
    LeafRest charge;
    BatchPath chargePath;
}

/// @notice Credits that point at one charge sum up to more than it. Evidence: a
/// `CreditExcessEvidence`; one credit is enough when it alone is too large, or when it stands under
/// another number than the charge: there it takes from those who had no share of it. The subscriber
/// lost nothing, partners did: nothing is owed.
contract CreditAboveOriginal is BreachJudge {
    using Leaves for CreditGroup;

    uint256 private constant CREDITS_MAX = 8;

    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        CreditExcessEvidence memory shown = abi.decode(evidence, (CreditExcessEvidence));
        uint256 count = shown.credits.length;
        require(count > 0 && count <= CREDITS_MAX, EvidenceUnfit("credits"));
        CreditOpening memory claimed = shown.credits[count - 1];
        require(
            claimed.sequence == allegation.sequence && claimed.leafIndex == allegation.leafIndex,
            EvidenceUnfit("place")
        );
        uint256 sumNano;
        for (uint256 i = 0; i < count; ++i) {
            sumNano += _amountOf(allegation, shown.credits[i], claimed.credit);
            if (i == 0) continue;
            CreditOpening memory before = shown.credits[i - 1];
            require(
                before.sequence < shown.credits[i].sequence ||
                    (before.sequence == shown.credits[i].sequence &&
                        before.leafIndex < shown.credits[i].leafIndex),
                EvidenceUnfit("order")
            );
        }
        Book memory charges = _requireSibling(allegation, claimed.credit.targetBook, CHARGES);
        _requireLeaf(
            claimed.credit.targetBook,
            claimed.credit.targetSequence,
            claimed.credit.targetIndex,
            Leaves.leaf(claimed.credit.targetBook, shown.third, shown.charge),
            shown.chargePath
        );
        // Of a charge that is counted under another number there is nothing to take back here.
        bool isCountedHere = charges.number == books.bookOf(allegation.book).number;
        uint256 mostNano = isCountedHere ? shown.charge.amountNano : 0;
        require(sumNano > mostNano, BreachNotShown("amount"));
        finding.proven = true;
        finding.amountNano = claimed.rest.amountNano;
        finding.leaf = Leaves.leaf(allegation.book, claimed.credit.digest(), claimed.rest);
        finding.salt = claimed.credit.salt;
        finding.opened = new OpenedLeaf[](0);
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind == CREDITS;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _amountOf(
        Allegation calldata allegation,
        CreditOpening memory opening,
        CreditGroup memory claimed
    ) private view returns (uint256) {
        require(
            opening.credit.targetBook == claimed.targetBook &&
                opening.credit.targetSequence == claimed.targetSequence &&
                opening.credit.targetIndex == claimed.targetIndex,
            EvidenceUnfit("target")
        );
        _requireLeaf(
            allegation.book,
            opening.sequence,
            opening.leafIndex,
            Leaves.leaf(allegation.book, opening.credit.digest(), opening.rest),
            opening.path
        );
        return opening.rest.amountNano;
    }
}
