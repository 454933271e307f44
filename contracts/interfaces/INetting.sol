// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CycleId, MemberId, ObligationId } from "../types/Identifiers.sol";

enum CycleState {
    None,
    /// Obligations enter.
    Open,
    /// Net debtors deposit until the deadline; then who did not is unwound, and a shorter round begins
    /// for those whose position fell by that.
    Funding,
    /// Every position that stands is funded: what is owed to a member is its own.
    Settled
}

/// @notice Amounts in nano-units, times in ledger time.
struct Cycle {
    address token;
    CycleState state;
    /// 0 while the cycle is open, then from 1.
    uint32 round;
    /// Length of the first round; later ones are a quarter as long.
    uint32 fundingSeconds;
    uint64 number;
    /// While open: from when it can be closed. While funding: until when members deposit.
    uint64 until;
    /// What net debtors lack now, all together.
    uint128 deficitNano;
    /// What they lacked when the round began and have neither deposited nor been unwound for.
    uint128 pendingNano;
}

/// @notice One member in one cycle. What it is owed less what it owes is `nano`: all members' together
/// are zero, at every step. What it can take out when the cycle is settled is `nano` + `fundedNano`.
struct Position {
    int128 nano;
    /// As it was when the round began; valid if `round` is the cycle's.
    int128 startNano;
    uint128 fundedNano;
    uint32 round;
    uint32 unwoundInRound;
    uint8 unwindings;
    bool listed;
    bool fellBack;
    bool collected;
    uint32 cursor;
    /// What its obligations owe to others, all of it.
    uint128 owedNano;
    /// Of each share that it owes, the proportion `keptNano` of `owedNano` stands in the cycle.
    uint128 keptNano;
    /// The proportion that pages under way change to.
    uint128 targetNano;
}

/// @title Netting: one position for each member and token in a cycle
/// @notice An obligation of a netted agreement enters the open cycle of its token as shares: what its
/// split gives to others than the payer adds to their positions and takes from the payer's; what it
/// gives to the payer never moves. A cycle opens with its first obligation and can be closed by anyone
/// when its time is over. Then each net debtor makes one deposit, and each net creditor takes out one
/// sum: however many obligations, pairs and members there were.
///
/// Who does not deposit in time unwinds its own obligations and nothing else: of every share that it
/// owes the same proportion stays, so much as it has means for (what it is owed in the cycle at the
/// round's beginning, and what it did deposit). Positions of those it owes to fall by the rest; where
/// that leaves one of them short, it gets a round of its own. Who is short a second time, because its
/// own debtors failed, unwinds wholly; so there are at most twice as many rounds as members, and none
/// is short a third time. Order plays no part: every member is judged by how it stood when the round
/// began.
///
/// When the cycle is settled the unwound rest of each obligation falls back and is owed directly
/// ({ISettlement}). What a wholly unwound member was owed or had deposited goes first to those that it
/// owes, in proportion.
///
/// Rounding: proportions are rounded down to nano-units in the payer's favour and the rest stays owed;
/// what is below one unit of the token is carried in the member's balance, from cycle to cycle.
///
/// Trust: nobody can move another member's money, and no member's default costs more than what that
/// member owed. The governor sets how long cycles and rounds are, within fixed bounds, for cycles that
/// open later. Suspended members deposit and withdraw like others.
interface INetting {
    event PeriodsSet(uint32 openSeconds, uint32 fundingSeconds);
    event CycleOpened(CycleId indexed cycle, address indexed token, uint64 number, uint64 closesAt);
    event ObligationEntered(
        ObligationId indexed obligation,
        CycleId indexed cycle,
        MemberId indexed payer,
        uint128 owedNano
    );
    event PositionChanged(CycleId indexed cycle, MemberId indexed member, int256 changeNano);
    event RoundStarted(CycleId indexed cycle, uint32 round, uint128 deficitNano, uint64 deadline);
    event PositionFunded(
        CycleId indexed cycle,
        MemberId indexed member,
        uint256 units,
        uint128 fundedNano
    );
    event MemberUnwound(
        CycleId indexed cycle,
        MemberId indexed member,
        uint128 keptNano,
        uint128 owedNano
    );
    event CycleSettled(CycleId indexed cycle);
    event ObligationsFellBack(
        CycleId indexed cycle,
        MemberId indexed member,
        uint128 keptNano,
        uint128 owedNano
    );
    event BalanceCredited(
        CycleId indexed cycle,
        address indexed token,
        MemberId indexed member,
        uint256 amountNano
    );
    event Withdrawn(
        MemberId indexed member,
        address indexed token,
        address indexed to,
        uint256 units
    );

    error PeriodUnusable(bytes32 field, uint256 value, uint256 least, uint256 most);
    error AmountTooGreat(ObligationId obligation, uint256 amountNano, uint256 mostNano);
    error CycleStateWrong(CycleId cycle, CycleState state);
    error CycleNotOver(CycleId cycle, uint64 closesAt, uint64 ledgerTime);
    error DeadlinePassed(CycleId cycle, uint64 deadline, uint64 ledgerTime);
    error DeadlineNotPassed(CycleId cycle, uint64 deadline, uint64 ledgerTime);
    error NothingToFund(CycleId cycle, MemberId member);
    error DepositUnusable(uint256 mostUnits, uint256 units);
    error NotInDefault(CycleId cycle, MemberId member);
    error FallBackMissing(CycleId cycle, MemberId member);
    error PageEmpty();
    error CollectedAlready(CycleId cycle, MemberId member);
    error NothingToWithdraw(MemberId member, address token);
    error PageTooLarge(uint256 size, uint256 most);

    /// @notice Governor: for cycles that open from now on. Seconds of ledger time.
    function setPeriods(uint32 openSeconds, uint32 fundingSeconds) external;

    /// @notice Anyone: a final statement's obligation enters the open cycle of its token.
    function enter(ObligationId obligation) external returns (CycleId cycle);

    /// @notice Anyone, when the cycle's time is over (the next obligation does it too).
    function close(CycleId cycle) external;

    /// @notice The sender's member (Settle key) deposits towards what it lacks, within the deadline;
    /// less than all of it counts too. Its balance from earlier cycles is used first.
    /// @param units At most `unitsDueFor`.
    function fund(CycleId cycle, uint256 units) external;

    /// @notice Anyone, after the deadline: takes out of the cycle what the member did not fund.
    /// @param max Obligations at once; call again until the member is done.
    /// @return left Obligations still to do.
    function unwind(CycleId cycle, MemberId member, uint256 max) external returns (uint256 left);

    /// @notice Anyone, when the cycle is settled: gives the rest of an unwound member's obligations
    /// back to be paid directly.
    /// @return left Obligations still to do.
    function fallBack(CycleId cycle, MemberId member, uint256 max) external returns (uint256 left);

    /// @notice The sender's member (Settle key) takes out what a settled cycle owes it, with all whole
    /// units of its balance.
    /// @param cycle Zero for the balance alone.
    function withdraw(address token, CycleId cycle, address to) external;

    function openSeconds() external view returns (uint32);

    function fundingSeconds() external view returns (uint32);

    function cycleOf(CycleId cycle) external view returns (Cycle memory);

    function positionOf(CycleId cycle, MemberId member) external view returns (Position memory);

    /// @return What a member is asked to deposit now, in units of the token.
    function unitsDueFor(CycleId cycle, MemberId member) external view returns (uint256);

    function balanceNanoOf(address token, MemberId member) external view returns (uint256);

    /// @return Zero when it never entered one.
    function cycleOfObligation(ObligationId obligation) external view returns (CycleId);

    /// @return Whether a cycle settled all of it.
    function isNettedOut(ObligationId obligation) external view returns (bool);

    function cycleCountOf(address token) external view returns (uint64);

    /// @param number From 1 to cycleCountOf(token).
    function cycleIdOf(address token, uint64 number) external view returns (CycleId);

    /// @param from From 0. @param size At most 100.
    function membersOf(
        CycleId cycle,
        uint256 from,
        uint256 size
    ) external view returns (MemberId[] memory);

    function obligationCountOf(CycleId cycle, MemberId payer) external view returns (uint256);

    /// @param from From 0. @param size At most 100.
    function obligationsOf(
        CycleId cycle,
        MemberId payer,
        uint256 from,
        uint256 size
    ) external view returns (ObligationId[] memory);
}
