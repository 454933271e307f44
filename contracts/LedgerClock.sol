// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Standstill } from "./libraries/Standstill.sol";

/// @notice What it promises, and whom it trusts, is written in {ILedgerClock}.
/// @dev Inherited by the contract that commits, since a call from there would cost each commitment
/// 2,700 gas more. One slot, and one more for each gap that was longer than the heartbeat.
abstract contract LedgerClock is ILedgerClock {
    using Standstill for Standstill.History;

    uint64 private immutable _heartbeat;
    /// @dev Ledger seconds (upper half) and the block time of the last touch (lower half) in one word
    /// that is read and written once, as every commitment does.
    uint256 private _reading;
    Standstill.History private _lost;

    constructor(uint64 heartbeat_) {
        require(heartbeat_ > 0, HeartbeatUnusable(heartbeat_));
        _heartbeat = heartbeat_;
        _reading = block.timestamp;
    }

    /// @inheritdoc ILedgerClock
    function tick() external returns (uint64 ledgerSeconds) {
        ledgerSeconds = _touchClock();
        emit ClockTouched(ledgerSeconds);
    }

    /// @inheritdoc ILedgerClock
    function ledgerTime() public view returns (uint64) {
        uint256 reading = _reading;
        uint64 gap = uint64(block.timestamp) - uint64(reading);
        return uint64(reading >> 128) + (gap > _heartbeat ? _heartbeat : gap);
    }

    /// @inheritdoc ILedgerClock
    function heartbeat() external view returns (uint64) {
        return _heartbeat;
    }

    /// @inheritdoc ILedgerClock
    function lostSecondsAt(uint64 blockTime) external view returns (uint64) {
        return _lost.totalAt(blockTime);
    }

    function _touchClock() internal returns (uint64 ledgerSeconds) {
        uint256 reading = _reading;
        uint256 gap = block.timestamp - uint64(reading);
        if (gap > _heartbeat) {
            _lost.add(uint64(block.timestamp), uint64(gap) - _heartbeat);
            gap = _heartbeat;
        }
        ledgerSeconds = uint64((reading >> 128) + gap);
        _reading = (uint256(ledgerSeconds) << 128) | block.timestamp;
    }
}
