// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, ClaimId, MemberId } from "../types/Identifiers.sol";
import { IBreachJudge } from "./IBreachJudge.sol";
import { BatchPath, ChargeGroup, CreditGroup, LeafRest } from "../types/Openings.sol";
import { PriceEvidence } from "../types/Rows.sol";

enum ClaimState {
    None,
    /// Waits for the operator's answer.
    Claimed,
    /// The operator owes a credit because it said so, or said nothing.
    Conceded,
    /// Waits for evidence, or for the arbiter.
    Contested,
    /// The operator owes a credit because the ledger or the arbiter found so.
    Proven,
    /// The charge is as it should be.
    Refuted,
    /// Nothing came of it; whoever has evidence may claim again.
    Lapsed,
    /// The credit stands in the operator's book, or none was due.
    Settled
}

/// @notice A breach that somebody alleges, by its place. Amounts in nano-units.
struct Request {
    /// 100 is a matter of fact, which the agreement's arbiter decides; for any other kind the judge
    /// that is registered for it decides (docs/CONTRACTS.md lists them; 1 is a mispriced charge).
    uint8 kind;
    BookId book;
    uint64 sequence;
    uint32 leafIndex;
    /// The whole of what is owed; zero for kinds that restore nothing.
    uint128 claimedNano;
    /// H(0B, v, finder[20], leaf[32], salt[32]) with the leaf at the place and the salt of what the
    /// evidence opens there: it shows that the finder held the evidence, and tells nobody else any of
    /// it. For a matter of fact, a digest of what the arbiter is shown.
    bytes32 evidenceHash;
}

struct Claim {
    Request request;
    ClaimState state;
    MemberId operator;
    AgreementId agreement;
    address finder;
    /// Ledger time until which the next step can be taken, if the operator is not suspended meanwhile
    /// (see deadlineOf).
    uint64 deadline;
    /// What the operator owes as a credit for this claim.
    uint128 dueNano;
    bool overdue;
    /// Whether the operator's silence concedes: see IClaims.
    bool hasStanding;
    /// Whether the operator owned up to it, by word or by silence; stays so when it is settled.
    bool conceded;
}

/// @notice What opens one charge to price it again: never its account group, never its party group.
struct MispricedEvidence {
    ChargeGroup charge;
    LeafRest rest;
    BatchPath path;
    PriceEvidence price;
}

/// @notice A credit in a book of credits.
struct CreditEvidence {
    BookId book;
    uint64 sequence;
    uint32 leafIndex;
    CreditGroup credit;
    LeafRest rest;
    BatchPath path;
}

/// @title Claims: allege, concede or contest, open, credit
/// @notice A claim shows nothing but a place. Only when the operator contests it is the charge opened,
/// by anyone who holds the evidence, and the ledger prices it again by the tariff in force at its
/// start. Silence concedes, up to the agreement's cap, to whoever has standing when it claims: a subscriber
/// that has shown a pseudonym ({IStandings}) or a party of the agreement, with at most 32 claims that wait
/// for an answer. Towards anybody else silence concedes nothing: the claim waits for evidence, or lapses as
/// a matter of fact; so nobody can flood an operator with what it would have to answer. Each place is decided once for each kind; what
/// earlier claims made due there is deducted, and kinds together never make more due than the charge
/// asks. What is due is owed as a credit that names the claim. Kinds that restore nothing are open at
/// once. Windows stand still while the operator is suspended.
/// Of one charge the account group and the charge group are never both opened, in however many claims;
/// what would need both goes to the arbiter. `party` is never opened.
/// Trust: nobody votes; only matters of fact go to the agreement's arbiter. The governor registers the
/// judges of new kinds and can neither replace nor remove one. The ledger can not see to whom a
/// credit's pseudonym belongs: the subscriber checks that its own account got it.
interface IClaims {
    event JudgeRegistered(uint8 indexed kind, IBreachJudge judge);
    event ClaimLodged(
        ClaimId indexed claim,
        BookId indexed book,
        address indexed finder,
        Request request,
        bool hasStanding,
        uint64 answerBy
    );
    event ClaimConceded(ClaimId indexed claim, uint128 dueNano, bool bySilence, uint64 creditBy);
    event ClaimContested(ClaimId indexed claim, uint64 openBy);
    event ClaimProven(
        ClaimId indexed claim,
        uint128 chargedNano,
        uint128 priceNano,
        uint128 dueNano,
        uint64 creditBy
    );
    event ClaimDecided(ClaimId indexed claim, uint128 dueNano, uint64 creditBy);
    event ClaimRefuted(ClaimId indexed claim);
    event ClaimLapsed(ClaimId indexed claim);
    event ClaimSettled(
        ClaimId indexed claim,
        BookId creditBook,
        uint64 creditSequence,
        uint32 creditIndex,
        uint128 creditedNano
    );
    event CreditOverdue(ClaimId indexed claim, uint128 dueNano);

    error ClaimKindUnknown(uint8 kind);
    error ClaimKindTaken(uint8 kind);
    error ClaimKindWrong(ClaimId claim, uint8 kind);
    error ClaimAmountEmpty();
    error ClaimAmountNotDue(uint8 kind);
    error EvidenceNotOfFinder(ClaimId claim, bytes32 named, bytes32 shown);
    error GroupsTogether(BookId book, uint64 sequence, uint32 leafIndex);
    error PlaceUnusable(BookId book, uint64 sequence, uint32 leafIndex);
    error PlaceDecided(uint8 kind, BookId book, uint64 sequence, uint32 leafIndex);
    error NothingLeftToClaim(uint128 claimedNano, uint128 alreadyDueNano);
    error ClaimStateWrong(ClaimId claim, ClaimState state);
    error DeadlinePassed(ClaimId claim, uint64 deadline, uint64 ledgerTime);
    error DeadlineNotPassed(ClaimId claim, uint64 deadline, uint64 ledgerTime);
    error NotTheOperator(ClaimId claim, address sender);
    error NotTheArbiter(ClaimId claim, address sender);
    error SealMismatch(BookId book, uint64 sequence, bytes32 kept, bytes32 opened);
    error SignatureExpired(uint64 validUntil);
    error SignatureInvalid(address finder);
    error CreditUnfit(ClaimId claim, bytes32 field);
    error ClaimsTooMany(uint256 count, uint256 most);
    error DecisionAboveClaim(uint128 claimedNano, uint128 decidedNano);

    /// @notice Anyone lodges a claim; bounties go to the sender.
    function claim(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex,
        uint128 claimedNano,
        bytes32 evidenceHash
    ) external returns (ClaimId);

    /// @notice Anyone carries a claim that the finder signed (EIP-712, or ERC-1271 for a contract);
    /// bounties go to the finder. The signature is good for one chain, contract and nonce.
    /// @param validUntil Block time in seconds.
    function claimBySignature(
        Request calldata request,
        address finder,
        uint256 nonce,
        uint64 validUntil,
        bytes calldata signature
    ) external returns (ClaimId);

    /// @notice The operator (Commit or Settle key, suspended or not) owes what is claimed.
    function concede(ClaimId id) external;

    /// @notice The operator denies; the evidence can be opened from now on.
    function contest(ClaimId id) external;

    /// @notice As `contest`, for many; all or none.
    function contestMany(ClaimId[] calldata ids) external;

    /// @notice Anyone, when the operator did not answer in time: it owes what is claimed, at most the
    /// agreement's cap. A claim without standing is contested instead, or lapses as a matter of fact.
    function concludeSilence(ClaimId id) external;

    /// @notice Governor: names who judges a kind, once and for good.
    function registerJudge(uint8 kind, IBreachJudge judge) external;

    /// @notice Anyone shows the evidence of a claim that is contested or needs no answer. Reverts when
    /// it does not lead to the seals that the books keep, is not what the finder named, or is not for
    /// the ledger to decide; else the claim is proven or refuted for good.
    /// @param evidence ABI-encoded in the shape of the kind's judge (contracts/breaches).
    function open(ClaimId id, bytes calldata evidence) external;

    /// @notice As `open` for kind 1, with its evidence by name.
    function openMispriced(ClaimId id, MispricedEvidence calldata evidence) external;

    /// @notice The arbiter (Settle key) decides a contested matter of fact; zero refutes it.
    function decide(ClaimId id, uint128 dueNano) external;

    /// @notice Anyone, when nobody opened a contested charge in time.
    function lapse(ClaimId id) external;

    /// @notice Anyone shows the credit that the operator committed for the claim.
    function settleByCredit(ClaimId id, CreditEvidence calldata evidence) external;

    /// @notice Anyone, once, when the credit was not shown in time. The credit stays due.
    function markOverdue(ClaimId id) external;

    function claimOf(ClaimId id) external view returns (Claim memory);

    /// @return Ledger time until which the next step can be taken: the claim's deadline, later by the
    /// time that the operator was suspended since it was set.
    function deadlineOf(ClaimId id) external view returns (uint64);

    /// @return Zero when the kind has none.
    function judgeOf(uint8 kind) external view returns (IBreachJudge);

    /// @return What earlier claims of this kind made due at a place.
    function dueAt(
        uint8 kind,
        BookId book,
        uint64 sequence,
        uint32 leafIndex
    ) external view returns (uint128);

    function claimCount() external view returns (uint256);

    /// @param ordinal From 1 to claimCount().
    function claimAt(uint256 ordinal) external view returns (ClaimId);

    /// @param from From 1.
    /// @param size At most 100.
    function claimsFrom(uint256 from, uint256 size) external view returns (ClaimId[] memory);
}
