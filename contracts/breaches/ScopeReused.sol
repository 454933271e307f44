// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { ScopeUse } from "../types/Openings.sol";
import { BreachJudge, UsageOpening } from "./BreachJudge.sol";

/// @notice Two charges of one book by their charge groups, and which scope of each is meant (0 or 1).
struct ScopePairEvidence {
    UsageOpening claimed;
    uint8 claimedSlot;
    uint64 beforeSequence;
    uint32 beforeIndex;
    UsageOpening before;
    uint8 beforeSlot;
}

/// @notice One counter moved twice from one place: the same scope with the same sequence in two
/// charges of one book; the later place is the breach. Evidence: a `ScopePairEvidence`. Which of
/// the two was priced wrongly the ledger does not see: nothing is owed, the arbiter decides amounts.
contract ScopeReused is BreachJudge {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        ScopePairEvidence memory shown = abi.decode(evidence, (ScopePairEvidence));
        finding = _atPlace(allegation, shown.claimed);
        _requireEarlier(allegation, shown.beforeSequence, shown.beforeIndex);
        _requireLeaf(
            allegation.book,
            shown.beforeSequence,
            shown.beforeIndex,
            _leafOf(allegation.book, shown.before),
            shown.before.path
        );
        _alsoOpened(
            finding,
            allegation.book,
            shown.beforeSequence,
            shown.beforeIndex,
            Opened.Usage
        );
        ScopeUse memory claimed = shown.claimed.charge.scopes[shown.claimedSlot];
        ScopeUse memory before = shown.before.charge.scopes[shown.beforeSlot];
        require(claimed.scope != bytes8(0), BreachNotShown("no scope"));
        // Every charge under one assignment of a plan names it.
        require(bytes4(claimed.scope) != Leaves.PLAN_SCOPE, BreachNotShown("plan"));
        require(claimed.scope == before.scope, BreachNotShown("scope"));
        require(claimed.scopeSequence == before.scopeSequence, BreachNotShown("scope sequence"));
        finding.proven = true;
    }

    function restores() external pure override returns (bool) {
        return false;
    }
}
