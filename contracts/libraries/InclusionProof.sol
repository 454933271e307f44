// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Hashes } from "./Hashes.sol";

/// @notice Positional inclusion proofs (docs/PROTOCOL.md section 5). Pairs are never sorted: bit i of
/// the index tells whether the node at level i is a right child, and the path has exactly `depth`
/// siblings, so that neither an inner node nor a shorter path can pass for a leaf's proof.
library InclusionProof {
    error PathLengthWrong(uint256 depth, uint256 given);
    error IndexBeyondTree(uint256 depth, uint256 index);
    error DepthOutOfBounds(uint256 depth, uint256 minimum, uint256 maximum);

    /// @return root The root that the leaf at `index` leads to.
    function rootOf(
        bytes32 leaf,
        uint256 index,
        uint256 depth,
        bytes32[] memory siblings
    ) internal pure returns (bytes32 root) {
        require(siblings.length == depth, PathLengthWrong(depth, siblings.length));
        require(index >> depth == 0, IndexBeyondTree(depth, index));
        root = leaf;
        for (uint256 level = 0; level < depth; ++level) {
            root =
                (index >> level) & 1 == 0
                    ? keccak256(abi.encodePacked(Hashes.NODE, root, siblings[level]))
                    : keccak256(abi.encodePacked(Hashes.NODE, siblings[level], root));
        }
    }

    /// @dev As `rootOf`, for a batch: at least 32 and at most 2^20 leaves.
    function rootOfBatch(
        bytes32 leaf,
        uint256 index,
        uint256 depth,
        bytes32[] memory siblings
    ) internal pure returns (bytes32) {
        require(
            depth >= Hashes.BATCH_DEPTH_MIN && depth <= Hashes.BATCH_DEPTH_MAX,
            DepthOutOfBounds(depth, Hashes.BATCH_DEPTH_MIN, Hashes.BATCH_DEPTH_MAX)
        );
        return rootOf(leaf, index, depth, siblings);
    }

    /// @dev As `rootOf`, for the rows of a tariff.
    function rootOfRows(
        bytes32 leaf,
        uint256 index,
        uint256 depth,
        bytes32[] memory siblings
    ) internal pure returns (bytes32) {
        require(depth <= Hashes.ROWS_DEPTH_MAX, DepthOutOfBounds(depth, 0, Hashes.ROWS_DEPTH_MAX));
        return rootOf(leaf, index, depth, siblings);
    }
}
