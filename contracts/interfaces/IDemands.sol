// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CurvePoint } from "../libraries/SealedDelivery.sol";
import { AgreementId, BookId, DemandId, MemberId } from "../types/Identifiers.sol";

enum DemandState {
    None,
    /// Waits for the operator.
    Asked,
    /// Ciphertext was delivered, or the place was shown to be none.
    Answered,
    /// The operator did not answer in time.
    Withheld,
    /// What was delivered does not open what was asked for.
    Rubbish
}

/// @notice What is asked for: the charge with `number` of `pseudonym`; or, when `pseudonym` is zero,
/// the leaves from 32 · chunk of the batch with sequence `number`.
struct Place {
    BookId book;
    bytes32 pseudonym;
    uint64 number;
    uint32 chunk;
}

struct Demand {
    Place place;
    DemandState state;
    MemberId operator;
    AgreementId agreement;
    /// Who gets the bounty, and a deposit that comes back.
    address asker;
    /// The one-time public key that the answer is encrypted to.
    CurvePoint key;
    /// Of the operator's one-time public key and the ciphertext; zero for a place that is none.
    bytes32 deliveryHash;
    /// In units of the agreement's token; zero once it was released.
    uint256 deposit;
}

/// @notice What leads to a batch's seal, without any leaf.
struct BatchHeader {
    uint8 depth;
    bytes32 root;
    bytes32 totals;
    bytes32 runningTotals;
    uint64 blockTime;
}

/// @title Demands: evidence that is withheld
/// @notice Who is entitled to evidence asks the operator first, off the ledger. If that does not help,
/// it demands one charge, or one chunk of 32 leaves, here, with a one-time public key. The operator
/// answers within its window with ciphertext for that key. No answer is a breach. So is rubbish: the
/// asker shows its one-time private key, and the contract decrypts and compares with the seals. Bounty
/// and penalty come from the bond, once for each place; the operator still owes the evidence and can be
/// asked again. An answer is complete by itself: each charge with all its groups and its path.
/// Against flooding: a subscriber, who pays nothing, has to have shown its pseudonym ({IStandings}), asks
/// for each number once and has at most so many demands open; a member leaves a deposit, the agreement's
/// bounty, which goes to the operator's bond when it answers and comes back when it does not.
/// Windows count ledger time and stand still while the operator is suspended. Trust: nobody decides
/// anything. A one-time private key that is shown opens the answer to everybody: whoever got what it
/// asked for must not show it.
interface IDemands {
    event EvidenceDemanded(
        DemandId indexed demand,
        BookId indexed book,
        MemberId indexed operator,
        Place place,
        address asker,
        CurvePoint key,
        uint256 deposit,
        uint64 answerBy
    );
    event EvidenceDelivered(
        DemandId indexed demand,
        CurvePoint ephemeral,
        bytes32[] ciphertext,
        uint64 objectBy
    );
    event PlaceShownEmpty(DemandId indexed demand);
    event EvidenceWithheld(DemandId indexed demand, bool punished);
    event RubbishShown(DemandId indexed demand, bool punished);
    event DepositReleased(DemandId indexed demand, bool toOperator, uint256 units);

    error StandingMissing(bytes32 pseudonym);
    error StandingTooOld(bytes32 pseudonym, uint64 since, uint64 ageMax);
    error BatchTooOld(BookId book, uint64 sequence, uint64 blockTime, uint64 ageMax);
    error BatchNotShown(BookId book, uint64 sequence, bytes32 kept, bytes32 shown);
    error NumberBeyond(bytes32 pseudonym, uint64 last, uint64 given);
    error BookUnfit(BookId book, uint8 kind);
    error KeyUnusable(uint256 x, uint256 y);
    error NotEntitled(BookId book, address sender);
    error DemandedAlready(DemandId demand);
    error DemandsTooMany(uint256 open, uint256 most);
    error DemandStateWrong(DemandId demand, DemandState state);
    error DeadlinePassed(DemandId demand, uint64 deadline, uint64 ledgerTime);
    error DeadlineNotPassed(DemandId demand, uint64 deadline, uint64 ledgerTime);
    error NotTheOperator(DemandId demand, address sender);
    error DeliverySizeUnusable(uint256 words, uint256 most);
    error DeliveryMismatch(DemandId demand, bytes32 delivered, bytes32 shown);
    error NotTheOneTimeKey(DemandId demand);
    error DeliveryOpens(DemandId demand);
    error PlaceExists(DemandId demand);
    error NothingToRelease(DemandId demand);
    error SignatureExpired(uint64 validUntil);
    error SignatureInvalid(address owner);

    /// @notice Anyone carries a demand that the pseudonym's owner signed (EIP-712 type `Demand(bytes32
    /// pseudonym,uint64 chargeNumber,uint256 keyX,uint256 keyY,uint256 nonce,uint64 validUntil)`, or
    /// ERC-1271). Free of charge.
    /// @param validUntil Block time in seconds.
    function demandCharge(
        bytes32 pseudonym,
        uint64 chargeNumber,
        CurvePoint calldata key,
        uint256 nonce,
        uint64 validUntil,
        bytes calldata signature
    ) external returns (DemandId);

    /// @notice Another party of the book's agreement, or its arbiter (Commit or Settle key), demands a
    /// chunk of a batch of charges or credits, and leaves the deposit.
    /// @param commitment With `blockTime` it leads to the batch's seal; both are in the ledger's events.
    function demandChunk(
        BookId book,
        uint64 sequence,
        uint32 chunk,
        CurvePoint calldata key,
        bytes32 commitment,
        uint64 blockTime
    ) external returns (DemandId);

    /// @notice The operator (Commit or Settle key, suspended or not) delivers.
    function deliver(
        DemandId demand,
        CurvePoint calldata ephemeral,
        bytes32[] calldata ciphertext
    ) external;

    /// @notice The operator shows that a batch has no such chunk.
    function showEmpty(DemandId demand, BatchHeader calldata header) external;

    /// @notice Anyone, when the operator did not answer in time.
    function concludeSilence(DemandId demand) external;

    /// @notice Anyone who knows the one-time private key; reverts when the delivery opens what was
    /// demanded. Within one claim window of the delivery.
    function showRubbish(
        DemandId demand,
        uint256 oneTimeKey,
        CurvePoint calldata ephemeral,
        bytes32[] calldata ciphertext
    ) external;

    /// @notice Anyone, once the demand is over: to the operator's bond, or back to the asker.
    function releaseDeposit(DemandId demand) external;

    function demandOf(DemandId demand) external view returns (Demand memory);

    /// @return Ledger time until which the operator can answer, or rubbish can be shown: later by the
    /// time that the operator was suspended since.
    function deadlineOf(DemandId demand) external view returns (uint64);

    /// @return The demand at a place that is open or was answered, or zero. For a chunk, of this asker.
    function demandAtPlace(Place calldata place, address asker) external view returns (DemandId);

    /// @return Of a pseudonym.
    function openDemandsOf(bytes32 pseudonym) external view returns (uint256);

    /// @return Deposits that this contract holds, in units of the token.
    function depositsOf(address token) external view returns (uint256);

    function demandCount() external view returns (uint256);

    /// @param ordinal From 1 to demandCount().
    function demandAt(uint256 ordinal) external view returns (DemandId);

    /// @param from From 1.
    /// @param size At most 100.
    function demandsFrom(uint256 from, uint256 size) external view returns (DemandId[] memory);
}
