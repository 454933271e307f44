// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Lists that anyone can read whole, a bounded page at a time. Places count from 1.
library Pages {
    uint256 internal constant SIZE_MAX = 100;

    error PageUnusable(uint256 from, uint256 size);
    error OrdinalUnknown(uint256 ordinal, uint256 count);

    /// @return length How many places the page holds: fewer at the list's end, none behind it.
    function lengthOf(
        uint256 count,
        uint256 from,
        uint256 size
    ) internal pure returns (uint256 length) {
        require(from > 0 && size > 0 && size <= SIZE_MAX, PageUnusable(from, size));
        if (from > count) return 0;
        length = count - from + 1;
        if (length > size) length = size;
    }

    /// @return index From 0.
    function indexOf(uint256 count, uint256 ordinal) internal pure returns (uint256 index) {
        require(ordinal > 0 && ordinal <= count, OrdinalUnknown(ordinal, count));
        return ordinal - 1;
    }
}
