// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Between nano-units of a currency and units of its token.
library TokenUnits {
    uint8 private constant NANO_DECIMALS = 9;

    function unitsDown(uint256 nano, uint8 decimals) internal pure returns (uint256) {
        return
            decimals > NANO_DECIMALS
                ? nano * 10 ** (decimals - NANO_DECIMALS)
                : nano / 10 ** (NANO_DECIMALS - decimals);
    }

    function unitsUp(uint256 nano, uint8 decimals) internal pure returns (uint256 units) {
        units = unitsDown(nano, decimals);
        if (nanoDown(units, decimals) < nano) units += 1;
    }

    /// @dev Exact for what `unitsDown` and `unitsUp` return.
    function nanoDown(uint256 units, uint8 decimals) internal pure returns (uint256) {
        return
            decimals > NANO_DECIMALS
                ? units / 10 ** (decimals - NANO_DECIMALS)
                : units * 10 ** (NANO_DECIMALS - decimals);
    }
}
