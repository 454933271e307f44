// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Maps digits to a zone (docs/PROTOCOL.md section 8).
struct IntervalRow {
    uint8 service;
    uint8 direction;
    uint64 low;
    uint64 high;
    uint32 zone;
}

/// @notice Maps instants (milliseconds, from <= t < to) to a band.
struct CalendarRow {
    uint64 from;
    uint64 to;
    uint16 band;
}

/// @notice One price. Amounts in nano-units, quantities in the service's unit.
struct PriceRow {
    uint32 zone;
    uint16 area;
    uint16 origin;
    uint16 band;
    uint8 class;
    uint8 kind;
    uint8 provable;
    uint128 price;
    uint64 per;
    uint128 setUp;
    uint32 first;
    uint32 step;
    uint128 minimum;
    uint128 maximum;
    uint64 tierFrom;
    uint64 tierTo;
    uint8 mode;
    uint8 scale;
    uint32 split;
}

/// @notice What opens a tariff's root.
struct TariffHeader {
    bytes3 currency;
    uint8 depth;
    uint32 count;
    bytes32 rowsRoot;
    bytes32 documentHash;
}

/// @notice Where a row stands in the tree of rows.
struct RowPath {
    uint32 index;
    bytes32[] siblings;
}

/// @notice The three rows that price one charge, with their places.
struct PriceEvidence {
    TariffHeader header;
    IntervalRow interval;
    RowPath intervalPath;
    CalendarRow calendar;
    RowPath calendarPath;
    PriceRow price;
    RowPath pricePath;
}
