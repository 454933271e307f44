// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IVerifier } from "../interfaces/IVerifier.sol";
import { BookId } from "../types/Identifiers.sol";
import { ShownChunk } from "../types/Openings.sol";
import { Commitments } from "./Commitments.sol";
import { Hashes } from "./Hashes.sol";
import { InclusionProof } from "./InclusionProof.sol";

/// @notice Whole chunks of a batch's inclusion tree (docs/PROTOCOL.md section 5).
library Chunks {
    uint256 private constant LEVELS = 5;
    uint256 private constant LEAVES = 1 << LEVELS;

    /// @param number The remainder by the batch's count of chunks is the chunk.
    /// @return The seal that the chunk leads to.
    function seal(
        BookId book,
        uint64 sequence,
        uint256 number,
        ShownChunk calldata shown
    ) internal pure returns (bytes32) {
        require(
            shown.depth >= Hashes.BATCH_DEPTH_MIN && shown.depth <= Hashes.BATCH_DEPTH_MAX,
            InclusionProof.DepthOutOfBounds(
                shown.depth,
                Hashes.BATCH_DEPTH_MIN,
                Hashes.BATCH_DEPTH_MAX
            )
        );
        require(
            shown.leaves.length == LEAVES,
            IVerifier.ChunkIncomplete(LEAVES, shown.leaves.length)
        );
        uint256 above = shown.depth - LEVELS;
        bytes32 root = InclusionProof.rootOf(
            _node(shown.leaves),
            number % (1 << above),
            above,
            shown.siblings
        );
        bytes32 commitment = Commitments.commitment(
            book,
            sequence,
            shown.depth,
            root,
            shown.totals,
            shown.runningTotals
        );
        return Commitments.seal(commitment, shown.blockTime);
    }

    function _node(bytes32[] memory level) private pure returns (bytes32) {
        for (uint256 width = LEAVES / 2; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                level[i] = keccak256(abi.encodePacked(Hashes.NODE, level[2 * i], level[2 * i + 1]));
            }
        }
        return level[0];
    }
}
