// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAgreements } from "../interfaces/IAgreements.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { MispricedEvidence } from "../interfaces/IClaims.sol";
import { ITariffs } from "../interfaces/ITariffs.sol";
import { BreachJudge, UsageOpening } from "./BreachJudge.sol";
import { PricedByTariff } from "./PricedByTariff.sol";

/// @notice The row that prices the charge names another split than the book pays out by: a partner's
/// share went elsewhere. Evidence: a `MispricedEvidence`. The subscriber is owed nothing.
contract WrongSplit is BreachJudge, PricedByTariff {
    constructor(
        IBooks books_,
        IAgreements agreements_,
        ITariffs tariffs_
    ) BreachJudge(books_) PricedByTariff(agreements_, tariffs_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        MispricedEvidence memory shown = abi.decode(evidence, (MispricedEvidence));
        finding = _atPlace(allegation, UsageOpening(shown.charge, shown.rest, shown.path));
        _requireRows(allegation, shown.charge, shown.price);
        finding.proven = shown.price.price.split != books.bookOf(allegation.book).split;
    }

    function restores() external pure override returns (bool) {
        return false;
    }
}
