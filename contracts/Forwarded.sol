// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC2771Context } from "@openzeppelin/contracts/metatx/ERC2771Context.sol";
import { Context } from "@openzeppelin/contracts/utils/Context.sol";
import { MemberGated } from "./MemberGated.sol";
import { IMembers } from "./interfaces/IMembers.sol";

/// @notice For contracts that take calls which somebody signed and somebody else carries (ERC-2771).
/// @dev The forwarder appends the signer's address to the call; from anybody else the last bytes of a
/// call are nothing but bytes. So such a contract asks `_msgSender()`, never `msg.sender`, and never
/// calls or delegates to itself with bytes that a caller chose: a call inside a call would bring a
/// suffix of its own. Trust: the forwarder checks signature, nonce, deadline, chain and target; it is
/// named once, at deployment.
abstract contract Forwarded is MemberGated, AccessManaged, ERC2771Context {
    constructor(
        IMembers members_,
        address authority,
        address forwarder
    ) MemberGated(members_) AccessManaged(authority) ERC2771Context(forwarder) {}

    function _msgSender() internal view override(Context, ERC2771Context) returns (address) {
        return ERC2771Context._msgSender();
    }

    function _msgData() internal view override(Context, ERC2771Context) returns (bytes calldata) {
        return ERC2771Context._msgData();
    }

    function _contextSuffixLength()
        internal
        view
        override(Context, ERC2771Context)
        returns (uint256)
    {
        return ERC2771Context._contextSuffixLength();
    }
}
