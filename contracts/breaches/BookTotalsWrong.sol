// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { Commitments } from "../libraries/Commitments.sol";
import { BatchTotals, RunningOpening } from "../types/Openings.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice The running totals of a batch and of the last one before it that was not voided; for the
/// book's first batch `beforeSequence` is 0 and `before` is not looked at.
struct BookTotalsEvidence {
    RunningOpening running;
    BatchTotals totals;
    uint64 beforeSequence;
    RunningOpening before;
}

/// @notice A book's running total does not grow by its batch's total: C and T contradict each other
/// (docs/PROTOCOL.md section 6). Evidence: a `BookTotalsEvidence`; the place is leaf index 0. Nothing is
/// owed; a statement over such a batch asks what C says, and is objected to.
contract BookTotalsWrong is BreachJudge {
    uint256 private constant VOIDED_MAX = 100;

    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        require(allegation.leafIndex == 0, EvidenceUnfit("place"));
        BookTotalsEvidence memory shown = abi.decode(evidence, (BookTotalsEvidence));
        _requireRunning(allegation, allegation.sequence, shown.running);
        bytes32 totals = Commitments.totalsDigest(shown.totals);
        require(shown.running.totals == totals, EvidenceUnfit("totals"));
        _requireNewestBefore(allegation, shown.beforeSequence);
        uint256 sumNano = shown.totals.sumNano;
        uint256 count = shown.totals.count;
        if (shown.beforeSequence > 0) {
            _requireRunning(allegation, shown.beforeSequence, shown.before);
            sumNano += shown.before.sumNano;
            count += shown.before.count;
        }
        require(
            shown.running.sumNano != sumNano || shown.running.count != count,
            BreachNotShown("running totals")
        );
        finding.proven = true;
        finding.leaf = totals;
        finding.salt = shown.totals.salt;
        finding.opened = new OpenedLeaf[](0);
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind > 0;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _requireRunning(
        Allegation calldata allegation,
        uint64 sequence,
        RunningOpening memory opening
    ) private view {
        _requireSeal(
            allegation.book,
            sequence,
            Commitments.sealOfRunningTotals(allegation.book, sequence, opening)
        );
    }

    function _requireNewestBefore(Allegation calldata allegation, uint64 sequence) private view {
        require(
            sequence < allegation.sequence && allegation.sequence - sequence <= VOIDED_MAX,
            EvidenceUnfit("order")
        );
        for (uint64 between = sequence + 1; between < allegation.sequence; ++between) {
            require(
                books.isVoided(allegation.book, between),
                EvidenceUnfit("not the newest before")
            );
        }
    }
}
