// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { AccountPair, AccountPairEvidence } from "./AccountPair.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice One usage record was charged twice in one book in the same role: the tag says so under any
/// subscriber, and differs by role (docs/PROTOCOL.md section 3). The later place is the breach.
/// Evidence: an `AccountPairEvidence`. Owed: all of the later charge.
contract SourceReused is AccountPair {
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
        bytes24 tag = shown.claimed.account.sourceTag;
        // Charges without a usage record have no source.
        require(tag != bytes24(0), BreachNotShown("no source"));
        require(tag == shown.before.account.sourceTag, BreachNotShown("source tag"));
        finding.owedNano = finding.amountNano;
        return finding;
    }
}
