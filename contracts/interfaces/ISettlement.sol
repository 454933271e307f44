// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId, ObligationId } from "../types/Identifiers.sol";

/// @notice Which way an obligation goes.
enum ObligationRoute {
    /// Paid here, as long as its agreement is not netted.
    Direct,
    /// Its payer paid, or a cycle that it did not fund still settled all of it.
    Paid,
    /// It stands in a netting cycle ({INetting}).
    Netted,
    /// It came back from a cycle that its payer did not fund: the rest is paid here.
    FellBack
}

/// @notice What parties get of an obligation, in the order of its split and the remainder last. What
/// the payer itself gets never leaves it in a netting cycle.
struct Shares {
    MemberId payer;
    address token;
    MemberId[] parties;
    uint256[] nano;
}

/// @title Money: obligations paid in, shares paid out
/// @notice Balances are kept in nano-units of the currency; what is below one unit of the token is
/// carried, never lost: a payer pays whole units rounded up and the excess counts for its next
/// obligation, a payee withdraws whole units. So for each token: paid out + withdrawable + dust =
/// paid in. An obligation of a netted agreement goes through {INetting}, and only what came back from
/// there is paid here.
/// Two payers can set off what they owe each other, when both say so.
/// Trust: nobody, the governor included, can move another member's balance. The netting contract says
/// how much of an obligation was settled in a cycle.
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
    event ObligationNetted(ObligationId indexed obligation);
    event ObligationFellBack(ObligationId indexed obligation, uint128 keptNano, uint128 ofNano);
    event SetOffOffered(ObligationId indexed obligation, ObligationId indexed against);
    event ObligationsSetOff(
        ObligationId indexed obligation,
        ObligationId indexed against,
        uint128 amountNano
    );

    error ObligationUnknown(ObligationId obligation);
    error ObligationPaidAlready(ObligationId obligation);
    error ObligationIsNetted(ObligationId obligation);
    error ObligationNotNetted(ObligationId obligation);
    error SetOffUnfit(ObligationId obligation, ObligationId against, bytes32 field);
    error NothingToWithdraw(MemberId member, address token);

    /// @notice The payer (Settle key) pays; the token is pulled from the sender and split.
    function pay(ObligationId obligation) external;

    /// @notice The payer of the one (Settle key) offers to set it off against another, whose payer
    /// gets a share of it; when the other payer offers the same, both are less by the smaller of what
    /// the payers get of each other's. Each obligation is set off once; other parties' shares stay.
    function setOff(ObligationId own, ObligationId against) external;

    /// @notice The sender's member (Settle key) takes out all whole units of its balance.
    function withdraw(address token, address to) external;

    /// @notice Only the netting contract: the obligation, of a netted agreement, enters a cycle.
    function takeForNetting(ObligationId obligation) external returns (Shares memory);

    /// @notice Only the netting contract: of each share that the payer owes to others, the proportion
    /// `keptNano` of `ofNano`, rounded down, was settled in the cycle; the rest is owed here.
    function fallBack(ObligationId obligation, uint128 keptNano, uint128 ofNano) external;

    function routeOf(ObligationId obligation) external view returns (ObligationRoute);

    /// @return Whether it was paid here (what was settled in a cycle is said by {INetting}).
    function isPaid(ObligationId obligation) external view returns (bool);

    function sharesOf(ObligationId obligation) external view returns (Shares memory);

    /// @return Nano-units by which the obligation is less, and the party whose share is.
    function setOffOf(ObligationId obligation) external view returns (uint128, MemberId);

    /// @return What the payer would be asked for here now, in units of the token.
    function unitsDueFor(ObligationId obligation) external view returns (uint256);

    function balanceNanoOf(address token, MemberId member) external view returns (uint256);

    /// @return Nano-units that the payer paid beyond its obligations, less than one unit of the token.
    function prepaidNanoOf(AgreementId agreement, MemberId payer) external view returns (uint256);

    /// @return In units of the token.
    function withdrawableOf(address token, MemberId member) external view returns (uint256);
}
