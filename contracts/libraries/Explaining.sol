// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ChargeGroup } from "../types/Openings.sol";
import { Component, ComponentKind, PriceEvidence, PriceRow } from "../types/Rows.sol";
import { ExactMoney, ExactNano } from "./ExactMoney.sol";
import { TierPieces } from "./TierPieces.sol";

/// @notice Why a charge costs what it costs: set-up, units of each row, minimum, maximum, rounding. What
/// the units have below a nano-unit goes to the rounding, so that the parts are integers and sum up.
library Explaining {
    using ExactMoney for ExactNano;

    /// @dev Set-up, minimum, maximum and rounding, beside the rows.
    uint256 private constant PARTS_BESIDE_ROWS = 4;

    struct Sum {
        Component[] parts;
        uint256 count;
        int256 nano;
    }

    function componentsOf(
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) internal pure returns (Component[] memory parts) {
        PriceRow memory first = evidence.price;
        TierPieces.Piece[] memory pieces = TierPieces.piecesOf(charge, evidence);
        Sum memory sum;
        sum.parts = new Component[](pieces.length + PARTS_BESIDE_ROWS);
        ExactNano memory exact = ExactNano({ whole: first.setUp, numerator: 0, denominator: 1 });
        if (first.setUp > 0) _add(sum, ComponentKind.SetUp, int256(uint256(first.setUp)));
        for (uint256 i = 0; i < pieces.length; ++i) {
            TierPieces.Piece memory piece = pieces[i];
            if (piece.billed == 0) continue;
            exact.add(piece.price, piece.units, piece.per);
            Component memory part = _add(
                sum,
                ComponentKind.Usage,
                int256((piece.price * piece.units) / piece.per)
            );
            part.billed = piece.billed;
            part.row = piece.place;
        }
        (bool isBelow, bool isAbove) = exact.bound(first);
        if (isBelow) _add(sum, ComponentKind.Minimum, int256(uint256(first.minimum)) - sum.nano);
        if (isAbove) _add(sum, ComponentKind.Maximum, int256(uint256(first.maximum)) - sum.nano);
        int256 rounding = int256(uint256(exact.rounded(first))) - sum.nano;
        if (rounding != 0) _add(sum, ComponentKind.Rounding, rounding);
        parts = new Component[](sum.count);
        for (uint256 i = 0; i < sum.count; ++i) parts[i] = sum.parts[i];
    }

    function _add(
        Sum memory sum,
        ComponentKind kind,
        int256 nano
    ) private pure returns (Component memory part) {
        part = sum.parts[sum.count++];
        part.kind = kind;
        part.amountNano = nano;
        sum.nano += nano;
    }
}
