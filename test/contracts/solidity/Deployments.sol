// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { Agreements } from "../../../contracts/Agreements.sol";
import { Books } from "../../../contracts/Books.sol";
import { Members } from "../../../contracts/Members.sol";
import { Periods } from "../../../contracts/Periods.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { Statements } from "../../../contracts/Statements.sol";

/// @notice Contracts that several tests make from their artifacts, each over the surroundings of its test.
abstract contract Deployments is Cheats {
    /// @param around what stands for members, agreements and statements
    function _settlementOver(
        address around,
        address authority,
        address forwarder
    ) internal returns (Settlement) {
        return _settlement(around, around, around, authority, forwarder);
    }

    function _settlement(
        address members,
        address agreements,
        address statements,
        address authority,
        address forwarder
    ) internal returns (Settlement) {
        bytes memory arguments = abi.encode(members, agreements, statements, authority, forwarder);
        return Settlement(deployed("Settlement", arguments));
    }

    function _statements(
        Members members,
        Agreements agreements,
        Books books,
        Periods periods,
        address authority
    ) internal returns (Statements) {
        address verifier = deployed("Verifier", "");
        return
            Statements(
                deployed(
                    "Statements",
                    abi.encode(members, agreements, books, books, verifier, periods, authority)
                )
            );
    }
}
