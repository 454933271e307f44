// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { DatedRoot, ITariffs } from "../interfaces/ITariffs.sol";
import { Pages } from "./Pages.sol";

/// @notice Roots that supersede each other at given instants: each is in force until the next one's start.
library DatedRoots {
    /// @param version One more than the last.
    /// @param notice Seconds between now and the start of any but the first.
    /// @param validFrom Seconds; not in the past, strictly later than the one before.
    function append(
        DatedRoot[] storage list,
        uint32 version,
        bytes32 root,
        uint64 validFrom,
        uint64 notice
    ) internal {
        require(root != bytes32(0), ITariffs.TariffRootEmpty());
        uint32 expected = uint32(list.length) + 1;
        require(version == expected, ITariffs.VersionOutOfOrder(expected, version));
        uint64 earliest = uint64(block.timestamp);
        if (expected > 1) {
            earliest += notice;
            uint64 afterLast = list[expected - 2].validFrom + 1;
            if (earliest < afterLast) earliest = afterLast;
        }
        require(validFrom >= earliest, ITariffs.ValidFromTooEarly(earliest, validFrom));
        list.push(DatedRoot({ root: root, validFrom: validFrom }));
    }

    /// @param second Seconds.
    /// @return version That is in force then; zero for none. Binary search: starts strictly increase.
    function versionAt(
        DatedRoot[] storage list,
        uint64 second
    ) internal view returns (uint32 version) {
        uint256 low = 0;
        uint256 high = list.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (list[middle].validFrom <= second) low = middle + 1;
            else high = middle;
        }
        return uint32(low);
    }

    function page(
        DatedRoot[] storage list,
        uint256 from,
        uint256 size
    ) internal view returns (DatedRoot[] memory found) {
        found = new DatedRoot[](Pages.lengthOf(list.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = list[from - 1 + i];
    }
}
