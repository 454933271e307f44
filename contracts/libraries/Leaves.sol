// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BookId } from "../types/Identifiers.sol";
import {
    AccountGroup,
    ChargeGroup,
    CreditGroup,
    InvoiceBody,
    InvoiceDocument,
    LeafRest
} from "../types/Openings.sol";
import { Hashes } from "./Hashes.sol";

/// @notice Digests of groups and of leaves (docs/PROTOCOL.md sections 4 and 7).
library Leaves {
    /// @dev What the second scope begins with where it names a plan, and no other scope does.
    bytes4 internal constant PLAN_SCOPE = "PLAN";

    function digest(AccountGroup memory group) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.ACCOUNT,
                    Hashes.VERSION,
                    group.salt,
                    group.pseudonym,
                    group.chargeNumber,
                    group.runningTotalNano,
                    group.sourceTag,
                    group.deviceTag
                )
            );
    }

    function digest(InvoiceBody memory body) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.INVOICE_BODY,
                    Hashes.VERSION,
                    body.salt,
                    body.pseudonym,
                    body.lastChargeNumber,
                    body.lastCreditNumber,
                    body.creditsNano,
                    body.taxNano
                )
            );
    }

    function digest(InvoiceDocument memory document) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.INVOICE_DOCUMENT,
                    Hashes.VERSION,
                    document.salt,
                    document.documentHash,
                    document.closingState
                )
            );
    }

    /// @return Whoever can sign for this address can speak for the subscriber (section 3).
    function pseudonym(
        BookId book,
        address disputeAddress,
        bytes32 blind
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Hashes.PSEUDONYM, book, disputeAddress, blind));
    }

    /// @param body The digest of the invoice's body, `document` that of its document.
    function invoiceLeaf(
        BookId book,
        bytes32 orderKey,
        bytes32 body,
        bytes32 document,
        uint128 chargesNano
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.INVOICE_LEAF,
                    Hashes.VERSION,
                    book,
                    orderKey,
                    body,
                    document,
                    chargesNano
                )
            );
    }

    /// @notice What a claim names so that nobody else can open it for a bounty: whoever does not hold
    /// the salt can not compute it, and for another finder it is another one.
    /// @param salt That of the group which the evidence opens at the claimed place.
    function evidenceHash(
        address finder,
        bytes32 leaf_,
        bytes32 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(Hashes.EVIDENCE, Hashes.VERSION, finder, leaf_, salt));
    }

    function digest(ChargeGroup memory group) internal pure returns (bytes32) {
        return
            keccak256(
                bytes.concat(
                    abi.encodePacked(
                        Hashes.CHARGE,
                        Hashes.VERSION,
                        group.salt,
                        group.kind,
                        group.service,
                        group.flags,
                        group.start,
                        group.sessionMinutes
                    ),
                    abi.encodePacked(
                        group.quantity,
                        group.secondQuantity,
                        group.decidingDigits,
                        group.originDigits,
                        group.visitedNetwork,
                        group.class,
                        group.tariffVersion
                    ),
                    abi.encodePacked(
                        group.scopes[0].scope,
                        group.scopes[0].scopeSequence,
                        group.scopes[0].counterBefore,
                        group.scopes[1].scope,
                        group.scopes[1].scopeSequence,
                        group.scopes[1].counterBefore
                    )
                )
            );
    }

    function digest(CreditGroup memory group) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.CREDIT,
                    Hashes.VERSION,
                    group.salt,
                    group.targetBook,
                    group.targetSequence,
                    group.targetIndex,
                    group.reason,
                    group.claim
                )
            );
    }

    /// @param third The digest of the charge or credit group.
    function leaf(
        BookId book,
        bytes32 third,
        LeafRest memory rest
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.LEAF,
                    Hashes.VERSION,
                    book,
                    rest.account,
                    rest.party,
                    third,
                    rest.amountNano
                )
            );
    }
}
