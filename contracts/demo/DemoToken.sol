// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Play money for the embedded ledger: anyone may mint it, so it is worth nothing. A real
/// network names a real token in its agreements.
contract DemoToken is ERC20 {
    constructor() ERC20("Tallystick play money", "PLAY") {}

    function mint(address to, uint256 units) external {
        _mint(to, units);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
