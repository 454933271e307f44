// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, MemberId } from "../types/Identifiers.sol";

/// @notice Prices that all parties agree on later for a time that is over. Instants in seconds.
struct Amendment {
    AgreementId agreement;
    /// Whose charges it is about.
    MemberId operator;
    bytes32 root;
    uint64 from;
    /// Not included.
    uint64 until;
    /// When the last party signed; zero while it is only proposed.
    uint64 agreedAt;
    uint8 signatures;
}

/// @title Amendments: what all parties agree on for the past
/// @notice What was committed stays as it was, and right: a charge is judged by the version of the
/// tariff that was in force at its start ({ITariffs}), which no amendment changes. What an amended
/// price asks less becomes a credit for correction in a later batch, what it asks more a charge
/// without a source that no tariff prices (docs/PROTOCOL.md section 4). So an amendment makes no
/// breach and hides none. Where several that are agreed on cover one instant, the last one agreed on
/// counts. Trust: every party of the agreement signs; where an operator pays itself there is none,
/// since its subscribers do not sign.
interface IAmendments {
    event AmendmentProposed(
        uint256 indexed amendment,
        AgreementId indexed agreement,
        MemberId indexed operator,
        bytes32 root,
        uint64 from,
        uint64 until
    );
    event AmendmentSigned(uint256 indexed amendment, MemberId indexed party);
    event AmendmentAgreed(uint256 indexed amendment, uint64 agreedAt);

    error RetailNeverAmended(AgreementId agreement);
    error AmendmentEmpty(uint64 from, uint64 until);
    error AmendmentOfTheFuture(uint64 now_, uint64 until);
    error AmendmentUnknown(uint256 amendment);
    error AmendmentSignedAlready(uint256 amendment, MemberId party);

    /// @notice A party's Govern key proposes and signs.
    /// @param until Not later than this block.
    /// @return amendment Its ordinal, from 1.
    function propose(
        AgreementId agreement,
        MemberId operator,
        bytes32 root,
        uint64 from,
        uint64 until
    ) external returns (uint256 amendment);

    /// @notice A party's Govern key signs.
    function sign(uint256 amendment) external;

    /// @notice Anyone carries a party's signature (EIP-712 type `Amend(uint256 amendment,bytes32 agreement,
    /// bytes20 operator,bytes32 root,uint64 from,uint64 until,bytes20 party,uint64 validUntil)`), made
    /// with its Govern key, which may be a contract.
    /// @param validUntil Block time in seconds.
    function signBySignature(
        uint256 amendment,
        MemberId party,
        uint64 validUntil,
        bytes calldata signature
    ) external;

    function hasSigned(uint256 amendment, MemberId party) external view returns (bool);

    function amendmentCount() external view returns (uint256);

    /// @param amendment From 1 to amendmentCount().
    function amendmentAt(uint256 amendment) external view returns (Amendment memory);

    /// @param from From 1.
    /// @param size At most 100.
    function amendmentsFrom(uint256 from, uint256 size) external view returns (Amendment[] memory);
}
