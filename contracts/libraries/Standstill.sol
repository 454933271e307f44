// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Times in which nobody could act, so that they can be left out of an age later on. Seconds.
library Standstill {
    struct Span {
        uint64 endedAt;
        /// Of this span and all before it.
        uint64 totalSeconds;
    }

    struct History {
        Span[] spans;
    }

    /// @param endedAt Block time, not before that of the span before.
    function add(History storage history, uint64 endedAt, uint64 length) internal {
        history.spans.push(Span(endedAt, total(history) + length));
    }

    function total(History storage history) internal view returns (uint64) {
        uint256 count = history.spans.length;
        return count == 0 ? 0 : history.spans[count - 1].totalSeconds;
    }

    /// @return The total of the spans that had ended by then. Binary search: ends never fall.
    function totalAt(History storage history, uint64 blockTime) internal view returns (uint64) {
        uint256 low = 0;
        uint256 high = history.spans.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history.spans[middle].endedAt <= blockTime) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : history.spans[low - 1].totalSeconds;
    }
}
