// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { AssignedPlans, Assignment, AssignmentOpening } from "./AssignedPlans.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice The claimed assignment, and an earlier one of the same subscriber.
struct AssignmentsClashEvidence {
    AssignmentOpening claimed;
    AssignmentOpening before;
}

/// @notice Two assignments of one pseudonym have one ordinal, or do not follow each other in time: so an
/// operator could show whichever suits. The later place is the breach. Evidence: an
/// `AssignmentsClashEvidence`. Nothing is owed.
contract AssignmentsClash is AssignedPlans {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        AssignmentsClashEvidence memory shown = abi.decode(evidence, (AssignmentsClashEvidence));
        AssignmentOpening memory claimed = shown.claimed;
        require(
            claimed.sequence == allegation.sequence && claimed.leafIndex == allegation.leafIndex,
            EvidenceUnfit("place")
        );
        _requireEarlier(allegation, shown.before.sequence, shown.before.leafIndex);
        finding.opened = new OpenedLeaf[](0);
        Assignment memory later = _assignmentAt(allegation, claimed, finding);
        Assignment memory earlier = _assignmentAt(allegation, shown.before, finding);
        require(
            claimed.account.pseudonym == shown.before.account.pseudonym,
            BreachNotShown("pseudonym")
        );
        require(_clash(earlier, later), BreachNotShown("order of assignments"));
        finding.proven = true;
        finding.amountNano = claimed.amountNano;
        finding.leaf = _leafOf(allegation.book, claimed);
        finding.salt = claimed.charge.salt;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _clash(Assignment memory a, Assignment memory b) private pure returns (bool) {
        if (a.ordinal == b.ordinal) return true;
        return a.ordinal < b.ordinal ? b.from < a.to : a.from < b.to;
    }
}
