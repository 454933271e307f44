// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";
import { BatchPath, BatchTotals, RunningOpening } from "../types/Openings.sol";
import { Hashes } from "./Hashes.sol";
import { InclusionProof } from "./InclusionProof.sol";

/// @notice Domains, commitments and seals (docs/PROTOCOL.md sections 2 and 6).
library Commitments {
    /// @param keeper The contract that keeps the commitments.
    function domain(
        address keeper,
        MemberId operator,
        AgreementId agreement,
        uint8 kind,
        uint64 number
    ) internal view returns (BookId) {
        bytes32 digest = keccak256(
            abi.encodePacked(
                Hashes.DOMAIN,
                Hashes.VERSION,
                block.chainid,
                keeper,
                operator,
                agreement,
                kind,
                number
            )
        );
        return BookId.wrap(bytes20(uint160(uint256(digest))));
    }

    function commitment(
        BookId book,
        uint64 sequence,
        uint8 depth,
        bytes32 root,
        bytes32 totals,
        bytes32 runningTotals
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.COMMITMENT,
                    Hashes.VERSION,
                    book,
                    sequence,
                    depth,
                    root,
                    totals,
                    runningTotals
                )
            );
    }

    /// @param blockTime Seconds.
    function seal(bytes32 commitment_, uint64 blockTime) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Hashes.SEAL, commitment_, blockTime));
    }

    /// @return The seal that a leaf at this place leads to.
    function sealOfLeaf(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        bytes32 leaf,
        BatchPath memory path
    ) internal pure returns (bytes32) {
        bytes32 root = InclusionProof.rootOfBatch(leaf, leafIndex, path.depth, path.siblings);
        return
            seal(
                commitment(book, sequence, path.depth, root, path.totals, path.runningTotals),
                path.blockTime
            );
    }

    /// @return T of docs/PROTOCOL.md section 6.
    function totalsDigest(BatchTotals memory opened) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.TOTALS,
                    opened.salt,
                    opened.sumRoot,
                    opened.sumNano,
                    opened.count,
                    opened.from,
                    opened.to,
                    opened.suspended,
                    opened.oldestSuspended
                )
            );
    }

    /// @return The seal that opened running totals lead to.
    function sealOfRunningTotals(
        BookId book,
        uint64 sequence,
        RunningOpening memory opening
    ) internal pure returns (bytes32) {
        bytes32 runningTotals = keccak256(
            abi.encodePacked(Hashes.RUNNING_TOTALS, opening.salt, opening.sumNano, opening.count)
        );
        return
            seal(
                commitment(
                    book,
                    sequence,
                    opening.depth,
                    opening.root,
                    opening.totals,
                    runningTotals
                ),
                opening.blockTime
            );
    }
}
