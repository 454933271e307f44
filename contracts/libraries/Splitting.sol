// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Share, Split } from "../interfaces/IAgreements.sol";

/// @notice Divides an amount by a split without losing or making a nano-unit.
library Splitting {
    uint256 private constant PARTS_PER_MILLION = 1_000_000;

    /// @param beforeNano What was divided of the same statement already; its fixed fees are not taken
    /// again.
    /// @return sharesNano One for each share of the split, in order.
    /// @return remainderNano The rest; all of them add up to `amountNano`.
    function divide(
        Split memory split,
        uint128 beforeNano,
        uint128 amountNano
    ) internal pure returns (uint256[] memory sharesNano, uint256 remainderNano) {
        uint256 count = split.shares.length;
        sharesNano = new uint256[](count);
        uint256 fixedBefore = beforeNano;
        uint256 fixedAfter = uint256(beforeNano) + amountNano;
        uint256 left = amountNano;
        for (uint256 i = 0; i < count; ++i) {
            uint256 fee = split.shares[i].fixedNano;
            uint256 taken = fee < fixedBefore ? fee : fixedBefore;
            uint256 takenAfter = fee < fixedAfter ? fee : fixedAfter;
            fixedBefore -= taken;
            fixedAfter -= takenAfter;
            sharesNano[i] = takenAfter - taken;
            left -= takenAfter - taken;
        }
        remainderNano = left;
        for (uint256 i = 0; i < count; ++i) {
            Share memory share = split.shares[i];
            uint256 part = (left * share.partsPerMillion) / PARTS_PER_MILLION;
            sharesNano[i] += part;
            remainderNano -= part;
        }
    }
}
