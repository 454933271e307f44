// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Forwarded } from "./Forwarded.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { IMembers } from "./interfaces/IMembers.sol";
import { Cycle, CycleState, INetting, Position } from "./interfaces/INetting.sol";
import { ISettlement } from "./interfaces/ISettlement.sol";
import { TokenUnits } from "./libraries/TokenUnits.sol";
import { CycleId, MemberId, ObligationId } from "./types/Identifiers.sol";

/// @notice The first half of {INetting}: cycles, rounds and positions, and how they are read.
abstract contract NettingCycles is INetting, Forwarded {
    using TokenUnits for uint256;

    uint32 private constant SECONDS_MIN = 1 hours;
    uint32 private constant OPEN_SECONDS_MAX = 92 days;
    uint32 private constant FUNDING_SECONDS_MAX = 31 days;
    uint256 private constant PAGE_MAX = 100;

    IAgreements public immutable agreements;
    ILedgerClock public immutable clock;
    ISettlement public immutable settlement;

    uint32 public openSeconds;
    uint32 public fundingSeconds;
    mapping(CycleId cycle => Cycle) internal _cycles;
    mapping(CycleId cycle => mapping(MemberId member => Position)) internal _positions;
    mapping(CycleId cycle => mapping(MemberId payer => ObligationId[])) internal _obligations;
    mapping(ObligationId obligation => CycleId) internal _cycleOf;
    mapping(address token => mapping(MemberId member => uint256 nano)) internal _balances;
    mapping(address token => uint64) private _counts;
    mapping(CycleId cycle => MemberId[]) private _membersOf;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        ILedgerClock clock_,
        ISettlement settlement_,
        uint32 openSeconds_,
        uint32 fundingSeconds_,
        address authority,
        address forwarder
    ) Forwarded(members_, authority, forwarder) {
        agreements = agreements_;
        clock = clock_;
        settlement = settlement_;
        _setPeriods(openSeconds_, fundingSeconds_);
    }

    /// @inheritdoc INetting
    function setPeriods(uint32 openSeconds_, uint32 fundingSeconds_) external restricted {
        _setPeriods(openSeconds_, fundingSeconds_);
    }

    /// @inheritdoc INetting
    function close(CycleId id) external {
        Cycle storage cycle = _inState(id, CycleState.Open);
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime > cycle.until, CycleNotOver(id, cycle.until, ledgerTime));
        _close(id, cycle, ledgerTime);
    }

    /// @inheritdoc INetting
    function cycleOf(CycleId id) external view returns (Cycle memory) {
        return _cycles[id];
    }

    /// @inheritdoc INetting
    function positionOf(CycleId id, MemberId member) external view returns (Position memory) {
        return _positions[id][member];
    }

    /// @inheritdoc INetting
    function unitsDueFor(CycleId id, MemberId member) external view returns (uint256) {
        Cycle storage cycle = _cycles[id];
        if (cycle.state != CycleState.Funding || clock.ledgerTime() > cycle.until) return 0;
        uint256 lacking = _lacking(_positions[id][member]);
        uint256 balance = _balances[cycle.token][member];
        if (lacking <= balance) return 0;
        return (lacking - balance).unitsUp(agreements.decimalsOf(cycle.token));
    }

    /// @inheritdoc INetting
    function balanceNanoOf(address token, MemberId member) external view returns (uint256) {
        return _balances[token][member];
    }

    /// @inheritdoc INetting
    function cycleOfObligation(ObligationId obligation) external view returns (CycleId) {
        return _cycleOf[obligation];
    }

    /// @inheritdoc INetting
    function isNettedOut(ObligationId obligation) external view returns (bool) {
        CycleId id = _cycleOf[obligation];
        if (_cycles[id].state != CycleState.Settled) return false;
        return _positions[id][settlement.sharesOf(obligation).payer].unwindings == 0;
    }

    /// @inheritdoc INetting
    function cycleCountOf(address token) external view returns (uint64) {
        return _counts[token];
    }

    /// @inheritdoc INetting
    function cycleIdOf(address token, uint64 number) public view returns (CycleId) {
        return CycleId.wrap(keccak256(abi.encode(block.chainid, this, token, number)));
    }

    /// @inheritdoc INetting
    function membersOf(
        CycleId id,
        uint256 from,
        uint256 size
    ) external view returns (MemberId[] memory page) {
        MemberId[] storage all = _membersOf[id];
        page = new MemberId[](_pageSize(all.length, from, size));
        for (uint256 i = 0; i < page.length; ++i) page[i] = all[from + i];
    }

    /// @inheritdoc INetting
    function obligationCountOf(CycleId id, MemberId payer) external view returns (uint256) {
        return _obligations[id][payer].length;
    }

    /// @inheritdoc INetting
    function obligationsOf(
        CycleId id,
        MemberId payer,
        uint256 from,
        uint256 size
    ) external view returns (ObligationId[] memory page) {
        ObligationId[] storage all = _obligations[id][payer];
        page = new ObligationId[](_pageSize(all.length, from, size));
        for (uint256 i = 0; i < page.length; ++i) page[i] = all[from + i];
    }

    /// @dev The cycle that takes obligations now; one whose time is over is closed on the way.
    function _openCycle(address token) internal returns (CycleId id, Cycle storage cycle) {
        uint64 number = _counts[token];
        uint64 ledgerTime = clock.ledgerTime();
        id = cycleIdOf(token, number);
        cycle = _cycles[id];
        if (cycle.state == CycleState.Open) {
            if (ledgerTime <= cycle.until) return (id, cycle);
            _close(id, cycle, ledgerTime);
        }
        _counts[token] = ++number;
        id = cycleIdOf(token, number);
        cycle = _cycles[id];
        cycle.token = token;
        cycle.state = CycleState.Open;
        cycle.fundingSeconds = fundingSeconds;
        cycle.number = number;
        cycle.until = ledgerTime + openSeconds;
        emit CycleOpened(id, token, number, cycle.until);
    }

    /// @dev Changes one position; callers change others by as much in the other direction.
    function _move(CycleId id, Cycle storage cycle, MemberId member, int256 change) internal {
        if (change == 0) return;
        Position storage position = _positions[id][member];
        if (!position.listed) {
            position.listed = true;
            _membersOf[id].push(member);
        }
        if (position.round != cycle.round) {
            position.round = cycle.round;
            position.startNano = position.nano;
        }
        uint128 lackedBefore = _lacking(position);
        // Amounts that enter are below 2^96, so that no sum of them leaves 128 bits.
        position.nano = int128(position.nano + change);
        cycle.deficitNano = cycle.deficitNano + _lacking(position) - lackedBefore;
        emit PositionChanged(id, member, change);
    }

    /// @dev When nobody is left who lacked something at the beginning of the round.
    function _endRoundIfDone(CycleId id, Cycle storage cycle) internal {
        if (cycle.pendingNano > 0) return;
        if (cycle.deficitNano == 0) {
            cycle.state = CycleState.Settled;
            emit CycleSettled(id);
        } else {
            _startRound(id, cycle, clock.ledgerTime() + cycle.fundingSeconds / 4);
        }
    }

    function _lacking(Position storage position) internal view returns (uint128) {
        int256 nano = int256(position.nano) + int256(uint256(position.fundedNano));
        // At least -2^127: it fits.
        return nano < 0 ? uint128(uint256(-nano)) : 0;
    }

    /// @dev What the member lacked when the round began, less what it deposited since.
    function _lackedAtStart(
        Cycle storage cycle,
        Position storage position
    ) internal view returns (uint128) {
        int256 start = position.round == cycle.round ? position.startNano : position.nano;
        start += int256(uint256(position.fundedNano));
        return start < 0 ? uint128(uint256(-start)) : 0;
    }

    function _inState(CycleId id, CycleState state) internal view returns (Cycle storage cycle) {
        cycle = _cycles[id];
        require(cycle.state == state, CycleStateWrong(id, cycle.state));
    }

    function _close(CycleId id, Cycle storage cycle, uint64 ledgerTime) private {
        cycle.state = CycleState.Funding;
        _startRound(id, cycle, ledgerTime + cycle.fundingSeconds);
        _endRoundIfDone(id, cycle);
    }

    function _startRound(CycleId id, Cycle storage cycle, uint64 deadline) private {
        cycle.round += 1;
        cycle.until = deadline;
        cycle.pendingNano = cycle.deficitNano;
        emit RoundStarted(id, cycle.round, cycle.deficitNano, deadline);
    }

    function _setPeriods(uint32 openSeconds_, uint32 fundingSeconds_) private {
        _requireWithin("open", openSeconds_, OPEN_SECONDS_MAX);
        _requireWithin("funding", fundingSeconds_, FUNDING_SECONDS_MAX);
        openSeconds = openSeconds_;
        fundingSeconds = fundingSeconds_;
        emit PeriodsSet(openSeconds_, fundingSeconds_);
    }

    function _requireWithin(bytes32 field, uint256 value, uint256 most) private pure {
        require(
            value >= SECONDS_MIN && value <= most,
            PeriodUnusable(field, value, SECONDS_MIN, most)
        );
    }

    function _pageSize(uint256 count, uint256 from, uint256 size) private pure returns (uint256) {
        require(size <= PAGE_MAX, PageTooLarge(size, PAGE_MAX));
        if (from >= count) return 0;
        return size < count - from ? size : count - from;
    }
}
