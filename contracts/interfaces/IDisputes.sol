// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, DisputeId, MemberId, StatementId } from "../types/Identifiers.sol";

enum DisputeState {
    None,
    /// Waits for the operator whose statement it is.
    Opened,
    /// Waits for the opener: it gives way or goes to the arbiter.
    Answered,
    /// Waits for the arbiter.
    Escalated,
    Closed
}

enum DisputeEnd {
    Open,
    OperatorGaveWay,
    OpenerGaveWay,
    OperatorSilent,
    OpenerSilent,
    Decided,
    ArbiterSilent
}

/// @notice Amounts in nano-units.
struct Dispute {
    StatementId statement;
    AgreementId agreement;
    MemberId opener;
    MemberId operator;
    DisputeState state;
    DisputeEnd end;
    /// The batches that it is about, within the statement's.
    uint64 fromSequence;
    uint64 toSequence;
    /// 1 use that never was, 2 use not recorded, 3 duration or quantity, 4 counted twice, 5 price,
    /// 6 other.
    uint8 reason;
    uint128 disputedNano;
    /// What the operator still asks of it after its answer.
    uint128 askedNano;
    /// What came out: part of the disputed amount.
    uint128 owedNano;
    /// Roots over line items (docs/PROTOCOL.md section 13); zero for none.
    bytes32 openerEvidence;
    bytes32 operatorEvidence;
}

/// @notice One line of a side's evidence (docs/PROTOCOL.md section 13).
struct DisputeLine {
    bytes32 salt;
    uint64 sequence;
    uint32 leafIndex;
    /// Milliseconds.
    uint64 start;
    uint64 quantity;
    uint128 amountNano;
    bytes32 recordHash;
}

/// @notice What opens an evidence root but for its lines.
struct EvidenceHeader {
    uint8 depth;
    uint32 count;
    uint128 totalNano;
}

/// @title Disputes: matters of fact between the parties of an agreement
/// @notice Whoever may object to a statement disputes a part of its amount within the challenge window,
/// with a reason and the root of its evidence. The operator answers with its own root and says how much
/// of that part it still asks. Then the opener gives way or calls the agreement's arbiter. The rest of the
/// statement is paid meanwhile. One dispute for each statement.
/// Who is silent loses by the deadline: a silent operator asks nothing of the disputed amount any more;
/// a silent opener owes what the operator still asks. When the arbiter is silent, half of that is owed:
/// the middle between the last words of both sides, rounded down, so that nobody gains by its delay.
/// Windows are the agreement's, of ledger time, and stand still while the member whose turn it is is
/// suspended. Trust: the arbiter decides within what is still apart, and nothing else.
interface IDisputes {
    event DisputeOpened(
        DisputeId indexed dispute,
        StatementId indexed statement,
        MemberId indexed opener,
        Dispute details,
        uint64 answerBy
    );
    event DisputeAnswered(
        DisputeId indexed dispute,
        uint128 askedNano,
        bytes32 operatorEvidence,
        uint64 escalateBy
    );
    event DisputeEscalated(DisputeId indexed dispute, MemberId arbiter, uint64 decideBy);
    event DisputeClosed(DisputeId indexed dispute, DisputeEnd end, uint128 owedNano);

    event ObjectionConcluded(StatementId indexed statement, uint128 owedNano);

    error ReasonUnknown(uint8 reason);
    error RangeOutsideStatement(StatementId statement, uint64 fromSequence, uint64 toSequence);
    error AmountUnusable(uint128 most, uint128 given);
    error DisputeStateWrong(DisputeId dispute, DisputeState state);
    error NotYourTurn(DisputeId dispute, MemberId member);
    error DeadlinePassed(DisputeId dispute, uint64 deadline, uint64 ledgerTime);
    error NothingToConclude(StatementId statement);
    error ArbiterHasTime(StatementId statement, uint64 deadline, uint64 ledgerTime);
    error DeadlineNotPassed(DisputeId dispute, uint64 deadline, uint64 ledgerTime);

    /// @notice The payer (Settle key), or where operator and payer are one, any other party.
    /// @param disputedNano Of what the statement makes payable.
    function open(
        StatementId statement,
        uint64 fromSequence,
        uint64 toSequence,
        uint8 reason,
        uint128 disputedNano,
        bytes32 evidenceRoot
    ) external returns (DisputeId);

    /// @notice The operator (Settle key).
    /// @param askedNano What it still asks, at most the disputed amount; zero gives way.
    function answer(DisputeId dispute, uint128 askedNano, bytes32 evidenceRoot) external;

    /// @notice Either side (Settle key) at any time: the operator asks nothing more, the opener owes what is
    /// still asked.
    function giveWay(DisputeId dispute) external;

    /// @notice The opener (Settle key) calls the arbiter.
    function escalate(DisputeId dispute) external;

    /// @notice The agreement's arbiter (Settle key).
    /// @param owedNano At most what the operator still asks.
    function decide(DisputeId dispute, uint128 owedNano) external;

    /// @notice Anyone, when whoever had to act did not.
    function conclude(DisputeId dispute) external;

    /// @notice Anyone, when a statement was objected to without a dispute and its arbiter has been
    /// silent for two dispute windows after the one to object: half of what was disputed is owed,
    /// rounded down.
    function concludeObjection(StatementId statement) external;

    function disputeOf(DisputeId dispute) external view returns (Dispute memory);

    /// @return Ledger time until which the next step can be taken.
    function deadlineOf(DisputeId dispute) external view returns (uint64);

    /// @return Zero when there is none.
    function disputeOn(StatementId statement) external view returns (DisputeId);

    /// @return The evidence root that a line at this place leads to: for the arbiter, to whom single lines
    /// are shown.
    function rootOfLine(
        StatementId statement,
        MemberId side,
        EvidenceHeader calldata header,
        DisputeLine calldata line,
        uint32 index,
        bytes32[] calldata siblings
    ) external pure returns (bytes32);

    function disputeCount() external view returns (uint256);

    /// @param ordinal From 1 to disputeCount().
    function disputeAt(uint256 ordinal) external view returns (DisputeId);

    /// @param from From 1.
    /// @param size At most 100.
    function disputesFrom(uint256 from, uint256 size) external view returns (DisputeId[] memory);
}
