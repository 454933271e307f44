// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { BookId } from "../types/Identifiers.sol";
import { AccountGroup, BatchPath, ChargeGroup, LeafRest, ScopeUse } from "../types/Openings.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice A charge of the kind that assigns a plan, by both its sides, at its place in the book.
struct AssignmentOpening {
    uint64 sequence;
    uint32 leafIndex;
    AccountGroup account;
    ChargeGroup charge;
    bytes32 party;
    uint128 amountNano;
    BatchPath path;
}

/// @notice What an assignment says. Instants in milliseconds, from <= t < to.
struct Assignment {
    uint64 ordinal;
    uint32 plan;
    uint256 from;
    uint256 to;
}

/// @notice What the judges of assignments share. Such a charge says no use, so that both its sides can be
/// shown; no other kind of charge passes for one.
abstract contract AssignedPlans is BreachJudge {
    using Leaves for AccountGroup;
    using Leaves for ChargeGroup;

    function _leafOf(
        BookId book,
        AssignmentOpening memory opening
    ) internal pure returns (bytes32) {
        LeafRest memory rest = LeafRest({
            account: opening.account.digest(),
            party: opening.party,
            amountNano: opening.amountNano
        });
        return Leaves.leaf(book, opening.charge.digest(), rest);
    }

    /// @dev Reverts unless the assignment stands in the allegation's book; notes that it was opened.
    function _assignmentAt(
        Allegation calldata allegation,
        AssignmentOpening memory opening,
        Finding memory finding
    ) internal view returns (Assignment memory) {
        ChargeGroup memory charge = opening.charge;
        require(charge.kind == KIND_ASSIGNMENT, BreachNotShown("assignment"));
        (uint32 plan, uint64 ordinal) = _planNamedBy(charge);
        _requireLeaf(
            allegation.book,
            opening.sequence,
            opening.leafIndex,
            _leafOf(allegation.book, opening),
            opening.path
        );
        _alsoOpened(finding, allegation.book, opening.sequence, opening.leafIndex, Opened.Account);
        return Assignment(ordinal, plan, charge.start, uint256(charge.start) + charge.quantity);
    }

    /// @return plan The second half of the charge's second scope.
    /// @return ordinal Of the assignment, which stands as the scope's sequence.
    function _planNamedBy(
        ChargeGroup memory charge
    ) internal pure returns (uint32 plan, uint64 ordinal) {
        ScopeUse memory named = charge.scopes[1];
        require(bytes4(named.scope) == Leaves.PLAN_SCOPE, BreachNotShown("no plan"));
        return (uint32(uint64(named.scope)), named.scopeSequence);
    }
}
