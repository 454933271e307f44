// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements, Stakes } from "./interfaces/IAgreements.sol";
import { IBonds } from "./interfaces/IBonds.sol";
import { ILedgerClock } from "./interfaces/ILedgerClock.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ExactTransfers } from "./libraries/ExactTransfers.sol";
import { AgreementId, MemberId } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IBonds}.
contract Bonds is IBonds, MemberGated, AccessManaged, ReentrancyGuard {
    using ExactTransfers for IERC20;

    struct Announcement {
        uint256 units;
        uint64 readyAt;
    }

    IAgreements public immutable agreements;
    ILedgerClock public immutable clock;

    mapping(AgreementId agreement => mapping(MemberId member => uint256)) private _bonds;
    mapping(AgreementId agreement => mapping(MemberId member => Announcement))
        private _announcements;
    mapping(address token => mapping(address finder => uint256)) private _bounties;
    mapping(address token => uint256) private _funds;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        ILedgerClock clock_,
        address authority
    ) MemberGated(members_) AccessManaged(authority) {
        agreements = agreements_;
        clock = clock_;
    }

    /// @inheritdoc IBonds
    function deposit(AgreementId agreement, MemberId member, uint256 units) external nonReentrant {
        require(agreements.isParty(agreement, member), IAgreements.NotAParty(agreement, member));
        (address token, ) = agreements.tokenOf(agreement);
        _bonds[agreement][member] += units;
        emit BondDeposited(agreement, member, msg.sender, units);
        IERC20(token).pull(msg.sender, units);
    }

    /// @inheritdoc IBonds
    function announceWithdrawal(AgreementId agreement, uint256 units) external {
        MemberId member = _senderHolding(Duty.Settle);
        uint256 most = _free(agreement, member);
        require(units > 0 && units <= most, UnitsUnusable(units, most));
        uint64 readyAt = clock.ledgerTime() + 2 * uint64(agreements.windowsOf(agreement).claim);
        _announcements[agreement][member] = Announcement({ units: units, readyAt: readyAt });
        emit WithdrawalAnnounced(agreement, member, units, readyAt);
    }

    /// @inheritdoc IBonds
    /// @dev The bond may have been slashed since the announcement: only what is free now leaves.
    function withdraw(AgreementId agreement, address to) external nonReentrant {
        MemberId member = _senderHolding(Duty.Settle);
        Announcement memory announced = _announcements[agreement][member];
        require(announced.units > 0, NothingAnnounced(agreement, member));
        uint64 ledgerTime = clock.ledgerTime();
        require(ledgerTime >= announced.readyAt, WithdrawalNotReady(announced.readyAt, ledgerTime));
        uint256 most = _free(agreement, member);
        uint256 units = announced.units < most ? announced.units : most;
        delete _announcements[agreement][member];
        _bonds[agreement][member] -= units;
        emit BondWithdrawn(agreement, member, to, units);
        (address token, ) = agreements.tokenOf(agreement);
        IERC20(token).push(to, units);
    }

    /// @inheritdoc IBonds
    function slash(AgreementId agreement, MemberId member, address finder) external restricted {
        Stakes memory stakes = agreements.stakesOf(agreement);
        (address token, ) = agreements.tokenOf(agreement);
        uint256 bond = _bonds[agreement][member];
        uint256 bounty = stakes.bounty < bond ? stakes.bounty : bond;
        uint256 rest = bond - bounty;
        uint256 penalty = stakes.penalty < rest ? stakes.penalty : rest;
        _bonds[agreement][member] = rest - penalty;
        _bounties[token][finder] += bounty;
        _funds[token] += penalty;
        emit BondSlashed(agreement, member, finder, bounty, penalty);
    }

    /// @inheritdoc IBonds
    function payConcession(
        AgreementId agreement,
        MemberId member,
        address finder
    ) external restricted returns (uint256 units) {
        (address token, ) = agreements.tokenOf(agreement);
        uint256 bond = _bonds[agreement][member];
        units = agreements.stakesOf(agreement).concessionFee;
        if (units > bond) units = bond;
        _bonds[agreement][member] = bond - units;
        _bounties[token][finder] += units;
        emit ConcessionPaid(agreement, member, finder, units);
    }

    /// @inheritdoc IBonds
    function collectFor(address token, address finder) external nonReentrant {
        uint256 units = _bounties[token][finder];
        require(units > 0, NothingToCollect(token, finder));
        _bounties[token][finder] = 0;
        emit BountyCollected(token, finder, units);
        IERC20(token).push(finder, units);
    }

    /// @inheritdoc IBonds
    function spendFund(address token, address to, uint256 units) external restricted nonReentrant {
        require(units > 0 && units <= _funds[token], UnitsUnusable(units, _funds[token]));
        _funds[token] -= units;
        emit FundSpent(token, to, units);
        IERC20(token).push(to, units);
    }

    /// @inheritdoc IBonds
    function bondOf(AgreementId agreement, MemberId member) external view returns (uint256) {
        return _bonds[agreement][member];
    }

    /// @inheritdoc IBonds
    function announcementOf(
        AgreementId agreement,
        MemberId member
    ) external view returns (uint256 units, uint64 readyAt) {
        Announcement memory announced = _announcements[agreement][member];
        return (announced.units, announced.readyAt);
    }

    /// @inheritdoc IBonds
    function bountyOf(address token, address finder) external view returns (uint256) {
        return _bounties[token][finder];
    }

    /// @inheritdoc IBonds
    function fundOf(address token) external view returns (uint256) {
        return _funds[token];
    }

    function _free(AgreementId agreement, MemberId member) private view returns (uint256) {
        uint256 bond = _bonds[agreement][member];
        uint256 least = agreements.stakesOf(agreement).bondMin;
        return bond > least ? bond - least : 0;
    }
}
