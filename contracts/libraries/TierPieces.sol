// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ChargeGroup } from "../types/Openings.sol";
import { PriceEvidence, PriceRow, TierRow } from "../types/Rows.sol";
import { ExactMoney } from "./ExactMoney.sol";

/// @notice Which units of a charge which row prices (docs/PROTOCOL.md section 8, kinds 1, 3, 4 and 5). A
/// step for each row that is shown, never one for each increment.
library TierPieces {
    error TiersUnfit(bytes32 field);
    error TiersTooMany(uint256 count, uint256 most);

    uint8 internal constant LINEAR = 1;
    uint8 internal constant SESSION_TIER = 3;
    uint8 internal constant COUNTER_TIER = 4;
    uint8 internal constant PACKAGE = 5;
    uint8 internal constant STAIR_STEP = 7;
    /// @dev Behind the first row; a charge that reaches more goes to the arbiter.
    uint256 internal constant FURTHER_MAX = 16;

    /// @notice `billed` units at price × units / per, where `place` is the row's in the tariff.
    struct Piece {
        uint32 place;
        uint256 billed;
        uint256 price;
        uint256 units;
        uint256 per;
    }

    /// @dev Reverts unless the rows price all billed units of the charge. A counter is the charge's
    /// first scope; a charge that names none is counted from zero.
    function piecesOf(
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) internal pure returns (Piece[] memory) {
        PriceRow memory first = evidence.price;
        require(first.provable == 1, ExactMoney.RowNotProvable("provable"));
        if (first.kind == LINEAR || first.kind == PACKAGE) return _ofOneRow(charge, evidence);
        require(
            first.kind == SESSION_TIER || first.kind == COUNTER_TIER,
            ExactMoney.RowNotProvable("row kind")
        );
        return _ofTiers(charge, evidence);
    }

    /// @return What is billed for a quantity: the first increment, then whole steps.
    function billedUnits(PriceRow memory row, uint256 quantity) internal pure returns (uint256) {
        require(
            row.per > 0 && row.first > 0 && row.step > 0,
            ExactMoney.RowNotProvable("increments")
        );
        if (quantity == 0) return 0;
        if (quantity <= row.first) return row.first;
        uint256 beyond = quantity - row.first;
        return row.first + ((beyond + row.step - 1) / row.step) * row.step;
    }

    /// @return By how much a charge moves the counter of a row of kinds 4 to 7.
    function unitsMoved(
        ChargeGroup memory charge,
        PriceRow memory first
    ) internal pure returns (uint256) {
        require(
            first.kind >= COUNTER_TIER && first.kind <= STAIR_STEP,
            ExactMoney.RowNotProvable("row kind")
        );
        return billedUnits(first, charge.quantity);
    }

    function _ofOneRow(
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) private pure returns (Piece[] memory pieces) {
        PriceRow memory row = evidence.price;
        require(
            row.tierTo == type(uint64).max && evidence.further.length == 0,
            TiersUnfit("one row")
        );
        uint256 billed = billedUnits(row, charge.quantity);
        pieces = new Piece[](1);
        if (row.kind == LINEAR) {
            pieces[0] = Piece(evidence.pricePath.index, billed, row.price, billed, row.per);
        } else {
            uint256 before = charge.scopes[0].counterBefore;
            uint256 begun = _begun(before + billed, row.per) - _begun(before, row.per);
            pieces[0] = Piece(evidence.pricePath.index, billed, row.price, begun, 1);
        }
    }

    /// @dev Rows that were left out would leave units without a price.
    function _ofTiers(
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) private pure returns (Piece[] memory pieces) {
        PriceRow memory first = evidence.price;
        uint256 count = evidence.further.length;
        require(count <= FURTHER_MAX, TiersTooMany(count, FURTHER_MAX));
        bool counted = first.kind == COUNTER_TIER;
        uint256 from = counted ? charge.scopes[0].counterBefore : 0;
        uint256 billed =
            counted
                ? billedUnits(first, charge.quantity)
                : _sessionUnits(evidence, charge.quantity);
        pieces = new Piece[](1 + count);
        pieces[0] = _overlap(first, evidence.pricePath.index, from, from + billed);
        uint256 priced = pieces[0].billed;
        uint64 below = first.tierTo;
        for (uint256 i = 0; i < count; ++i) {
            TierRow memory tier = evidence.further[i];
            _requireSamePrice(first, tier.row);
            require(tier.row.tierFrom >= below, TiersUnfit("order"));
            below = tier.row.tierTo;
            pieces[i + 1] = _overlap(tier.row, tier.path.index, from, from + billed);
            priced += pieces[i + 1].billed;
        }
        require(priced == billed, TiersUnfit("units without a row"));
    }

    /// @dev Tiers of a session hold whole increments: the last one that is reached alone decides.
    function _sessionUnits(
        PriceEvidence memory evidence,
        uint256 quantity
    ) private pure returns (uint256) {
        if (quantity == 0) return 0;
        PriceRow memory last = evidence.price;
        for (uint256 i = 0; i < evidence.further.length; ++i) {
            if (evidence.further[i].row.tierFrom < quantity) last = evidence.further[i].row;
        }
        return last.tierFrom + billedUnits(last, quantity - last.tierFrom);
    }

    function _overlap(
        PriceRow memory row,
        uint32 place,
        uint256 from,
        uint256 to
    ) private pure returns (Piece memory) {
        require(row.per > 0, ExactMoney.RowNotProvable("increments"));
        uint256 begin = row.tierFrom > from ? row.tierFrom : from;
        uint256 end = row.tierTo < to ? row.tierTo : to;
        uint256 billed = begin < end ? end - begin : 0;
        return Piece(place, billed, row.price, billed, row.per);
    }

    function _requireSamePrice(PriceRow memory first, PriceRow memory row) private pure {
        require(
            row.zone == first.zone &&
                row.area == first.area &&
                row.origin == first.origin &&
                row.band == first.band &&
                row.class == first.class &&
                row.kind == first.kind &&
                row.provable == first.provable,
            TiersUnfit("another price")
        );
    }

    function _begun(uint256 position, uint256 per) private pure returns (uint256) {
        return (position + per - 1) / per;
    }
}
