// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The cheat codes of the test runner that these tests use.
interface Vm {
    function prank(address sender) external;

    function warp(uint256 timestamp) external;

    function chainId(uint256 id) external;

    function getCode(string calldata artifact) external view returns (bytes memory);

    function addr(uint256 privateKey) external pure returns (address);

    function sign(
        uint256 privateKey,
        bytes32 digest
    ) external pure returns (uint8 v, bytes32 r, bytes32 s);

    function expectRevert() external;

    function expectRevert(bytes4 selector) external;

    function expectPartialRevert(bytes4 selector) external;
}

abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev Creates a contract from its artifact: the very code that is deployed, where `new` would
    /// compile it once more into each test that uses it. Assembly, since nothing else creates from bytes.
    /// @param arguments of the constructor, encoded
    function deployed(string memory name, bytes memory arguments) internal returns (address at) {
        bytes memory code = bytes.concat(vm.getCode(name), arguments);
        assembly ("memory-safe") {
            at := create(0, add(code, 0x20), mload(code))
        }
        require(at != address(0), name);
    }

    /// @dev Maps any fuzzed number into a range, both ends included.
    function within(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + (value % (most - least + 1));
    }

    function assertEq(uint256 given, uint256 expected, string memory what) internal pure {
        require(given == expected, what);
    }
}
