// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BookId, ClaimId } from "../types/Identifiers.sol";
import { BatchPath } from "../types/Openings.sol";

/// @title What the finder of a conceded claim gets
/// @notice An operator that owns up, or says nothing, pays no bounty; the agreement's concession fee makes
/// up for the finder's trouble. It is paid to the claim's finder once that finder's leaf was shown at
/// the claimed place: whoever lodges claims at random, or copies one that it saw coming, has no leaf
/// to show. A leaf is a hash of salted groups and tells nothing. Once for each place and kind.
/// Trust: nobody. An operator's friend can collect it, from the operator's own bond.
interface IConcessionFees {
    event ConcessionFeeCollected(ClaimId indexed claim, address indexed finder, uint256 units);

    error ClaimNotConceded(ClaimId claim);
    error FeePaidAlready(uint8 kind, BookId book, uint64 sequence, uint32 leafIndex);
    error SealMismatch(BookId book, uint64 sequence, bytes32 kept, bytes32 opened);

    /// @notice Anyone shows that the leaf at the claimed place is known; the fee goes to the claim's
    /// finder, who takes it out of the bonds as any bounty.
    function collect(
        ClaimId claim,
        bytes32 leaf,
        BatchPath calldata path
    ) external returns (uint256 units);

    function isPaid(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) external view returns (bool);
}
