// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAgreements } from "../interfaces/IAgreements.sol";
import { Allegation } from "../interfaces/IBreachJudge.sol";
import { ITariffs } from "../interfaces/ITariffs.sol";
import { IVerifier } from "../interfaces/IVerifier.sol";
import { Repricing } from "../libraries/Repricing.sol";
import { TariffRows } from "../libraries/TariffRows.sol";
import { ChargeGroup } from "../types/Openings.sol";
import { PriceEvidence, TariffHeader } from "../types/Rows.sol";

/// @notice The price of a charge by the version in force at its start, whatever version it names.
abstract contract PricedByTariff {
    using TariffRows for PriceEvidence;
    using TariffRows for TariffHeader;

    error CurrencyMismatch(bytes3 agreement, bytes3 tariff);

    IAgreements public immutable agreements;
    ITariffs public immutable tariffs;

    constructor(IAgreements agreements_, ITariffs tariffs_) {
        agreements = agreements_;
        tariffs = tariffs_;
    }

    /// @dev Reverts when the rows are not in the tariff, or do not apply to the charge.
    function _requireRows(
        Allegation calldata allegation,
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) internal view {
        bytes3 currency = agreements.currencyOf(allegation.agreement);
        bytes3 quoted = evidence.header.currency;
        require(currency == quoted, CurrencyMismatch(currency, quoted));
        (, bytes32 published) = tariffs.versionInForce(
            allegation.agreement,
            allegation.operator,
            charge.start
        );
        bytes32 opened = evidence.header.root();
        require(opened == published, IVerifier.TariffRootMismatch(published, opened));
        evidence.requireRows();
        Repricing.requireApplies(charge, evidence.interval, evidence.calendar, evidence.price);
    }

    function _priceOf(
        Allegation calldata allegation,
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) internal view returns (uint128) {
        _requireRows(allegation, charge, evidence);
        return Repricing.priceOf(charge, evidence);
    }
}
