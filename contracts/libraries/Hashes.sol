// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Tags and constants of docs/PROTOCOL.md. The first byte of every pre-image says what it is,
/// so that no structure can be passed off as another.
library Hashes {
    bytes1 internal constant VERSION = 0x01;

    bytes1 internal constant LEAF = 0x00;
    bytes1 internal constant NODE = 0x01;
    bytes1 internal constant CHUNK_SUM = 0x03;
    bytes1 internal constant SUM_NODE = 0x04;
    bytes1 internal constant TOTALS = 0x06;
    bytes1 internal constant RUNNING_TOTALS = 0x07;
    bytes1 internal constant COMMITMENT = 0x08;
    bytes1 internal constant DOMAIN = 0x09;
    bytes1 internal constant SEAL = 0x0A;
    bytes1 internal constant EVIDENCE = 0x0B;
    bytes1 internal constant FILL = 0x0F;
    bytes1 internal constant ACCOUNT = 0x10;
    bytes1 internal constant PARTY = 0x11;
    bytes1 internal constant CHARGE = 0x12;
    bytes1 internal constant PSEUDONYM = 0x14;
    bytes1 internal constant CREDIT = 0x16;
    bytes1 internal constant INVOICE_BODY = 0x20;
    bytes1 internal constant INVOICE_DOCUMENT = 0x21;
    bytes1 internal constant INVOICE_LEAF = 0x22;
    bytes1 internal constant INTERVAL_ROW = 0x30;
    bytes1 internal constant PRICE_ROW = 0x31;
    bytes1 internal constant TARIFF_ROOT = 0x32;
    bytes1 internal constant CALENDAR_ROW = 0x34;
    bytes1 internal constant DELIVERY_KEY = 0x40;
    bytes1 internal constant DELIVERY_STREAM = 0x41;
    bytes1 internal constant DISPUTE_LINE = 0x42;
    bytes1 internal constant DISPUTE_ROOT = 0x43;

    /// @dev Depths of a batch's inclusion tree, and of a tariff's tree of rows.
    uint256 internal constant BATCH_DEPTH_MIN = 5;
    uint256 internal constant BATCH_DEPTH_MAX = 20;
    uint256 internal constant ROWS_DEPTH_MAX = 32;
}
