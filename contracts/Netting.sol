// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { NettingCycles } from "./NettingCycles.sol";
import { IAgreements } from "./interfaces/IAgreements.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { Cycle, CycleState, INetting, Position } from "./interfaces/INetting.sol";
import { ISettlement, Shares } from "./interfaces/ISettlement.sol";
import { ExactTransfers } from "./libraries/ExactTransfers.sol";
import { TokenUnits } from "./libraries/TokenUnits.sol";
import { CycleId, MemberId, ObligationId } from "./types/Identifiers.sol";

/// @notice The second half of {INetting}: what enters, who deposits, who is unwound, who withdraws.
contract Netting is NettingCycles, ReentrancyGuard {
    using ExactTransfers for IERC20;
    using TokenUnits for uint256;

    /// @dev So that no number of obligations can bring a sum near 128 bits.
    uint256 private constant AMOUNT_NANO_MAX = 1 << 96;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        ILedgerClock clock_,
        ISettlement settlement_,
        uint32 openSeconds_,
        uint32 fundingSeconds_,
        address authority,
        address forwarder
    )
        NettingCycles(
            members_,
            agreements_,
            clock_,
            settlement_,
            openSeconds_,
            fundingSeconds_,
            authority,
            forwarder
        )
    {}

    /// @inheritdoc INetting
    function enter(ObligationId obligation) external returns (CycleId id) {
        Shares memory shares = settlement.takeForNetting(obligation);
        Cycle storage cycle;
        (id, cycle) = _openCycle(shares.token);
        uint256 owed;
        for (uint256 i = 0; i < shares.parties.length; ++i) {
            if (shares.parties[i] != shares.payer) owed += shares.nano[i];
        }
        require(owed < AMOUNT_NANO_MAX, AmountTooGreat(obligation, owed, AMOUNT_NANO_MAX));
        for (uint256 i = 0; i < shares.parties.length; ++i) {
            if (shares.parties[i] == shares.payer) continue;
            _move(id, cycle, shares.parties[i], int256(shares.nano[i]));
        }
        _move(id, cycle, shares.payer, -int256(owed));
        _positions[id][shares.payer].owedNano += uint128(owed);
        _obligations[id][shares.payer].push(obligation);
        _cycleOf[obligation] = id;
        emit ObligationEntered(obligation, id, shares.payer, uint128(owed));
    }

    /// @inheritdoc INetting
    function fund(CycleId id, uint256 units) external nonReentrant {
        MemberId member = _senderHolding(Duty.Settle);
        Cycle storage cycle = _inState(id, CycleState.Funding);
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime <= cycle.until, DeadlinePassed(id, cycle.until, ledgerTime));
        Position storage position = _positions[id][member];
        uint256 lacking = _lacking(position);
        address token = cycle.token;
        uint256 balance = _balances[token][member];
        uint8 decimals = agreements.decimalsOf(token);
        uint256 most = lacking > balance ? (lacking - balance).unitsUp(decimals) : 0;
        require(units <= most, DepositUnusable(most, units));
        balance += units.nanoDown(decimals);
        uint128 funded = uint128(balance < lacking ? balance : lacking);
        require(funded > 0, NothingToFund(id, member));
        _balances[token][member] = balance - funded;
        position.fundedNano += funded;
        cycle.deficitNano -= funded;
        cycle.pendingNano -= funded;
        emit PositionFunded(id, member, units, funded);
        _endRoundIfDone(id, cycle);
        if (units > 0) IERC20(token).pull(_msgSender(), units);
    }

    /// @inheritdoc INetting
    function unwind(CycleId id, MemberId member, uint256 max) external returns (uint256 left) {
        Cycle storage cycle = _inState(id, CycleState.Funding);
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime > cycle.until, DeadlineNotPassed(id, cycle.until, ledgerTime));
        Position storage position = _positions[id][member];
        uint128 lacked = _lackedAtStart(cycle, position);
        require(lacked > 0 && position.unwoundInRound != cycle.round, NotInDefault(id, member));
        uint128 owed = position.owedNano;
        bool isFirst = position.unwindings == 0;
        // What it lacks is never more than what it owes: what it is owed is never negative.
        uint128 target = isFirst ? owed - lacked : 0;
        uint128 kept = isFirst ? owed : position.keptNano;
        uint256 released;
        (left, released) = _unwindPage(id, cycle, member, max, kept, target);
        _move(id, cycle, member, int256(released));
        if (left > 0) return left;
        position.keptNano = target;
        position.unwindings += 1;
        position.unwoundInRound = cycle.round;
        position.cursor = 0;
        cycle.pendingNano -= lacked;
        emit MemberUnwound(id, member, target, owed);
        _endRoundIfDone(id, cycle);
    }

    /// @inheritdoc INetting
    function fallBack(CycleId id, MemberId member, uint256 max) external returns (uint256 left) {
        Cycle storage cycle = _inState(id, CycleState.Settled);
        Position storage position = _positions[id][member];
        require(position.unwindings > 0 && !position.fellBack, NotInDefault(id, member));
        if (position.cursor == 0) {
            uint128 means = _claimOf(position);
            uint128 whole = means < position.owedNano ? means : position.owedNano;
            position.targetNano = position.keptNano > 0 ? position.keptNano : whole;
        }
        left = _fallBackPage(id, cycle.token, member, max);
        if (left > 0) return left;
        position.fellBack = true;
        position.keptNano = position.targetNano;
        emit ObligationsFellBack(id, member, position.keptNano, position.owedNano);
    }

    /// @inheritdoc INetting
    function withdraw(address token, CycleId id, address to) external nonReentrant {
        MemberId member = _senderHolding(Duty.Settle);
        uint256 claim;
        if (CycleId.unwrap(id) != 0) {
            claim = _collect(id, member);
            token = _cycles[id].token;
        }
        uint8 decimals = agreements.decimalsOf(token);
        uint256 balance = _balances[token][member] + claim;
        uint256 units = balance.unitsDown(decimals);
        require(claim > 0 || units > 0, NothingToWithdraw(member, token));
        _balances[token][member] = balance - units.nanoDown(decimals);
        if (claim > 0) emit BalanceCredited(id, token, member, claim);
        emit Withdrawn(member, token, to, units);
        if (units > 0) IERC20(token).push(to, units);
    }

    /// @dev From one proportion of each share to a smaller one: those that it owes to are owed less.
    function _unwindPage(
        CycleId id,
        Cycle storage cycle,
        MemberId member,
        uint256 max,
        uint128 kept,
        uint128 target
    ) private returns (uint256 left, uint256 released) {
        Position storage position = _positions[id][member];
        uint256 owed = position.owedNano;
        ObligationId[] storage all = _obligations[id][member];
        (uint256 from, uint256 to) = _page(position.cursor, all.length, max);
        for (uint256 i = from; i < to; ++i) {
            Shares memory shares = settlement.sharesOf(all[i]);
            for (uint256 j = 0; j < shares.parties.length; ++j) {
                if (shares.parties[j] == member) continue;
                uint256 nano = shares.nano[j];
                uint256 less = (nano * kept) / owed - (nano * target) / owed;
                _move(id, cycle, shares.parties[j], -int256(less));
                released += less;
            }
        }
        position.cursor = uint32(to);
        left = all.length - to;
    }

    /// @dev What a wholly unwound member has means for goes to those that it owes to, straight into
    /// their balances; and the rest of each obligation goes back.
    function _fallBackPage(
        CycleId id,
        address token,
        MemberId member,
        uint256 max
    ) private returns (uint256 left) {
        Position storage position = _positions[id][member];
        (uint128 owed, uint128 kept, uint128 target) = (
            position.owedNano,
            position.keptNano,
            position.targetNano
        );
        ObligationId[] storage all = _obligations[id][member];
        (uint256 from, uint256 to) = _page(position.cursor, all.length, max);
        uint256 paid;
        for (uint256 i = from; i < to; ++i) {
            if (target > kept) paid += _payShares(id, token, all[i], target, owed);
            settlement.fallBack(all[i], target, owed);
        }
        position.nano -= int128(int256(paid));
        position.cursor = uint32(to);
        left = all.length - to;
    }

    function _payShares(
        CycleId id,
        address token,
        ObligationId obligation,
        uint128 target,
        uint128 owed
    ) private returns (uint256 paid) {
        Shares memory shares = settlement.sharesOf(obligation);
        for (uint256 j = 0; j < shares.parties.length; ++j) {
            MemberId party = shares.parties[j];
            uint256 nano = party == shares.payer ? 0 : (shares.nano[j] * target) / owed;
            if (nano == 0) continue;
            _balances[token][party] += nano;
            paid += nano;
            emit BalanceCredited(id, token, party, nano);
        }
    }

    function _collect(CycleId id, MemberId member) private returns (uint256 claim) {
        _inState(id, CycleState.Settled);
        Position storage position = _positions[id][member];
        require(!position.collected, CollectedAlready(id, member));
        require(position.unwindings == 0 || position.fellBack, FallBackMissing(id, member));
        position.collected = true;
        claim = _claimOf(position);
    }

    /// @dev Never negative in a settled cycle.
    function _claimOf(Position storage position) private view returns (uint128) {
        return uint128(uint256(int256(position.nano) + int256(uint256(position.fundedNano))));
    }

    function _page(
        uint256 cursor,
        uint256 count,
        uint256 max
    ) private pure returns (uint256 from, uint256 to) {
        require(max > 0, PageEmpty());
        from = cursor;
        to = count - from > max ? from + max : count;
    }
}
