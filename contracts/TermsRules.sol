// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { RetailBounds, Terms } from "./interfaces/IAgreements.sol";
import { AgreementTerms } from "./libraries/AgreementTerms.sol";

/// @notice What terms have to satisfy, apart from who is a member: a contract of its own, without any
/// state, because {Agreements} has no room for it.
contract TermsRules {
    /// @dev Reverts with the errors of {IAgreements}.
    function requireUsable(Terms calldata terms, RetailBounds calldata bounds) external pure {
        AgreementTerms.requireUsable(terms);
        if (AgreementTerms.isRetail(terms)) AgreementTerms.requireWithin(terms, bounds);
    }
}
