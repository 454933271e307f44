// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Allegation, Finding, Opened } from "../interfaces/IBreachJudge.sol";
import { AccountOpening, BreachJudge } from "./BreachJudge.sol";

/// @notice Two leaves of one book by their account groups; `before` stands anywhere in the book.
struct AccountPairEvidence {
    AccountOpening claimed;
    uint64 beforeSequence;
    uint32 beforeIndex;
    AccountOpening before;
}

/// @notice What the judges of two account groups share.
abstract contract AccountPair is BreachJudge {
    function _openPair(
        Allegation calldata allegation,
        bytes calldata evidence
    ) internal view returns (AccountPairEvidence memory shown, Finding memory finding) {
        shown = abi.decode(evidence, (AccountPairEvidence));
        finding = _atPlace(allegation, shown.claimed);
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
            Opened.Account
        );
        finding.proven = true;
    }
}
