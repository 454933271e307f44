// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAgreements } from "../interfaces/IAgreements.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { ITariffs } from "../interfaces/ITariffs.sol";
import { TierPieces } from "../libraries/TierPieces.sol";
import { ChargeGroup, ScopeUse } from "../types/Openings.sol";
import { PriceEvidence } from "../types/Rows.sol";
import { BreachJudge, UsageOpening } from "./BreachJudge.sol";
import { PricedByTariff } from "./PricedByTariff.sol";

/// @notice Two charges that are neighbours in one counter, anywhere in one book, and the rows that say
/// by how much the first of them moved it. Of a counter's first charge `before` is not looked at.
struct CounterStepEvidence {
    UsageOpening claimed;
    uint64 beforeSequence;
    uint32 beforeIndex;
    UsageOpening before;
    PriceEvidence moved;
}

/// @notice A counter does not start at zero, or does not grow by what the charge before was billed for:
/// units were put into a dearer tier. Evidence: a `CounterStepEvidence`; the place is the later charge.
/// The price's counter is the first scope of a charge. It opens two charge groups and no account. Which
/// charges were priced too high because of it the ledger does not see: nothing is owed, the arbiter
/// decides amounts.
contract CounterStepWrong is BreachJudge, PricedByTariff {
    constructor(
        IBooks books_,
        IAgreements agreements_,
        ITariffs tariffs_
    ) BreachJudge(books_) PricedByTariff(agreements_, tariffs_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        CounterStepEvidence memory shown = abi.decode(evidence, (CounterStepEvidence));
        finding = _atPlace(allegation, shown.claimed);
        ScopeUse memory claimed = shown.claimed.charge.scopes[0];
        require(claimed.scope != bytes8(0), BreachNotShown("no scope"));
        uint256 expected;
        if (claimed.scopeSequence != 1) expected = _after(allegation, shown, finding);
        require(claimed.counterBefore != expected, BreachNotShown("counter"));
        finding.proven = true;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    /// @return Where the charge before left the counter.
    function _after(
        Allegation calldata allegation,
        CounterStepEvidence memory shown,
        Finding memory finding
    ) private view returns (uint256) {
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
        ChargeGroup memory charge = shown.before.charge;
        ScopeUse memory claimed = shown.claimed.charge.scopes[0];
        require(claimed.scope == charge.scopes[0].scope, BreachNotShown("scope"));
        require(
            uint256(charge.scopes[0].scopeSequence) + 1 == claimed.scopeSequence,
            BreachNotShown("scope sequence")
        );
        _requireRows(allegation, charge, shown.moved);
        return charge.scopes[0].counterBefore + TierPieces.unitsMoved(charge, shown.moved.price);
    }
}
