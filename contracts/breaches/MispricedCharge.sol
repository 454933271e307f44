// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAgreements } from "../interfaces/IAgreements.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { MispricedEvidence } from "../interfaces/IClaims.sol";
import { ITariffs } from "../interfaces/ITariffs.sol";
import { BreachJudge, UsageOpening } from "./BreachJudge.sol";
import { PricedByTariff } from "./PricedByTariff.sol";

/// @notice The tariff in force at the charge's start yields less than was charged. Evidence: a
/// `MispricedEvidence`. Owed: what was charged too much.
contract MispricedCharge is BreachJudge, PricedByTariff {
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
        uint128 priceNano;
        // An assignment of a plan is free whatever the tariff says: its rows are not looked at.
        if (shown.charge.kind != KIND_ASSIGNMENT) {
            priceNano = _priceOf(allegation, shown.charge, shown.price);
        }
        finding.proven = finding.amountNano > priceNano;
        if (finding.proven) finding.owedNano = finding.amountNano - priceNano;
    }
}
