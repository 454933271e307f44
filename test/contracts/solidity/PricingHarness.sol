// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IVerifier } from "../../../contracts/interfaces/IVerifier.sol";
import { ChargeGroup } from "../../../contracts/types/Openings.sol";
import { Component, PriceEvidence } from "../../../contracts/types/Rows.sol";

/// @notice What became of one charge: what it asks and why, or why it was refused.
struct Priced {
    uint128 amountNano;
    Component[] parts;
    bytes refusal;
}

/// @notice Asks the verifier about many things in one call.
contract PricingHarness {
    IVerifier private immutable verifier;

    constructor(IVerifier verifier_) {
        verifier = verifier_;
    }

    function priceMany(
        bytes32 root,
        ChargeGroup[] calldata charges,
        PriceEvidence[] calldata evidence
    ) external view returns (Priced[] memory priced) {
        priced = new Priced[](charges.length);
        for (uint256 i = 0; i < charges.length; ++i) {
            try verifier.priceUnder(root, charges[i], evidence[i]) returns (uint128 amountNano) {
                priced[i].amountNano = amountNano;
                priced[i].parts = verifier.componentsUnder(root, charges[i], evidence[i]);
            } catch (bytes memory refusal) {
                priced[i].refusal = refusal;
            }
        }
    }

    function rootsOf(
        bytes32[] calldata leaves,
        uint32[] calldata indexes,
        uint8 depth,
        bytes32[][] calldata siblings
    ) external view returns (bytes32[] memory roots) {
        roots = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            roots[i] = verifier.inclusionRoot(leaves[i], indexes[i], depth, siblings[i]);
        }
    }
}
