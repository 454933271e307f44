// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { Share, Split } from "../../../contracts/interfaces/IAgreements.sol";
import { Splitting } from "../../../contracts/libraries/Splitting.sol";
import { MemberId } from "../../../contracts/types/Identifiers.sol";

contract SplittingTest is Cheats {
    function testFuzz_NothingIsLostOrMade(
        uint128[3] memory fees,
        uint32[3] memory parts,
        uint128 beforeNano,
        uint128 amountNano
    ) public pure {
        Split memory split = _split(fees, parts);
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, beforeNano, amountNano);
        uint256 sum = rest;
        for (uint256 i = 0; i < shares.length; ++i) sum += shares[i];
        assertEq(sum, amountNano, "conserved");
    }

    function testFuzz_FixedFeesAreTakenOnce(
        uint128[3] memory fees,
        uint128 undisputed,
        uint128 rest
    ) public pure {
        Split memory split = _split(fees, [uint32(0), 0, 0]);
        uint128 a = undisputed / 2;
        uint128 b = rest / 2;
        (uint256[] memory first, ) = Splitting.divide(split, 0, a);
        (uint256[] memory second, ) = Splitting.divide(split, a, b);
        (uint256[] memory whole, ) = Splitting.divide(split, 0, a + b);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(first[i] + second[i], whole[i], "as if it had come at once");
        }
    }

    function test_FeesFirstThenPartsOfWhatIsLeftRoundedDown() public pure {
        Split memory split = _split([uint128(100), 0, 0], [uint32(0), 333_333, 0]);
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, 0, 1_000);
        assertEq(shares[0], 100, "fee");
        assertEq(shares[1], 299, "a third of 900, rounded down");
        assertEq(rest, 601, "the rest");
    }

    function test_FeesBeyondTheAmountAreServedInOrder() public pure {
        Split memory split = _split([uint128(70), 50, 10], [uint32(0), 0, 0]);
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, 0, 100);
        assertEq(shares[0], 70, "first");
        assertEq(shares[1], 30, "what is left");
        assertEq(shares[2], 0, "nothing");
        assertEq(rest, 0, "nothing");
    }

    function testFuzz_NothingIsLostOrMadeWithMinimumsAndMaximums(
        uint128[3] memory fees,
        uint32[3] memory parts,
        uint128[3] memory least,
        uint128[3] memory most,
        uint128 beforeNano,
        uint128 amountNano
    ) public pure {
        Split memory split = _split(fees, parts);
        for (uint256 i = 0; i < 3; ++i) {
            split.shares[i].minimumNano = least[i];
            split.shares[i].maximumNano = most[i];
        }
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, beforeNano, amountNano);
        uint256 sum = rest;
        for (uint256 i = 0; i < shares.length; ++i) sum += shares[i];
        assertEq(sum, amountNano, "conserved");
        if (beforeNano > 0) return;
        for (uint256 i = 0; i < 3; ++i) {
            require(most[i] == 0 || shares[i] <= most[i] || shares[i] <= least[i], "at most");
            require(shares[i] >= least[i] || rest == 0, "at least, as far as it reaches");
        }
    }

    function test_NoneGetsMoreThanItsMaximumAndTheRestGoesOn() public pure {
        Split memory split = _split([uint128(0), 0, 0], [uint32(300_000), 200_000, 0]);
        split.shares[0].maximumNano = 100;
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, 0, 1_000);
        assertEq(shares[0], 100, "at its maximum");
        assertEq(shares[1], 200, "untouched");
        assertEq(rest, 700, "the rest has what was cut");
    }

    function test_AMinimumIsFilledUpFromTheRestAndOnceForAStatement() public pure {
        Split memory split = _split([uint128(0), 0, 0], [uint32(100_000), 0, 0]);
        split.shares[0].minimumNano = 150;
        split.shares[2].minimumNano = 2_000;
        (uint256[] memory shares, uint256 rest) = Splitting.divide(split, 0, 1_000);
        assertEq(shares[0], 150, "its minimum");
        assertEq(shares[2], 850, "as far as the rest reaches");
        assertEq(rest, 0, "nothing is left");
        split.shares[2].minimumNano = 0;
        (shares, rest) = Splitting.divide(split, 1_000, 1_000);
        assertEq(shares[0], 50, "a tenth of 2,000 less the minimum that it had");
        assertEq(rest, 950, "the rest");
    }

    function _split(
        uint128[3] memory fees,
        uint32[3] memory parts
    ) private pure returns (Split memory split) {
        split.shares = new Share[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint32 part = uint32(within(parts[i], 0, 333_333));
            split.shares[i] = Share(MemberId.wrap(bytes20(uint160(i + 1))), fees[i], part, 0, 0);
        }
    }
}
