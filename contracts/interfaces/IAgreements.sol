// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId } from "../types/Identifiers.sol";

/// @notice An operator that may open books under an agreement, and who pays what they state. In retail
/// the payer is the operator itself, in interconnect the other operator.
struct Side {
    MemberId operator;
    MemberId payer;
}

/// @notice What one party gets of a statement: a fixed fee, and a share. All in nano-units.
struct Share {
    MemberId party;
    uint128 fixedNano;
    uint32 partsPerMillion;
    /// It gets at least so much, as far as the remainder reaches.
    uint128 minimumNano;
    /// It gets at most so much; zero for no maximum.
    uint128 maximumNano;
}

/// @notice Fixed fees first, in order; then the parts per million of what is left, each rounded down
/// to nano-units; none gets more than its maximum; then what is below its minimum is filled up, in
/// order; the rest to `remainder`. Splits are numbered from 1 by their place in the terms.
struct Split {
    MemberId remainder;
    Share[] shares;
}

/// @notice What both sides call one period, so that they count the same calls in it. Statements follow
/// the sequence of batches; the period is what the readable bill, the comparison of two sides'
/// records and allowances follow.
struct Period {
    /// IANA name in ASCII, filled up with zeros; in it days and months begin.
    bytes32 zone;
    /// Days of that zone, counted from the day on which the agreement came into force; zero
    /// for calendar months.
    uint16 lengthDays;
    /// Whether a call belongs to the period in which it ends, else to the one in which it starts.
    bool byEnd;
    /// Whether every operator closes a period before any of them shows its records of it.
    bool closedByBoth;
}

/// @notice By how much the totals of two sides may differ for one service and direction before it is
/// a matter of dispute: by either measure, whichever allows more.
struct Tolerance {
    /// As in a charge (docs/PROTOCOL.md section 4).
    uint8 service;
    /// 0 none, 1 outgoing, 2 incoming, 3 forwarded.
    uint8 direction;
    /// Of the greater total.
    uint32 partsPerMillion;
    /// In nano-units of the currency.
    uint128 absoluteNano;
    /// What is paid within it: 1 the biller's total, 2 the payer's, 3 the lower one, 4 the middle,
    /// rounded down to a nano-unit.
    uint8 pays;
}

/// @notice Seconds of ledger time, but `tariffNotice`: seconds of block time.
struct Windows {
    /// How long a statement can be objected to.
    uint32 challenge;
    /// How long an operator has to answer a claim, and then the finder to open it.
    uint32 claim;
    /// How old a record may be when it is committed.
    uint32 recordAgeMax;
    /// How long an operator has to credit what it owes for a claim.
    uint32 credit;
    /// How long before its start a new version of a tariff has to be published.
    uint32 tariffNotice;
    /// How long an operator has to answer a demand for evidence.
    uint32 demand;
    /// How long each step of a bilateral dispute may take, and how long a side that has not closed a
    /// period can hold the others up.
    uint32 dispute;
    /// How long the payer has to pay after a statement is final; zero for at once.
    uint32 payment;
}

/// @notice Stakes in units of the token; the cap in nano-units of the currency.
struct Stakes {
    /// What an operator may not take out of its bond.
    uint128 bondMin;
    /// From the operator's bond to the finder of a proven breach.
    uint128 bounty;
    /// From the operator's bond to the fund for a proven breach.
    uint128 penalty;
    /// The most that an operator's silence concedes of one claim.
    uint128 concessionCapNano;
    /// From the operator's bond to the finder of a claim that was conceded; at most the bounty.
    uint128 concessionFee;
}

struct Terms {
    MemberId[] parties;
    Side[] sides;
    Split[] splits;
    /// Each service and direction once; none tolerates no difference.
    Tolerance[] tolerances;
    Period period;
    /// ISO 4217 code in ASCII.
    bytes3 currency;
    /// One unit of currency is 10 to the power of the token's decimals.
    address token;
    MemberId arbiter;
    /// Whether obligations go into a netting cycle, else they are paid one by one.
    bool netted;
    Windows windows;
    Stakes stakes;
}

/// @notice What an agreement of an operator with itself has to keep to, since no counterparty looks after
/// the subscriber. A bound of zero binds nothing.
struct RetailBounds {
    Windows least;
    Windows most;
    Stakes leastStakes;
    /// Who has to be the arbiter.
    MemberId arbiter;
}

/// @title What members settle under
/// @notice Terms never change once proposed; a new agreement replaces an old one. It is in force when
/// every party has signed with its Govern key, or by EIP-712 (ERC-1271 for a key that is a contract),
/// and until a party's notice has run out: then it takes no new book and no new tariff, and what was
/// committed is still settled. Trust: the governor says which tokens may be used, and sets the bounds
/// of retail agreements that are proposed from then on; it changes no agreement.
interface IAgreements {
    event TokenAllowed(address indexed token, uint8 decimals);
    event TokenRefused(address indexed token);
    event AgreementProposed(
        AgreementId indexed agreement,
        MemberId indexed proposer,
        bytes32 termsHash,
        Terms terms
    );
    event AgreementSigned(AgreementId indexed agreement, MemberId indexed party);
    event AgreementInForce(AgreementId indexed agreement);
    event TerminationAnnounced(
        AgreementId indexed agreement,
        MemberId indexed party,
        uint64 endsAt
    );
    event RetailBoundsSet(RetailBounds bounds);

    error TokenNotAllowed(address token);
    error TermsUnusable(bytes32 field, uint256 value);
    error PartyUnusable(MemberId member);
    error ArbiterUnusable(MemberId member);
    error AgreementUnknown(AgreementId agreement);
    error AgreementNotInForce(AgreementId agreement);
    error NotAParty(AgreementId agreement, MemberId member);
    error AlreadySigned(AgreementId agreement, MemberId party);
    error OutsideRetailBounds(bytes32 field, uint256 value);
    error SignatureExpired(uint64 validUntil);
    error SignatureInvalid(MemberId party);
    error TerminationAnnouncedAlready(AgreementId agreement, uint64 endsAt);
    error SplitUnknown(AgreementId agreement, uint32 split);

    /// @notice Governor: allows an ERC-20 whose decimals never change and whose transfers neither take
    /// a fee nor rebase. Both are checked again whenever money moves.
    function allowToken(address token) external;

    /// @notice Governor: no new agreement may use the token; agreements in force keep it.
    function refuseToken(address token) external;

    /// @notice Proposes terms and signs them for the sender's member (Govern key).
    /// @return agreement The first proposal of these terms and the next one have different ids.
    function propose(Terms calldata terms) external returns (AgreementId agreement);

    /// @notice Signs for the sender's member (Govern key).
    function sign(AgreementId agreement) external;

    /// @notice Anyone carries a party's signature (EIP-712 type `Agree(bytes32 agreement,bytes20 party,
    /// uint64 validUntil)`), made with its Govern key, which may be a contract.
    /// @param validUntil Block time in seconds.
    function signBySignature(
        AgreementId agreement,
        MemberId party,
        uint64 validUntil,
        bytes calldata signature
    ) external;

    /// @notice The sender's member (Govern key), a party, gives notice of thirty days of block time.
    function announceTermination(AgreementId agreement) external;

    /// @notice Governor: for retail agreements that are proposed from now on.
    function setRetailBounds(RetailBounds calldata bounds) external;

    function retailBounds() external view returns (RetailBounds memory);

    /// @return Block time in seconds; zero when no notice was given.
    function endOf(AgreementId agreement) external view returns (uint64);

    function isInForce(AgreementId agreement) external view returns (bool);

    function hasSigned(AgreementId agreement, MemberId party) external view returns (bool);

    function isParty(AgreementId agreement, MemberId member) external view returns (bool);

    /// @return The member that pays what this operator's books state, zero if it has no side.
    function payerOf(AgreementId agreement, MemberId operator) external view returns (MemberId);

    function partiesOf(AgreementId agreement) external view returns (MemberId[] memory);

    function sidesOf(AgreementId agreement) external view returns (Side[] memory);

    function termsOf(AgreementId agreement) external view returns (Terms memory);

    function windowsOf(AgreementId agreement) external view returns (Windows memory);

    function stakesOf(AgreementId agreement) external view returns (Stakes memory);

    function periodOf(AgreementId agreement) external view returns (Period memory);

    function tolerancesOf(AgreementId agreement) external view returns (Tolerance[] memory);

    function isNetted(AgreementId agreement) external view returns (bool);

    function arbiterOf(AgreementId agreement) external view returns (MemberId);

    function currencyOf(AgreementId agreement) external view returns (bytes3);

    /// @return token The ERC-20 and its decimals as they were when it was allowed.
    function tokenOf(AgreementId agreement) external view returns (address token, uint8 decimals);

    /// @return Its decimals when it was allowed; reverts for a token that never was.
    function decimalsOf(address token) external view returns (uint8);

    /// @param number From 1, or what wholeSplitOf says; reverts with SplitUnknown.
    function splitOf(AgreementId agreement, uint32 number) external view returns (Split memory);

    /// @return The number of the split that gives all of an amount to an operator with a side, as taxes
    /// need it. It stands in no terms.
    function wholeSplitOf(AgreementId agreement, MemberId operator) external view returns (uint32);

    function tokenCount() external view returns (uint256);

    /// @notice Tokens that were ever allowed, in the order in which they were.
    /// @param ordinal From 1 to tokenCount().
    function tokenAt(
        uint256 ordinal
    ) external view returns (address token, bool allowed, uint8 decimals);

    function agreementCount() external view returns (uint256);

    /// @param ordinal From 1 to agreementCount().
    function agreementAt(uint256 ordinal) external view returns (AgreementId);

    /// @param from From 1.
    /// @param size At most 100.
    function agreementsFrom(
        uint256 from,
        uint256 size
    ) external view returns (AgreementId[] memory);
}
