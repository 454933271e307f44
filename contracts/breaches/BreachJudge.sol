// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Book, IBooks } from "../interfaces/IBooks.sol";
import {
    Allegation,
    Finding,
    IBreachJudge,
    Opened,
    OpenedLeaf
} from "../interfaces/IBreachJudge.sol";
import { Commitments } from "../libraries/Commitments.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { BookId } from "../types/Identifiers.sol";
import { AccountGroup, BatchPath, ChargeGroup, InvoiceBody, LeafRest } from "../types/Openings.sol";

/// @notice A leaf whose account group is opened; `third` is the digest of its charge or credit group.
struct AccountOpening {
    AccountGroup account;
    bytes32 party;
    bytes32 third;
    uint128 amountNano;
    BatchPath path;
}

/// @notice A leaf whose charge group is opened.
struct UsageOpening {
    ChargeGroup charge;
    LeafRest rest;
    BatchPath path;
}

struct InvoiceOpening {
    bytes32 orderKey;
    InvoiceBody body;
    bytes32 document;
    uint128 chargesNano;
    BatchPath path;
}

/// @notice What the judges share: the way from an opened leaf to the word that the books keep.
abstract contract BreachJudge is IBreachJudge {
    using Leaves for AccountGroup;
    using Leaves for ChargeGroup;
    using Leaves for InvoiceBody;

    uint8 internal constant CHARGES = 1;
    uint8 internal constant CREDITS = 2;
    uint8 internal constant INVOICES = 3;

    /// @dev A charge that says which plan an account has, and asks nothing (docs/PROTOCOL.md section 4).
    uint8 internal constant KIND_ASSIGNMENT = 8;

    IBooks public immutable books;

    constructor(IBooks books_) {
        books = books_;
    }

    /// @inheritdoc IBreachJudge
    function judgesBooksOf(uint8 bookKind) external pure virtual returns (bool) {
        return bookKind == CHARGES;
    }

    /// @inheritdoc IBreachJudge
    function restores() external pure virtual returns (bool) {
        return true;
    }

    function _leafOf(BookId book, AccountOpening memory opening) internal pure returns (bytes32) {
        LeafRest memory rest = LeafRest({
            account: opening.account.digest(),
            party: opening.party,
            amountNano: opening.amountNano
        });
        return Leaves.leaf(book, opening.third, rest);
    }

    function _leafOf(BookId book, UsageOpening memory opening) internal pure returns (bytes32) {
        return Leaves.leaf(book, opening.charge.digest(), opening.rest);
    }

    function _leafOf(BookId book, InvoiceOpening memory opening) internal pure returns (bytes32) {
        return
            Leaves.invoiceLeaf(
                book,
                opening.orderKey,
                opening.body.digest(),
                opening.document,
                opening.chargesNano
            );
    }

    /// @dev Reverts unless the leaf stands at this place.
    function _requireLeaf(
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        bytes32 leaf,
        BatchPath memory path
    ) internal view {
        _requireSeal(book, sequence, Commitments.sealOfLeaf(book, sequence, leafIndex, leaf, path));
    }

    function _requireSeal(BookId book, uint64 sequence, bytes32 opened) internal view {
        bytes32 kept = books.sealOf(book, sequence);
        require(kept == opened && kept != bytes32(0), SealMismatch(book, sequence, kept, opened));
    }

    /// @dev The leaf of the allegation itself, with its account group; and what is found there.
    function _atPlace(
        Allegation calldata allegation,
        AccountOpening memory opening
    ) internal view returns (Finding memory finding) {
        bytes32 leaf = _leafOf(allegation.book, opening);
        _requireLeaf(
            allegation.book,
            allegation.sequence,
            allegation.leafIndex,
            leaf,
            opening.path
        );
        finding.leaf = leaf;
        finding.salt = opening.account.salt;
        finding.amountNano = opening.amountNano;
        finding.opened = _opened(allegation, Opened.Account);
    }

    /// @dev As above, with its charge group.
    function _atPlace(
        Allegation calldata allegation,
        UsageOpening memory opening
    ) internal view returns (Finding memory finding) {
        bytes32 leaf = _leafOf(allegation.book, opening);
        _requireLeaf(
            allegation.book,
            allegation.sequence,
            allegation.leafIndex,
            leaf,
            opening.path
        );
        finding.leaf = leaf;
        finding.salt = opening.charge.salt;
        finding.amountNano = opening.rest.amountNano;
        finding.opened = _opened(allegation, Opened.Usage);
    }

    /// @dev As above, an invoice.
    function _atPlace(
        Allegation calldata allegation,
        InvoiceOpening memory opening
    ) internal view returns (Finding memory finding) {
        bytes32 leaf = _leafOf(allegation.book, opening);
        _requireLeaf(
            allegation.book,
            allegation.sequence,
            allegation.leafIndex,
            leaf,
            opening.path
        );
        finding.leaf = leaf;
        finding.salt = opening.body.salt;
        finding.amountNano = opening.chargesNano;
        finding.opened = new OpenedLeaf[](0);
    }

    /// @dev One more leaf that became visible beside the one of the allegation.
    function _alsoOpened(
        Finding memory finding,
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        Opened side
    ) internal pure {
        OpenedLeaf[] memory before = finding.opened;
        finding.opened = new OpenedLeaf[](before.length + 1);
        for (uint256 i = 0; i < before.length; ++i) finding.opened[i] = before[i];
        finding.opened[before.length] = OpenedLeaf(book, sequence, leafIndex, side);
    }

    /// @dev Of two leaves that must not both stand, the later one is the breach: so each is punished
    /// once, and a third one is a breach of its own.
    function _requireEarlier(
        Allegation calldata allegation,
        uint64 sequence,
        uint32 leafIndex
    ) internal pure {
        require(
            sequence < allegation.sequence ||
                (sequence == allegation.sequence && leafIndex < allegation.leafIndex),
            EvidenceUnfit("order")
        );
    }

    /// @dev Books of one operator under one agreement; reverts for any other.
    function _requireSibling(
        Allegation calldata allegation,
        BookId other,
        uint8 kind
    ) internal view returns (Book memory book) {
        book = books.bookOf(other);
        require(book.kind == kind, EvidenceUnfit("book kind"));
        require(book.operator == allegation.operator, EvidenceUnfit("operator"));
        require(book.agreement == allegation.agreement, EvidenceUnfit("agreement"));
    }

    function _opened(
        Allegation calldata allegation,
        Opened side
    ) private pure returns (OpenedLeaf[] memory opened) {
        opened = new OpenedLeaf[](1);
        opened[0] = OpenedLeaf(allegation.book, allegation.sequence, allegation.leafIndex, side);
    }
}
