// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice An organisation on the ledger.
type MemberId is bytes20;

/// @notice What one or more members settle under.
type AgreementId is bytes32;

/// @notice A book; equal to the book's domain (docs/PROTOCOL.md section 2).
type BookId is bytes20;

/// @notice An alleged breach.
type ClaimId is bytes32;

/// @notice A demand for evidence that is withheld.
type DemandId is bytes32;

/// @notice A matter of fact between the parties of an agreement.
type DisputeId is bytes32;

/// @notice One agreement's totals for one range of a book's batches.
type StatementId is bytes32;

/// @notice An amount that a final statement makes payable.
type ObligationId is bytes32;

/// @notice One token's netting cycle.
type CycleId is bytes32;

using { sameMember as ==, otherMember as != } for MemberId global;
using { sameAgreement as ==, otherAgreement as != } for AgreementId global;
using { sameBook as ==, otherBook as != } for BookId global;

MemberId constant NO_MEMBER = MemberId.wrap(bytes20(0));
AgreementId constant NO_AGREEMENT = AgreementId.wrap(bytes32(0));
BookId constant NO_BOOK = BookId.wrap(bytes20(0));

function sameMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) == MemberId.unwrap(b);
}

function otherMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) != MemberId.unwrap(b);
}

function sameAgreement(AgreementId a, AgreementId b) pure returns (bool) {
    return AgreementId.unwrap(a) == AgreementId.unwrap(b);
}

function otherAgreement(AgreementId a, AgreementId b) pure returns (bool) {
    return AgreementId.unwrap(a) != AgreementId.unwrap(b);
}

function sameBook(BookId a, BookId b) pure returns (bool) {
    return BookId.unwrap(a) == BookId.unwrap(b);
}

function otherBook(BookId a, BookId b) pure returns (bool) {
    return BookId.unwrap(a) != BookId.unwrap(b);
}
