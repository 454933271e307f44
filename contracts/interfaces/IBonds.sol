// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId } from "../types/Identifiers.sol";

/// @title What operators stake on telling the truth
/// @notice One bond for each operator and agreement, in the agreement's token. From it a proven breach
/// pays the finder's bounty, and a penalty to the fund; a claim that was conceded pays its finder a
/// smaller fee and the fund nothing. Trust: only the contracts that the governor appointed can take
/// from a bond, and no more than that; only the governor can take from the fund; the bond's own member
/// can take out no more than what exceeds the agreement's minimum, announced one claim's life (two
/// claim windows of ledger time) ahead. Bonds, bounties and funds of one token add up to what the contract holds of it.
interface IBonds {
    event BondDeposited(
        AgreementId indexed agreement,
        MemberId indexed member,
        address from,
        uint256 units
    );
    event WithdrawalAnnounced(
        AgreementId indexed agreement,
        MemberId indexed member,
        uint256 units,
        uint64 readyAt
    );
    event BondWithdrawn(
        AgreementId indexed agreement,
        MemberId indexed member,
        address to,
        uint256 units
    );
    event BondSlashed(
        AgreementId indexed agreement,
        MemberId indexed member,
        address indexed finder,
        uint256 bounty,
        uint256 penalty
    );
    event ConcessionPaid(
        AgreementId indexed agreement,
        MemberId indexed member,
        address indexed finder,
        uint256 units
    );
    event BountyCollected(address indexed token, address indexed finder, uint256 units);
    event FundSpent(address indexed token, address indexed to, uint256 units);

    error UnitsUnusable(uint256 units, uint256 most);
    error WithdrawalNotReady(uint64 readyAt, uint64 ledgerTime);
    error NothingAnnounced(AgreementId agreement, MemberId member);
    error NothingToCollect(address token, address finder);

    /// @notice Anyone adds to an operator's bond.
    function deposit(AgreementId agreement, MemberId member, uint256 units) external;

    /// @notice The sender's member (Settle key) announces a withdrawal; it replaces an earlier one.
    function announceWithdrawal(AgreementId agreement, uint256 units) external;

    /// @notice The sender's member (Settle key) takes out what it announced.
    function withdraw(AgreementId agreement, address to) external;

    /// @notice For the claims contract: pays what the bond holds, the finder first.
    function slash(AgreementId agreement, MemberId member, address finder) external;

    /// @notice For the contract of concession fees: pays the finder of a conceded claim, as far as the
    /// bond goes.
    function payConcession(
        AgreementId agreement,
        MemberId member,
        address finder
    ) external returns (uint256 units);

    /// @notice Anyone sends a finder its bounties; they go to the finder and nowhere else.
    function collectFor(address token, address finder) external;

    /// @notice Governor: spends from the fund.
    function spendFund(address token, address to, uint256 units) external;

    function bondOf(AgreementId agreement, MemberId member) external view returns (uint256);

    /// @return units What the member announced to take out; zero for nothing.
    /// @return readyAt Ledger time.
    function announcementOf(
        AgreementId agreement,
        MemberId member
    ) external view returns (uint256 units, uint64 readyAt);

    function bountyOf(address token, address finder) external view returns (uint256);

    function fundOf(address token) external view returns (uint256);
}
