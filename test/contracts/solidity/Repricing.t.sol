// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { Verifier } from "../../../contracts/Verifier.sol";
import { ExactMoney } from "../../../contracts/libraries/ExactMoney.sol";
import { Repricing } from "../../../contracts/libraries/Repricing.sol";
import { PriceRow } from "../../../contracts/types/Rows.sol";

contract RepricingTest is Cheats {
    Verifier private immutable verifier = Verifier(deployed("Verifier", ""));

    function testFuzz_TheClosedFormIsTheSumOfIncrements(
        uint128 price,
        uint32 first,
        uint32 step,
        uint64 quantity
    ) public view {
        PriceRow memory row = _row();
        row.price = uint128(within(price, 0, 1e15));
        row.first = uint32(within(first, 1, 100_000));
        row.step = uint32(within(step, 500, 100_000));
        quantity = uint64(within(quantity, 0, 200_000));
        uint256 billed = _walk(row.first, row.step, quantity);
        require(verifier.priceOf(row, quantity) == row.price * billed, "increments");
    }

    function testFuzz_RoundingIsThatOfItsMode(
        uint128 price,
        uint64 per,
        uint8 scale,
        uint64 quantity
    ) public view {
        PriceRow memory row = _row();
        row.price = uint128(within(price, 0, 1e24));
        row.per = uint64(within(per, 1, 1e12));
        row.scale = uint8(within(scale, 0, 9));
        quantity = uint64(within(quantity, 0, 1e9));
        uint256 unit = 10 ** (9 - row.scale);
        uint256 exact = uint256(row.price) * quantity;
        uint256 denominator = row.per * unit;
        uint256 down = (exact / denominator) * unit;
        uint256 rest = exact % denominator;
        uint256 up = rest == 0 ? down : down + unit;
        uint256 nearest = 2 * rest < denominator ? down : up;
        bool tie = rest * 2 == denominator;
        row.mode = 3;
        assertEq(verifier.priceOf(row, quantity), down, "down");
        row.mode = 2;
        assertEq(verifier.priceOf(row, quantity), up, "up");
        row.mode = 0;
        assertEq(verifier.priceOf(row, quantity), tie ? up : nearest, "half up");
        row.mode = 1;
        uint256 even = (down / unit) % 2 == 0 ? down : up;
        assertEq(verifier.priceOf(row, quantity), tie ? even : nearest, "half even");
    }

    function test_TiesGoUpOrToTheEven() public view {
        PriceRow memory row = _row();
        row.scale = 0;
        row.per = 2;
        row.price = 1e9;
        row.mode = 0;
        assertEq(verifier.priceOf(row, 1), 1e9, "0.5 half up");
        assertEq(verifier.priceOf(row, 3), 2e9, "1.5 half up");
        assertEq(verifier.priceOf(row, 5), 3e9, "2.5 half up");
        row.mode = 1;
        assertEq(verifier.priceOf(row, 1), 0, "0.5 half even");
        assertEq(verifier.priceOf(row, 3), 2e9, "1.5 half even");
        assertEq(verifier.priceOf(row, 5), 2e9, "2.5 half even");
    }

    function testFuzz_MinimumThenMaximum(
        uint128 setUp,
        uint128 minimum,
        uint128 maximum,
        uint64 quantity
    ) public view {
        PriceRow memory row = _row();
        row.setUp = uint128(within(setUp, 0, 1e18));
        row.minimum = uint128(within(minimum, 0, 1e18));
        row.maximum = uint128(within(maximum, 0, 1e18));
        row.price = 3;
        quantity = uint64(within(quantity, 0, 1e12));
        uint256 expected = row.setUp + 3 * uint256(quantity);
        if (expected < row.minimum) expected = row.minimum;
        if (expected > row.maximum) expected = row.maximum;
        assertEq(verifier.priceOf(row, quantity), expected, "bounds");
    }

    function test_TheLargestNumbersDoNotOverflow() public {
        PriceRow memory row = _row();
        row.price = type(uint128).max;
        row.setUp = type(uint128).max;
        row.per = type(uint64).max;
        row.first = type(uint32).max;
        row.step = type(uint32).max;
        row.mode = 2;
        vm.expectPartialRevert(ExactMoney.PriceBeyondRange.selector);
        verifier.priceOf(row, type(uint64).max);
        row.maximum = type(uint128).max - 1;
        assertEq(verifier.priceOf(row, type(uint64).max), row.maximum, "capped");
        // Rounded up beyond what 16 bytes hold.
        row.scale = 0;
        vm.expectPartialRevert(ExactMoney.PriceBeyondRange.selector);
        verifier.priceOf(row, type(uint64).max);
    }

    function test_UnknownRulesAreRefused() public {
        PriceRow memory row = _row();
        row.per = 0;
        _refused(row);
        row = _row();
        row.first = 0;
        _refused(row);
        row = _row();
        row.step = 0;
        _refused(row);
        row = _row();
        row.scale = 10;
        _refused(row);
        row = _row();
        row.mode = 4;
        _refused(row);
    }

    function testFuzz_DecidingDigitsSpanAllThatBeginSo(uint64 number, uint8 shown) public pure {
        uint256 kept = within(shown, 0, 16);
        // Digits 0 to 9 only.
        uint64 digits;
        for (uint256 i = 0; i < 16; ++i) {
            digits = (digits << 4) | ((number >> (4 * (15 - i))) & 0x0F) % 10;
        }
        uint64 filler = kept == 16 ? 0 : type(uint64).max >> (4 * kept);
        (uint64 lowest, uint64 highest) = Repricing.digitRange(digits | filler, 0);
        require(lowest == (digits & ~filler), "lowest");
        require(highest == (digits | filler), "highest");
        (lowest, highest) = Repricing.digitRange(digits | filler, 0x08);
        require(lowest == highest && lowest == (digits | filler), "whole number");
    }

    function _refused(PriceRow memory row) private {
        vm.expectPartialRevert(ExactMoney.RowNotProvable.selector);
        verifier.priceOf(row, 7);
    }

    /// @dev Increment by increment, as a meter would.
    function _walk(
        uint256 first,
        uint256 step,
        uint256 quantity
    ) private pure returns (uint256 billed) {
        if (quantity == 0) return 0;
        billed = first;
        while (billed < quantity) billed += step;
    }

    function _row() private pure returns (PriceRow memory row) {
        row.provable = 1;
        row.kind = 1;
        row.per = 1;
        row.first = 1;
        row.step = 1;
        row.maximum = type(uint128).max;
        row.tierTo = type(uint64).max;
        row.scale = 9;
    }
}
