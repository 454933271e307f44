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

/// @notice One more row of a price with tiers, with its place.
struct TierRow {
    PriceRow row;
    RowPath path;
}

/// @notice The rows that price one charge, with their places. `price` is the first row of its price;
/// `further` are the tiers behind it that the charge reaches, ascending.
struct PriceEvidence {
    TariffHeader header;
    IntervalRow interval;
    RowPath intervalPath;
    CalendarRow calendar;
    RowPath calendarPath;
    PriceRow price;
    RowPath pricePath;
    TierRow[] further;
}

enum ComponentKind {
    SetUp,
    Usage,
    Minimum,
    Maximum,
    Rounding
}

/// @notice A part of a charge; the parts sum up to its amount. `row` is the place of the row that
/// priced it and `billed` the units, where units are priced. In nano-units.
struct Component {
    ComponentKind kind;
    int256 amountNano;
    uint256 billed;
    uint32 row;
}
