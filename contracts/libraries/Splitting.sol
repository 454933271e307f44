// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Share, Split } from "../interfaces/IAgreements.sol";

/// @notice Divides an amount by a split without losing or making a nano-unit.
library Splitting {
    uint256 private constant PARTS_PER_MILLION = 1_000_000;

    /// @dev A later part gets what the whole would give less what the parts before it got, so that
    /// fixed fees, minimums and maximums count once for a statement. Parts per million are rounded down
    /// at each total, so a difference can miss by a nano-unit for each share; nothing is lost by that.
    /// @param beforeNano What was divided of the same statement already.
    /// @return sharesNano One for each share of the split, in order.
    /// @return remainderNano The rest; all of them add up to `amountNano`.
    function divide(
        Split memory split,
        uint128 beforeNano,
        uint128 amountNano
    ) internal pure returns (uint256[] memory sharesNano, uint256 remainderNano) {
        sharesNano = _sharesOf(split.shares, uint256(beforeNano) + amountNano);
        remainderNano = amountNano;
        uint256[] memory earlier = _sharesOf(split.shares, beforeNano);
        for (uint256 i = 0; i < sharesNano.length; ++i) {
            uint256 nano = sharesNano[i] > earlier[i] ? sharesNano[i] - earlier[i] : 0;
            if (nano > remainderNano) nano = remainderNano;
            sharesNano[i] = nano;
            remainderNano -= nano;
        }
    }

    /// @dev Fees in order, then parts of what is left, none above its maximum; then, in order, what is
    /// below its minimum is filled up as far as the rest reaches.
    function _sharesOf(
        Share[] memory shares,
        uint256 totalNano
    ) private pure returns (uint256[] memory nano) {
        uint256 count = shares.length;
        nano = new uint256[](count);
        uint256 left = totalNano;
        for (uint256 i = 0; i < count; ++i) {
            uint256 fee = shares[i].fixedNano;
            nano[i] = fee < left ? fee : left;
            left -= nano[i];
        }
        uint256 rest = totalNano;
        for (uint256 i = 0; i < count; ++i) {
            nano[i] += (left * shares[i].partsPerMillion) / PARTS_PER_MILLION;
            uint256 most = shares[i].maximumNano;
            if (most > 0 && nano[i] > most) nano[i] = most;
            rest -= nano[i];
        }
        for (uint256 i = 0; i < count; ++i) {
            if (nano[i] >= shares[i].minimumNano) continue;
            uint256 missing = shares[i].minimumNano - nano[i];
            if (missing > rest) missing = rest;
            nano[i] += missing;
            rest -= missing;
        }
    }
}
