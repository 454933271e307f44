// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";
import { BatchPath, InvoiceBody } from "../types/Openings.sol";

/// @notice A pseudonym that its owner has shown. What it is good for ends some time after `since`,
/// seconds of block time.
struct Standing {
    BookId book;
    address owner;
    /// The highest charge number that is known to exist.
    uint64 lastChargeNumber;
    uint64 since;
}

/// @notice What a pseudonym is made of (docs/PROTOCOL.md section 3).
struct Owner {
    address disputeAddress;
    bytes32 blind;
}

/// @notice A committed invoice for the pseudonym: it says how many charges there are.
struct InvoiceStanding {
    BookId invoiceBook;
    uint64 sequence;
    uint32 leafIndex;
    bytes32 orderKey;
    InvoiceBody body;
    bytes32 document;
    uint128 chargesNano;
    BatchPath path;
}

/// @notice What an operator signed when it was asked (EIP-712 type `Receipt(bytes20 book,bytes32
/// pseudonym,uint64 lastChargeNumber,uint64 issuedAt)`).
struct ReceiptStanding {
    uint64 lastChargeNumber;
    /// Block time in seconds.
    uint64 issuedAt;
    /// A Commit or Settle key of the operator.
    address signer;
    bytes signature;
}

/// @title Whose pseudonym it is
/// @notice A subscriber shows once that a pseudonym of a book of charges is its own and in use, by a
/// committed invoice or by a receipt that the operator signed. Then it can demand evidence free of
/// charge, and silence concedes its claims. Whoever only made up a pseudonym can show neither. Trust:
/// the operator alone can sign receipts; it can not take back what it committed or what was shown.
/// What is shown becomes public: that this address owns this pseudonym of one billing epoch, and of
/// an invoice its totals. A receipt shows no amounts.
interface IStandings {
    event StandingShown(
        BookId indexed book,
        bytes32 indexed pseudonym,
        address indexed owner,
        uint64 lastChargeNumber,
        uint64 since
    );

    error StandingUnfit(bytes32 field);
    error SealMismatch(BookId book, uint64 sequence, bytes32 kept, bytes32 opened);

    /// @notice Anyone carries it.
    /// @param book The book of charges.
    function showByInvoice(
        BookId book,
        Owner calldata owner,
        InvoiceStanding calldata invoice
    ) external;

    /// @notice Anyone carries it.
    function showByReceipt(
        BookId book,
        Owner calldata owner,
        ReceiptStanding calldata receipt
    ) external;

    /// @return Zeros when it was never shown.
    function standingOf(bytes32 pseudonym) external view returns (Standing memory);

    /// @return Whether the address showed a pseudonym in a book of this operator and agreement.
    function isSubscriber(
        MemberId operator,
        AgreementId agreement,
        address owner
    ) external view returns (bool);
}
