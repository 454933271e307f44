// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @notice Transfers that move exactly what they say: a token that takes a fee, or whose balances
/// change by themselves during the call, is refused by the balance differences.
library ExactTransfers {
    using SafeERC20 for IERC20;

    error TransferInexact(address token, uint256 expected, uint256 moved);

    function pull(IERC20 token, address from, uint256 units) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), units);
        uint256 balance = token.balanceOf(address(this));
        uint256 moved = balance > before ? balance - before : 0;
        require(moved == units, TransferInexact(address(token), units, moved));
    }

    function push(IERC20 token, address to, uint256 units) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransfer(to, units);
        uint256 balance = token.balanceOf(address(this));
        uint256 moved = before > balance ? before - balance : 0;
        require(moved == units, TransferInexact(address(token), units, moved));
    }
}
