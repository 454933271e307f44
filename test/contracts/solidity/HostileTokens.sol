// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that can be told to misbehave in the ways that tokens do.
contract HostileToken is ERC20 {
    enum Manner {
        Honest,
        TakesAFee,
        ReturnsFalse,
        CallsBack,
        MovesNothing
    }

    Manner public manner;
    address public target;
    bytes public call;
    bool public callSucceeded;
    uint8 private immutable _decimals;

    constructor(uint8 decimals_) ERC20("Hostile", "HOST") {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 units) external {
        _mint(to, units);
    }

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function callBack(address target_, bytes calldata call_) external {
        manner = Manner.CallsBack;
        (target, call) = (target_, call_);
    }

    /// @dev So that the token itself can pay.
    function approveFrom(address spender) external {
        _approve(address(this), spender, type(uint256).max);
    }

    function transfer(address to, uint256 units) public override returns (bool) {
        if (!_misbehave()) return false;
        if (manner == Manner.MovesNothing) return true;
        return super.transfer(to, units);
    }

    function transferFrom(address from, address to, uint256 units) public override returns (bool) {
        if (!_misbehave()) return false;
        if (manner == Manner.MovesNothing) return true;
        super.transferFrom(from, to, units);
        if (manner == Manner.TakesAFee) _burn(to, units / 100 + 1);
        return true;
    }

    function _misbehave() private returns (bool) {
        if (manner == Manner.CallsBack) {
            manner = Manner.Honest;
            (callSucceeded, ) = target.call(call);
        }
        return manner != Manner.ReturnsFalse;
    }
}
