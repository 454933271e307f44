// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ChargeGroup } from "../types/Openings.sol";
import { CalendarRow, IntervalRow, PriceRow } from "../types/Rows.sol";

/// @notice The price of one charge in closed form (docs/PROTOCOL.md section 8). What this library does
/// not know it refuses, so that a rule it can not see never frames an honest operator.
library Repricing {
    /// @notice Only the arbiter can price this; `field` names what the ledger does not decide.
    error RowNotProvable(bytes32 field);
    error RowDoesNotApply(bytes32 field);
    error ChargeMalformed(bytes32 field);
    error PriceBeyondRange(uint256 amountNano);

    uint64 internal constant ALL_FILLER = type(uint64).max;
    uint128 internal constant NO_MAXIMUM = type(uint128).max;
    uint8 internal constant KIND_USAGE = 1;
    uint8 internal constant ROW_LINEAR = 1;
    uint8 internal constant DIRECTION_MASK = 0x03;
    uint8 internal constant WHOLE_NUMBER_FLAG = 0x08;
    uint64 internal constant MINUTE_MILLISECONDS = 60_000;

    /// @dev Reverts unless these three rows, and no others, price the charge.
    function requireApplies(
        ChargeGroup memory charge,
        IntervalRow memory interval,
        CalendarRow memory calendar,
        PriceRow memory price
    ) internal pure {
        require(charge.kind == KIND_USAGE, RowNotProvable("charge kind"));
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
        _requireProvable(charge, price);
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

    /// @return amountNano What the row asks for the quantity.
    function priceOf(PriceRow memory row, uint64 quantity) internal pure returns (uint128) {
        require(row.per > 0 && row.first > 0 && row.step > 0, RowNotProvable("increments"));
        require(row.scale <= 9, RowNotProvable("scale"));
        // All of it over the denominator `per`: setUp × per < 2^192 and price × billed < 2^194, so
        // nothing here reaches 2^256.
        uint256 exact =
            uint256(row.setUp) * row.per + uint256(row.price) * billedUnits(row, quantity);
        uint256 least = uint256(row.minimum) * row.per;
        uint256 most = uint256(row.maximum) * row.per;
        if (exact < least) exact = least;
        if (row.maximum != NO_MAXIMUM && exact > most) exact = most;
        uint256 roundingUnit = 10 ** (9 - row.scale);
        uint256 amountNano =
            _divide(exact, uint256(row.per) * roundingUnit, row.mode) * roundingUnit;
        require(amountNano <= type(uint128).max, PriceBeyondRange(amountNano));
        return uint128(amountNano);
    }

    /// @return What is billed for a quantity: the first increment, then whole steps.
    function billedUnits(PriceRow memory row, uint64 quantity) internal pure returns (uint256) {
        if (quantity == 0) return 0;
        if (quantity <= row.first) return row.first;
        uint256 beyond = quantity - row.first;
        return row.first + ((beyond + row.step - 1) / row.step) * row.step;
    }

    function _requireProvable(ChargeGroup memory charge, PriceRow memory price) private pure {
        require(price.provable == 1, RowNotProvable("provable"));
        require(price.kind == ROW_LINEAR, RowNotProvable("row kind"));
        require(price.class == charge.class, RowNotProvable("class"));
        // Which area a network and which origin a number belongs to is not in the rows.
        require(price.area == 0 && charge.visitedNetwork == 0xFFFFFF, RowNotProvable("area"));
        require(price.origin == 0 && charge.originDigits == ALL_FILLER, RowNotProvable("origin"));
        require(price.tierFrom == 0 && price.tierTo == type(uint64).max, RowNotProvable("tier"));
    }

    /// @dev Modes: 0 half up, 1 half even, 2 up, 3 down. `denominator` < 2^94 is never zero.
    function _divide(
        uint256 numerator,
        uint256 denominator,
        uint8 mode
    ) private pure returns (uint256 quotient) {
        require(mode <= 3, RowNotProvable("mode"));
        quotient = numerator / denominator;
        uint256 twice = (numerator % denominator) * 2;
        if (twice == 0 || mode == 3) return quotient;
        if (mode == 2) return quotient + 1;
        if (mode == 1 && twice == denominator) return quotient + (quotient & 1);
        return twice >= denominator ? quotient + 1 : quotient;
    }
}
