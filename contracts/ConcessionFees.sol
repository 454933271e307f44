// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IBonds } from "./interfaces/IBonds.sol";
import { IBooks } from "./interfaces/IBooks.sol";
import { Claim, IClaims, Request } from "./interfaces/IClaims.sol";
import { IConcessionFees } from "./interfaces/IConcessionFees.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { BookId, ClaimId } from "./types/Identifiers.sol";
import { BatchPath } from "./types/Openings.sol";

/// @notice What it promises, and whom it trusts, is written in {IConcessionFees}.
contract ConcessionFees is IConcessionFees {
    IBooks public immutable books;
    IClaims public immutable claims;
    IBonds public immutable bonds;

    mapping(bytes32 place => bool) private _paid;

    constructor(IBooks books_, IClaims claims_, IBonds bonds_) {
        books = books_;
        claims = claims_;
        bonds = bonds_;
    }

    /// @inheritdoc IConcessionFees
    function collect(
        ClaimId id,
        bytes32 leaf,
        BatchPath calldata path
    ) external returns (uint256 units) {
        Claim memory claim = claims.claimOf(id);
        Request memory request = claim.request;
        require(claim.conceded, ClaimNotConceded(id));
        bytes32 place = _place(request.kind, request.book, request.sequence, request.leafIndex);
        require(
            !_paid[place],
            FeePaidAlready(request.kind, request.book, request.sequence, request.leafIndex)
        );
        bytes32 kept = books.sealOf(request.book, request.sequence);
        bytes32 opened = Commitments.sealOfLeaf(
            request.book,
            request.sequence,
            request.leafIndex,
            leaf,
            path
        );
        require(kept == opened, SealMismatch(request.book, request.sequence, kept, opened));
        _paid[place] = true;
        units = bonds.payConcession(claim.agreement, claim.operator, claim.finder);
        emit ConcessionFeeCollected(id, claim.finder, units);
    }

    /// @inheritdoc IConcessionFees
    function isPaid(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) external view returns (bool) {
        return _paid[_place(kind, book, sequence, leafIndex)];
    }

    function _place(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, book, sequence, leafIndex));
    }
}
