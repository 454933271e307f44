// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { AccountPair, AccountPairEvidence } from "./AccountPair.sol";
import { AccountOpening, BreachJudge } from "./BreachJudge.sol";

/// @notice A subscriber's running total does not grow by the charge's amount. Evidence: an
/// `AccountPairEvidence` of two neighbouring numbers, the claimed one the higher; for number 1, the
/// claimed leaf in both parts. Owed: what the total grew too much, which the invoice would ask.
contract RunningTotalWrong is AccountPair {
    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory) {
        (AccountPairEvidence memory shown, Finding memory finding) = _openPair(
            allegation,
            evidence
        );
        AccountOpening memory claimed = shown.claimed;
        uint256 expected = claimed.amountNano;
        if (claimed.account.chargeNumber > 1) {
            require(
                claimed.account.pseudonym == shown.before.account.pseudonym,
                BreachNotShown("pseudonym")
            );
            require(
                claimed.account.chargeNumber - 1 == shown.before.account.chargeNumber,
                BreachNotShown("charge number")
            );
            expected += shown.before.account.runningTotalNano;
        }
        uint256 stated = claimed.account.runningTotalNano;
        require(stated != expected, BreachNotShown("running total"));
        if (stated > expected) finding.owedNano = uint128(stated - expected);
        // The excess stands in no single charge: it may be more than this one asks.
        finding.amountNano =
            finding.amountNano > finding.owedNano ? finding.amountNano : finding.owedNano;
        return finding;
    }
}
