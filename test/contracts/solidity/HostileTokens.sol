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
        MovesNothing,
        MovesTwice,
        Pauses
    }

    error Blocked(address account);
    error Paused();

    Manner public manner;
    address public target;
    bytes public call;
    bool public callSucceeded;
    address public blocked;
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

    function blockAccount(address account) external {
        blocked = account;
    }

    /// @dev As a rebasing token does to everybody at once.
    function rebase(address account, uint256 units) external {
        uint256 balance = balanceOf(account);
        if (units > balance) _mint(account, units - balance);
        else _burn(account, balance - units);
    }

    /// @dev So that the token itself can pay.
    function approveFrom(address spender) external {
        _approve(address(this), spender, type(uint256).max);
    }

    function transfer(address to, uint256 units) public override returns (bool) {
        if (!_misbehave()) return false;
        if (manner == Manner.MovesNothing) return true;
        if (manner == Manner.MovesTwice) super.transfer(to, units);
        return super.transfer(to, units);
    }

    function transferFrom(address from, address to, uint256 units) public override returns (bool) {
        if (!_misbehave()) return false;
        if (manner == Manner.MovesNothing) return true;
        super.transferFrom(from, to, units);
        if (manner == Manner.TakesAFee) _burn(to, units / 100 + 1);
        return true;
    }

    function _update(address from, address to, uint256 units) internal override {
        require((from != blocked && to != blocked) || blocked == address(0), Blocked(blocked));
        require(manner != Manner.Pauses || from == address(0), Paused());
        super._update(from, to, units);
    }

    function _misbehave() private returns (bool) {
        if (manner == Manner.CallsBack) {
            manner = Manner.Honest;
            (callSucceeded, ) = target.call(call);
        }
        return manner != Manner.ReturnsFalse;
    }
}

/// @notice As some old tokens: transfers return nothing, and refuse by reverting.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 units) external {
        balanceOf[to] += units;
    }

    function approve(address spender, uint256 units) external {
        allowance[msg.sender][spender] = units;
    }

    function transfer(address to, uint256 units) external {
        balanceOf[msg.sender] -= units;
        balanceOf[to] += units;
    }

    function transferFrom(address from, address to, uint256 units) external {
        allowance[from][msg.sender] -= units;
        balanceOf[from] -= units;
        balanceOf[to] += units;
    }
}
