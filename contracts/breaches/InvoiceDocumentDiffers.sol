// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { Duty, IMembers } from "../interfaces/IMembers.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { TypedData } from "../libraries/TypedData.sol";
import { BatchPath, InvoiceDocument } from "../types/Openings.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice An invoice by its document, and another document that the operator signed as that invoice.
/// `body` is the digest of the invoice's body.
struct InvoiceDocumentEvidence {
    bytes32 orderKey;
    bytes32 body;
    InvoiceDocument document;
    uint128 chargesNano;
    BatchPath path;
    bytes32 sentHash;
    address signer;
    bytes signature;
}

/// @notice The document that a subscriber was sent is not the one that the invoice binds. The operator
/// signs what it sends: `Invoice(bytes20 book,bytes32 orderKey,bytes32 documentHash)` (EIP-712, or
/// ERC-1271 for a contract) by its Commit or Settle key for the contract of books. Evidence: an
/// `InvoiceDocumentEvidence`; the place is that of the invoice. Neither document is opened. What the
/// difference is worth the ledger does not see: nothing is owed, the arbiter decides the amount.
/// Only the keys of now count: a key that was rotated out may be in anybody's hands.
contract InvoiceDocumentDiffers is BreachJudge {
    using Leaves for InvoiceDocument;

    bytes32 private constant INVOICE_TYPEHASH = keccak256(
        "Invoice(bytes20 book,bytes32 orderKey,bytes32 documentHash)"
    );

    IMembers public immutable members;

    constructor(IBooks books_, IMembers members_) BreachJudge(books_) {
        members = members_;
    }

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        InvoiceDocumentEvidence memory shown = abi.decode(evidence, (InvoiceDocumentEvidence));
        finding.leaf = Leaves.invoiceLeaf(
            allegation.book,
            shown.orderKey,
            shown.body,
            shown.document.digest(),
            shown.chargesNano
        );
        finding.salt = shown.document.salt;
        finding.amountNano = shown.chargesNano;
        finding.opened = new OpenedLeaf[](0);
        _requireLeaf(
            allegation.book,
            allegation.sequence,
            allegation.leafIndex,
            finding.leaf,
            shown.path
        );
        require(shown.sentHash != shown.document.documentHash, BreachNotShown("document"));
        _requireSigned(allegation, shown);
        finding.proven = true;
    }

    function judgesBooksOf(uint8 bookKind) external pure override returns (bool) {
        return bookKind == INVOICES;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _requireSigned(
        Allegation calldata allegation,
        InvoiceDocumentEvidence memory shown
    ) private view {
        bytes32 digest = TypedData.digest(
            "Tallystick Invoices",
            address(books),
            keccak256(abi.encode(INVOICE_TYPEHASH, allegation.book, shown.orderKey, shown.sentHash))
        );
        bool isOperators =
            members.holds(allegation.operator, Duty.Commit, shown.signer) ||
                members.holds(allegation.operator, Duty.Settle, shown.signer);
        require(
            isOperators &&
                SignatureChecker.isValidSignatureNow(shown.signer, digest, shown.signature),
            SignatureNotOfOperator(shown.signer)
        );
    }
}
