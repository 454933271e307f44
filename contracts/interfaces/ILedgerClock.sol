// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Ledger time
/// @notice Seconds in which windows and deadlines count. A gap between two touches that is longer than
/// the heartbeat counts as one heartbeat, so that nobody loses a window while the ledger stands still
/// (or makes no blocks because nothing happens). Every commitment touches the clock; so may anyone.
/// Trust: it never runs faster than block time, whoever touches it.
interface ILedgerClock {
    event ClockTouched(uint64 ledgerSeconds);

    error HeartbeatUnusable(uint64 heartbeat);

    /// @notice Moves the clock on.
    function tick() external returns (uint64 ledgerSeconds);

    /// @return Ledger time as of this block, in seconds, as if it were touched now.
    function ledgerTime() external view returns (uint64);

    /// @param blockTime Seconds, up to now.
    /// @return Seconds of block time that ledger time had lost by then in gaps that were over: the
    /// difference between two instants is what did not count between them. Inside a gap it is that of
    /// the gap's start.
    function lostSecondsAt(uint64 blockTime) external view returns (uint64);

    /// @return Seconds; the longest gap that counts in full.
    function heartbeat() external view returns (uint64);
}
