// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BookId } from "../types/Identifiers.sol";
import { ChargeGroup, CreditGroup, LeafRest } from "../types/Openings.sol";
import { Hashes } from "./Hashes.sol";

/// @notice Digests of the third group and of leaves (docs/PROTOCOL.md section 4).
library Leaves {
    function digest(ChargeGroup calldata group) internal pure returns (bytes32) {
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

    function digest(CreditGroup calldata group) internal pure returns (bytes32) {
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
        LeafRest calldata rest
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
