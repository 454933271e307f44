// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { Verifier } from "../../../contracts/Verifier.sol";
import { InclusionProof } from "../../../contracts/libraries/InclusionProof.sol";

contract InclusionProofTest is Cheats {
    uint8 private constant DEPTH = 5;
    uint256 private constant LEAVES = 32;
    Verifier private immutable verifier = Verifier(deployed("Verifier", ""));

    function testFuzz_ALeafLeadsToTheRootFromItsOwnPlace(bytes32 seed, uint256 place) public view {
        uint32 index = uint32(within(place, 0, LEAVES - 1));
        (bytes32 root, bytes32 leaf, bytes32[] memory path) = _tree(seed, index);
        require(verifier.inclusionRoot(leaf, index, DEPTH, path) == root, "own place");
    }

    function testFuzz_NoOtherPlaceIsTaken(bytes32 seed, uint256 place, uint256 other) public view {
        uint32 index = uint32(within(place, 0, LEAVES - 1));
        uint32 wrong = uint32(within(other, 0, LEAVES - 1));
        if (wrong == index) wrong = (wrong + 1) % uint32(LEAVES);
        (bytes32 root, bytes32 leaf, bytes32[] memory path) = _tree(seed, index);
        require(verifier.inclusionRoot(leaf, wrong, DEPTH, path) != root, "other place");
    }

    function testFuzz_SwappedSiblingsAreNotTaken(bytes32 seed, uint256 place) public view {
        uint32 index = uint32(within(place, 0, LEAVES - 1));
        (bytes32 root, bytes32 leaf, bytes32[] memory path) = _tree(seed, index);
        (path[0], path[1]) = (path[1], path[0]);
        require(verifier.inclusionRoot(leaf, index, DEPTH, path) != root, "swapped");
    }

    function testFuzz_AChangedBitIsNotTaken(bytes32 seed, uint256 place, uint8 bit) public view {
        uint32 index = uint32(within(place, 0, LEAVES - 1));
        (bytes32 root, bytes32 leaf, bytes32[] memory path) = _tree(seed, index);
        uint256 sibling = within(bit, 0, DEPTH - 1);
        path[sibling] ^= bytes32(uint256(1) << bit);
        require(verifier.inclusionRoot(leaf, index, DEPTH, path) != root, "changed");
    }

    function testFuzz_AnInnerNodeIsNotALeaf(bytes32 seed, uint256 place) public {
        uint32 index = uint32(within(place, 0, LEAVES - 1));
        (, bytes32 leaf, bytes32[] memory path) = _tree(seed, index);
        bytes32 node =
            index % 2 == 0
                ? keccak256(abi.encodePacked(bytes1(0x01), leaf, path[0]))
                : keccak256(abi.encodePacked(bytes1(0x01), path[0], leaf));
        bytes32[] memory upper = new bytes32[](DEPTH - 1);
        for (uint256 i = 0; i < upper.length; ++i) upper[i] = path[i + 1];
        vm.expectPartialRevert(InclusionProof.PathLengthWrong.selector);
        verifier.inclusionRoot(node, index / 2, DEPTH, upper);
        vm.expectPartialRevert(InclusionProof.DepthOutOfBounds.selector);
        verifier.inclusionRoot(node, index / 2, DEPTH - 1, upper);
    }

    function test_APathOfAnyOtherLengthIsRefused() public {
        for (uint256 length = 0; length <= 7; ++length) {
            if (length == DEPTH) continue;
            vm.expectPartialRevert(InclusionProof.PathLengthWrong.selector);
            verifier.inclusionRoot(bytes32(0), 0, DEPTH, new bytes32[](length));
        }
    }

    function testFuzz_AnIndexBeyondTheTreeIsRefused(uint32 index) public {
        if (index < LEAVES) index += uint32(LEAVES);
        vm.expectPartialRevert(InclusionProof.IndexBeyondTree.selector);
        verifier.inclusionRoot(bytes32(0), index, DEPTH, new bytes32[](DEPTH));
    }

    function test_DepthsOutsideABatchAreRefused() public {
        vm.expectPartialRevert(InclusionProof.DepthOutOfBounds.selector);
        verifier.inclusionRoot(bytes32(0), 0, 0, new bytes32[](0));
        vm.expectPartialRevert(InclusionProof.DepthOutOfBounds.selector);
        verifier.inclusionRoot(bytes32(0), 0, 21, new bytes32[](21));
    }

    /// @dev A whole tree, level by level, the plain way.
    function _tree(
        bytes32 seed,
        uint256 index
    ) private pure returns (bytes32 root, bytes32 leaf, bytes32[] memory path) {
        bytes32[] memory level = new bytes32[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) level[i] = keccak256(abi.encode(seed, i));
        leaf = level[index];
        path = new bytes32[](DEPTH);
        for (uint256 depth = 0; depth < DEPTH; ++depth) {
            path[depth] = level[index % 2 == 0 ? index + 1 : index - 1];
            bytes32[] memory above = new bytes32[](level.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = keccak256(
                    abi.encodePacked(bytes1(0x01), level[2 * i], level[2 * i + 1])
                );
            }
            level = above;
            index /= 2;
        }
        root = level[0];
    }
}
