// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId, ObligationId } from "../types/Identifiers.sol";

/// @title Money: obligations paid in, shares paid out
/// @notice Balances are kept in nano-units of the currency; what is below one unit of the token is
/// carried, never lost: a payer pays whole units rounded up and the excess counts for its next
/// obligation, a payee withdraws whole units. So for each token: paid out + withdrawable + dust =
/// paid in. Trust: nobody, the governor included, can move another member's balance.
interface ISettlement {
    event ObligationPaid(
        ObligationId indexed obligation,
        MemberId indexed payer,
        address indexed token,
        uint256 units
    );
    event ShareCredited(
        ObligationId indexed obligation,
        MemberId indexed party,
        uint256 amountNano
    );
    event Withdrawn(
        MemberId indexed member,
        address indexed token,
        address indexed to,
        uint256 units
    );

    error ObligationUnknown(ObligationId obligation);
    error ObligationPaidAlready(ObligationId obligation);
    error NothingToWithdraw(MemberId member, address token);

    /// @notice The payer (Settle key) pays; the token is pulled from the sender and split.
    function pay(ObligationId obligation) external;

    /// @notice The sender's member (Settle key) takes out all whole units of its balance.
    function withdraw(address token, address to) external;

    function isPaid(ObligationId obligation) external view returns (bool);

    /// @return What the payer would be asked for now, in units of the token.
    function unitsDueFor(ObligationId obligation) external view returns (uint256);

    function balanceNanoOf(address token, MemberId member) external view returns (uint256);

    /// @return Nano-units that the payer paid beyond its obligations, less than one unit of the token.
    function prepaidNanoOf(AgreementId agreement, MemberId payer) external view returns (uint256);

    /// @return In units of the token.
    function withdrawableOf(address token, MemberId member) external view returns (uint256);
}
