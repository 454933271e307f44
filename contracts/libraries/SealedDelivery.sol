// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { DemandId } from "../types/Identifiers.sol";
import { Hashes } from "./Hashes.sol";

/// @notice A point of secp256k1, and so a public key.
struct CurvePoint {
    uint256 x;
    uint256 y;
}

/// @notice Encryption to a one-time key that the ledger can undo once that key is shown
/// (docs/PROTOCOL.md section 12). Multiplication on the curve is `ecrecover` with message zero: for
/// r = x of P and s = k·x it yields the address of k·P.
library SealedDelivery {
    uint256 private constant FIELD = 2 ** 256 - 2 ** 32 - 977;
    uint256 private constant ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant GENERATOR_X =
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GENERATOR_Y =
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// @return Whether it is on the curve and can be multiplied by `ecrecover` (x below the order).
    function isUsable(CurvePoint memory point) internal pure returns (bool) {
        if (point.x == 0 || point.x >= ORDER || point.y >= FIELD) return false;
        uint256 cubed = mulmod(mulmod(point.x, point.x, FIELD), point.x, FIELD);
        return mulmod(point.y, point.y, FIELD) == addmod(cubed, 7, FIELD);
    }

    /// @return Whether `secret` is the private key of `point`.
    function isKeyOf(uint256 secret, CurvePoint memory point) internal pure returns (bool) {
        if (secret == 0 || secret >= ORDER) return false;
        address expected = address(uint160(uint256(keccak256(abi.encodePacked(point.x, point.y)))));
        return _times(secret, CurvePoint(GENERATOR_X, GENERATOR_Y)) == expected;
    }

    /// @param secret The asker's one-time private key.
    /// @param ephemeral The operator's one-time public key.
    function decrypt(
        DemandId demand,
        uint256 secret,
        CurvePoint memory ephemeral,
        bytes32[] memory ciphertext
    ) internal pure returns (bytes memory) {
        bytes32 key = keccak256(
            abi.encodePacked(Hashes.DELIVERY_KEY, Hashes.VERSION, demand, _times(secret, ephemeral))
        );
        bytes32[] memory words = new bytes32[](ciphertext.length);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] =
                ciphertext[i] ^ keccak256(abi.encodePacked(Hashes.DELIVERY_STREAM, key, uint32(i)));
        }
        return abi.encodePacked(words);
    }

    /// @return The address of the public key factor · point.
    function _times(uint256 factor, CurvePoint memory point) private pure returns (address) {
        return
            ecrecover(
                bytes32(0),
                uint8(27 + (point.y & 1)),
                bytes32(point.x),
                bytes32(mulmod(factor, point.x, ORDER))
            );
    }
}
