// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { MemberGated } from "./MemberGated.sol";
import { Book, IBooks } from "./interfaces/IBooks.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import {
    InvoiceStanding,
    IStandings,
    Owner,
    ReceiptStanding,
    Standing
} from "./interfaces/IStandings.sol";
import { Commitments } from "./libraries/Commitments.sol";
import { Hashes } from "./libraries/Hashes.sol";
import { Leaves } from "./libraries/Leaves.sol";
import { AgreementId, BookId, MemberId } from "./types/Identifiers.sol";
import { InvoiceBody } from "./types/Openings.sol";

/// @notice What it promises, and whom it trusts, is written in {IStandings}.
contract Standings is IStandings, MemberGated, EIP712 {
    using Leaves for InvoiceBody;

    uint8 private constant BOOK_OF_CHARGES = 1;
    uint8 private constant BOOK_OF_INVOICES = 3;
    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(bytes20 book,bytes32 pseudonym,uint64 lastChargeNumber,uint64 issuedAt)"
    );

    IBooks public immutable books;

    mapping(bytes32 pseudonym => Standing) private _standings;
    mapping(MemberId operator => mapping(AgreementId agreement => mapping(address owner => bool)))
        private _subscribers;

    constructor(
        IMembers members_,
        IBooks books_
    ) MemberGated(members_) EIP712("Tallystick Standings", "1") {
        books = books_;
    }

    /// @inheritdoc IStandings
    function showByInvoice(
        BookId book,
        Owner calldata owner,
        InvoiceStanding calldata invoice
    ) external {
        Book memory details = _bookOfCharges(book);
        Book memory invoices = books.bookOf(invoice.invoiceBook);
        require(invoices.kind == BOOK_OF_INVOICES, StandingUnfit("book kind"));
        require(invoices.operator == details.operator, StandingUnfit("operator"));
        require(invoices.agreement == details.agreement, StandingUnfit("agreement"));
        bytes32 pseudonym = _pseudonym(book, owner);
        require(invoice.body.pseudonym == pseudonym, StandingUnfit("pseudonym"));
        _requireCommitted(invoice);
        _note(
            book,
            details,
            pseudonym,
            owner.disputeAddress,
            invoice.body.lastChargeNumber,
            invoice.path.blockTime
        );
    }

    /// @inheritdoc IStandings
    function showByReceipt(
        BookId book,
        Owner calldata owner,
        ReceiptStanding calldata receipt
    ) external {
        Book memory details = _bookOfCharges(book);
        require(
            members.holds(details.operator, Duty.Commit, receipt.signer) ||
                members.holds(details.operator, Duty.Settle, receipt.signer),
            StandingUnfit("signer")
        );
        bytes32 pseudonym = _pseudonym(book, owner);
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    RECEIPT_TYPEHASH,
                    book,
                    pseudonym,
                    receipt.lastChargeNumber,
                    receipt.issuedAt
                )
            )
        );
        require(
            SignatureChecker.isValidSignatureNow(receipt.signer, digest, receipt.signature),
            StandingUnfit("signature")
        );
        require(receipt.issuedAt <= block.timestamp, StandingUnfit("issued at"));
        _note(
            book,
            details,
            pseudonym,
            owner.disputeAddress,
            receipt.lastChargeNumber,
            receipt.issuedAt
        );
    }

    /// @inheritdoc IStandings
    function standingOf(bytes32 pseudonym) external view returns (Standing memory) {
        return _standings[pseudonym];
    }

    /// @inheritdoc IStandings
    function isSubscriber(
        MemberId operator,
        AgreementId agreement,
        address owner
    ) external view returns (bool) {
        return _subscribers[operator][agreement][owner];
    }

    /// @dev What was shown before is never made less by what is shown now.
    function _note(
        BookId book,
        Book memory details,
        bytes32 pseudonym,
        address owner,
        uint64 lastChargeNumber,
        uint64 since
    ) private {
        require(owner != address(0), StandingUnfit("owner"));
        Standing storage stored = _standings[pseudonym];
        stored.book = book;
        stored.owner = owner;
        if (lastChargeNumber > stored.lastChargeNumber) stored.lastChargeNumber = lastChargeNumber;
        if (since > stored.since) stored.since = since;
        _subscribers[details.operator][details.agreement][owner] = true;
        emit StandingShown(book, pseudonym, owner, stored.lastChargeNumber, stored.since);
    }

    function _requireCommitted(InvoiceStanding calldata invoice) private view {
        bytes32 leaf = Leaves.invoiceLeaf(
            invoice.invoiceBook,
            invoice.orderKey,
            invoice.body.digest(),
            invoice.document,
            invoice.chargesNano
        );
        bytes32 opened = Commitments.sealOfLeaf(
            invoice.invoiceBook,
            invoice.sequence,
            invoice.leafIndex,
            leaf,
            invoice.path
        );
        bytes32 kept = books.sealOf(invoice.invoiceBook, invoice.sequence);
        require(
            kept == opened && kept != bytes32(0),
            SealMismatch(invoice.invoiceBook, invoice.sequence, kept, opened)
        );
    }

    function _bookOfCharges(BookId book) private view returns (Book memory details) {
        details = books.bookOf(book);
        require(details.kind == BOOK_OF_CHARGES, StandingUnfit("book kind"));
    }

    function _pseudonym(BookId book, Owner calldata owner) private pure returns (bytes32) {
        return
            keccak256(abi.encodePacked(Hashes.PSEUDONYM, book, owner.disputeAddress, owner.blind));
    }
}
