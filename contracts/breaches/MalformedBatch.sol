// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { Commitments } from "../libraries/Commitments.sol";
import { Hashes } from "../libraries/Hashes.sol";
import { InclusionProof } from "../libraries/InclusionProof.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { BatchTotals, LeafRest } from "../types/Openings.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice Parts of a leaf, none of them opened: of a charge or credit the digests of its account,
/// party and third group; of an invoice its order key and the digests of body and document.
struct LeafParts {
    bytes32 first;
    bytes32 second;
    bytes32 third;
    uint128 amountNano;
}

/// @notice One level of the sum tree above the chunk: the other child, and what the parent says that
/// the child on the way sums up to.
struct SumLevel {
    bytes32 sibling;
    uint128 siblingSumNano;
    uint128 statedSumNano;
}

/// @notice One chunk of 32 leaves on its way to R and to S. `leaves` are the chunk's first ones,
/// `digests` the others as they stand in the tree.
struct ChunkEvidence {
    uint8 depth;
    uint32 chunk;
    LeafParts[] leaves;
    bytes32[] digests;
    bytes32[] siblings;
    uint128 chunkSumNano;
    uint16 chunkCount;
    SumLevel[] sums;
    BatchTotals totals;
    bytes32 runningTotals;
    uint64 blockTime;
}

/// @notice A batch contradicts itself (docs/PROTOCOL.md sections 5 and 6): a chunk's sum is not that of
/// its leaves, a node's not that of its children, T's not that of the tree, or a leaf stands beyond the
/// count or is missing below it. Evidence: a `ChunkEvidence`; the place is leaf index 0. It publishes the
/// batch's totals, which only those hold who are entitled to them. Nothing is owed.
contract MalformedBatch is BreachJudge {
    uint256 private constant CHUNK_LEAVES = 32;
    uint256 private constant CHUNK_DEPTH = 5;
    bytes32 private constant FILL_LEAF = keccak256(abi.encodePacked(Hashes.FILL));

    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        require(allegation.leafIndex == 0, EvidenceUnfit("place"));
        ChunkEvidence memory shown = abi.decode(evidence, (ChunkEvidence));
        require(
            shown.depth >= CHUNK_DEPTH && shown.depth <= Hashes.BATCH_DEPTH_MAX,
            EvidenceUnfit("depth")
        );
        require(
            shown.leaves.length + shown.digests.length == CHUNK_LEAVES,
            EvidenceUnfit("leaves")
        );
        (bytes32[] memory level, uint256 sumNano) = _leavesOf(allegation, shown);
        bytes32 totals = Commitments.totalsDigest(shown.totals);
        _requireBatch(allegation, shown, level, totals);

        uint256 count = _leavesExpected(shown);
        finding.proven =
            _isCountWrong(shown, level, count) ||
            (shown.leaves.length == count && sumNano != shown.chunkSumNano) ||
            _isSumTreeWrong(shown);
        require(finding.proven, BreachNotShown("batch"));
        finding.leaf = totals;
        finding.salt = shown.totals.salt;
        finding.opened = new OpenedLeaf[](0);
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind > 0;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _leavesOf(
        Allegation calldata allegation,
        ChunkEvidence memory shown
    ) private view returns (bytes32[] memory level, uint256 sumNano) {
        bool invoices = books.bookOf(allegation.book).kind == INVOICES;
        level = new bytes32[](CHUNK_LEAVES);
        for (uint256 i = 0; i < shown.leaves.length; ++i) {
            LeafParts memory leaf = shown.leaves[i];
            sumNano += leaf.amountNano;
            level[i] =
                invoices
                    ? Leaves.invoiceLeaf(
                        allegation.book,
                        leaf.first,
                        leaf.second,
                        leaf.third,
                        leaf.amountNano
                    )
                    : Leaves.leaf(
                        allegation.book,
                        leaf.third,
                        LeafRest(leaf.first, leaf.second, leaf.amountNano)
                    );
        }
        for (uint256 i = 0; i < shown.digests.length; ++i) {
            level[shown.leaves.length + i] = shown.digests[i];
        }
    }

    /// @dev The chunk leads to R, and R with T and C to the kept seal; the sum tree to T's root.
    function _requireBatch(
        Allegation calldata allegation,
        ChunkEvidence memory shown,
        bytes32[] memory level,
        bytes32 totals
    ) private view {
        bytes32 root = InclusionProof.rootOf(
            _chunkRoot(level),
            shown.chunk,
            shown.depth - CHUNK_DEPTH,
            shown.siblings
        );
        bytes32 commitment = Commitments.commitment(
            allegation.book,
            allegation.sequence,
            shown.depth,
            root,
            totals,
            shown.runningTotals
        );
        _requireSeal(
            allegation.book,
            allegation.sequence,
            Commitments.seal(commitment, shown.blockTime)
        );
        require(_sumRoot(shown) == shown.totals.sumRoot, EvidenceUnfit("sum tree"));
    }

    function _chunkRoot(bytes32[] memory leaves) private pure returns (bytes32) {
        bytes32[] memory level = new bytes32[](CHUNK_LEAVES);
        for (uint256 i = 0; i < CHUNK_LEAVES; ++i) level[i] = leaves[i];
        for (uint256 width = CHUNK_LEAVES / 2; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                level[i] = keccak256(abi.encodePacked(Hashes.NODE, level[2 * i], level[2 * i + 1]));
            }
        }
        return level[0];
    }

    function _sumRoot(ChunkEvidence memory shown) private pure returns (bytes32 node) {
        require(shown.sums.length == shown.depth - CHUNK_DEPTH, EvidenceUnfit("sum tree depth"));
        node = keccak256(abi.encodePacked(Hashes.CHUNK_SUM, shown.chunkSumNano, shown.chunkCount));
        for (uint256 i = 0; i < shown.sums.length; ++i) {
            SumLevel memory up = shown.sums[i];
            node =
                (shown.chunk >> i) & 1 == 0
                    ? keccak256(
                        abi.encodePacked(
                            Hashes.SUM_NODE,
                            node,
                            up.statedSumNano,
                            up.sibling,
                            up.siblingSumNano
                        )
                    )
                    : keccak256(
                        abi.encodePacked(
                            Hashes.SUM_NODE,
                            up.sibling,
                            up.siblingSumNano,
                            node,
                            up.statedSumNano
                        )
                    );
        }
    }

    function _leavesExpected(ChunkEvidence memory shown) private pure returns (uint256) {
        uint256 first = uint256(shown.chunk) * CHUNK_LEAVES;
        uint256 count = shown.totals.count;
        if (count <= first) return 0;
        return count - first < CHUNK_LEAVES ? count - first : CHUNK_LEAVES;
    }

    function _isCountWrong(
        ChunkEvidence memory shown,
        bytes32[] memory level,
        uint256 count
    ) private pure returns (bool) {
        if (shown.chunkCount != count) return true;
        for (uint256 i = 0; i < CHUNK_LEAVES; ++i) {
            if ((level[i] == FILL_LEAF) != (i >= count)) return true;
        }
        return false;
    }

    function _isSumTreeWrong(ChunkEvidence memory shown) private pure returns (bool) {
        uint256 sumNano = shown.chunkSumNano;
        for (uint256 i = 0; i < shown.sums.length; ++i) {
            if (shown.sums[i].statedSumNano != sumNano) return true;
            sumNano += shown.sums[i].siblingSumNano;
        }
        return sumNano != shown.totals.sumNano;
    }
}
