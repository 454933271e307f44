// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { AccountPair, AccountPairEvidence } from "./AccountPair.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice One subscriber has two charges with one number in one book; the later place is the breach.
/// Evidence: an `AccountPairEvidence`. Owed: all of the later charge.
contract ChargeNumberReused is AccountPair {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory) {
        (AccountPairEvidence memory shown, Finding memory finding) = _openPair(
            allegation,
            evidence
        );
        _requireEarlier(allegation, shown.beforeSequence, shown.beforeIndex);
        require(
            shown.claimed.account.pseudonym == shown.before.account.pseudonym,
            BreachNotShown("pseudonym")
        );
        require(
            shown.claimed.account.chargeNumber == shown.before.account.chargeNumber,
            BreachNotShown("charge number")
        );
        finding.owedNano = finding.amountNano;
        return finding;
    }
}
