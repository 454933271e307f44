// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { PriceRow } from "../types/Rows.sol";

/// @notice A sum of prices whose units differ: whole + numerator / denominator nano-units, with
/// numerator < denominator.
struct ExactNano {
    uint256 whole;
    uint256 numerator;
    uint256 denominator;
}

/// @notice Money that stays exact until the row's rounding (docs/PROTOCOL.md section 8).
library ExactMoney {
    /// @notice Only the arbiter can price this; `field` names what the ledger does not decide.
    error RowNotProvable(bytes32 field);
    error PriceBeyondRange(uint256 amountNano);

    uint128 internal constant NO_MAXIMUM = type(uint128).max;
    /// @dev Of all rows of a charge together; with a whole part below 2^128 their product fits.
    uint256 private constant DENOMINATOR_MAX = type(uint96).max;

    /// @dev Adds price × units / per, exactly. `price` < 2^128 and `units` < 2^67.
    function add(ExactNano memory sum, uint256 price, uint256 units, uint256 per) internal pure {
        uint256 product = price * units;
        sum.whole += product / per;
        uint256 rest = product % per;
        if (rest == 0) return;
        if (sum.denominator != per) {
            uint256 scale = per / _greatestCommonDivisor(sum.denominator, per);
            require(
                scale <= DENOMINATOR_MAX / sum.denominator,
                RowNotProvable("units without common part")
            );
            sum.numerator *= scale;
            sum.denominator *= scale;
        }
        sum.numerator += rest * (sum.denominator / per);
        if (sum.numerator >= sum.denominator) {
            sum.numerator -= sum.denominator;
            sum.whole += 1;
        }
    }

    /// @return isBelow Whether the minimum holds.
    /// @return isAbove Whether the maximum holds, after the minimum.
    function bound(
        ExactNano memory sum,
        PriceRow memory row
    ) internal pure returns (bool isBelow, bool isAbove) {
        isBelow = sum.whole < row.minimum;
        if (isBelow) _become(sum, row.minimum);
        isAbove =
            row.maximum != NO_MAXIMUM &&
            (sum.whole > row.maximum || (sum.whole == row.maximum && sum.numerator > 0));
        if (isAbove) _become(sum, row.maximum);
    }

    /// @return The sum rounded to the row's scale by its mode.
    function rounded(ExactNano memory sum, PriceRow memory row) internal pure returns (uint128) {
        require(row.scale <= 9, RowNotProvable("scale"));
        require(sum.whole <= type(uint128).max, PriceBeyondRange(sum.whole));
        uint256 unit = 10 ** (9 - row.scale);
        uint256 amountNano =
            _divide(sum.whole * sum.denominator + sum.numerator, sum.denominator * unit, row.mode) *
                unit;
        require(amountNano <= type(uint128).max, PriceBeyondRange(amountNano));
        return uint128(amountNano);
    }

    function _become(ExactNano memory sum, uint256 whole) private pure {
        sum.whole = whole;
        sum.numerator = 0;
    }

    /// @dev Modes: 0 half up, 1 half even, 2 up, 3 down. `denominator` < 2^126 is never zero.
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

    /// @dev Euclid's, at most 96 steps for numbers below 2^96: each two halve the smaller one.
    function _greatestCommonDivisor(uint256 a, uint256 b) private pure returns (uint256) {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}
