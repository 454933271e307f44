// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ChargeGroup } from "../types/Openings.sol";
import { CalendarRow, IntervalRow, PriceEvidence, PriceRow } from "../types/Rows.sol";
import { ExactMoney, ExactNano } from "./ExactMoney.sol";
import { TierPieces } from "./TierPieces.sol";

/// @notice The price of one charge in closed form (docs/PROTOCOL.md section 8). What this library does
/// not know it refuses, so that a rule it can not see never frames an honest operator.
library Repricing {
    using ExactMoney for ExactNano;

    error RowDoesNotApply(bytes32 field);
    error ChargeMalformed(bytes32 field);

    uint64 internal constant ALL_FILLER = type(uint64).max;
    uint8 internal constant KIND_USAGE = 1;
    uint8 internal constant DIRECTION_MASK = 0x03;
    uint8 internal constant WHOLE_NUMBER_FLAG = 0x08;
    uint64 internal constant MINUTE_MILLISECONDS = 60_000;
    /// @dev Kinds 1 to 7, with or without the bit that says that a plan can reduce the price.
    uint8 internal constant KIND_MASK = 0x07;
    uint8 internal constant PLAN_REDUCES = 0x10;

    /// @dev Reverts unless these three rows, and no others, price the charge.
    function requireApplies(
        ChargeGroup memory charge,
        IntervalRow memory interval,
        CalendarRow memory calendar,
        PriceRow memory price
    ) internal pure {
        require(charge.kind == KIND_USAGE, ExactMoney.RowNotProvable("charge kind"));
        require(interval.service == charge.service, RowDoesNotApply("service"));
        require(interval.direction == charge.flags & DIRECTION_MASK, RowDoesNotApply("direction"));
        (uint64 lowest, uint64 highest) = digitRange(charge.decidingDigits, charge.flags);
        require(
            interval.low <= lowest && highest <= interval.high,
            RowDoesNotApply("deciding digits")
        );
        uint64 instant = sessionInstant(charge);
        require(calendar.from <= instant && instant < calendar.to, RowDoesNotApply("band instant"));
        require(price.zone == interval.zone, RowDoesNotApply("zone"));
        require(price.band == calendar.band, RowDoesNotApply("band"));
        require(price.tierFrom == 0, RowDoesNotApply("first tier"));
        require(
            price.kind & KIND_MASK > 0 && price.kind & ~(KIND_MASK | PLAN_REDUCES) == 0,
            ExactMoney.RowNotProvable("row kind")
        );
        require(price.class == charge.class, ExactMoney.RowNotProvable("class"));
        // Which area a network and which origin a number belongs to is not in the rows.
        require(
            price.area == 0 && charge.visitedNetwork == 0xFFFFFF,
            ExactMoney.RowNotProvable("area")
        );
        require(
            price.origin == 0 && charge.originDigits == ALL_FILLER,
            ExactMoney.RowNotProvable("origin")
        );
    }

    /// @return lowest The smallest and `highest` the largest number that begins with these digits.
    function digitRange(
        uint64 digits,
        uint8 flags
    ) internal pure returns (uint64 lowest, uint64 highest) {
        highest = digits;
        lowest = digits;
        if (flags & WHOLE_NUMBER_FLAG == 0) {
            // Trailing filler nibbles stand for any digit: at most 16 of them.
            for (uint64 nibble = 0x0F; nibble != 0 && (digits & nibble) == nibble; nibble <<= 4) {
                lowest &= ~nibble;
            }
        }
    }

    /// @return The instant, in milliseconds, whose band prices the whole session: its minute of start.
    function sessionInstant(ChargeGroup memory charge) internal pure returns (uint64) {
        uint64 minute = charge.start / MINUTE_MILLISECONDS;
        require(minute >= charge.sessionMinutes, ChargeMalformed("session minutes"));
        return (minute - charge.sessionMinutes) * MINUTE_MILLISECONDS;
    }

    /// @return What the rows ask for the charge, in nano-units.
    function priceOf(
        ChargeGroup memory charge,
        PriceEvidence memory evidence
    ) internal pure returns (uint128) {
        PriceRow memory first = evidence.price;
        TierPieces.Piece[] memory pieces = TierPieces.piecesOf(charge, evidence);
        ExactNano memory sum = ExactNano({ whole: first.setUp, numerator: 0, denominator: 1 });
        for (uint256 i = 0; i < pieces.length; ++i) {
            sum.add(pieces[i].price, pieces[i].units, pieces[i].per);
        }
        sum.bound(first);
        return sum.rounded(first);
    }

    /// @return What one row asks for a quantity by the linear price, whatever its kind.
    function linearPriceOf(PriceRow memory row, uint64 quantity) internal pure returns (uint128) {
        ExactNano memory sum = ExactNano({ whole: row.setUp, numerator: 0, denominator: 1 });
        sum.add(row.price, TierPieces.billedUnits(row, quantity), row.per);
        sum.bound(row);
        return sum.rounded(row);
    }
}
