// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, BookId, MemberId } from "../types/Identifiers.sol";

/// @notice Where a breach is alleged, and whose book that is.
struct Allegation {
    BookId book;
    uint64 sequence;
    uint32 leafIndex;
    MemberId operator;
    AgreementId agreement;
}

/// @notice Which side of a leaf became visible.
enum Opened {
    Nothing,
    /// Whose charge it is.
    Account,
    /// What was used.
    Usage
}

struct OpenedLeaf {
    BookId book;
    uint64 sequence;
    uint32 leafIndex;
    Opened side;
}

/// @notice What the evidence shows. Amounts in nano-units.
struct Finding {
    /// False: the leaf is as it should be, and no evidence can show otherwise.
    bool proven;
    /// What the leaf at the place asks.
    uint128 amountNano;
    /// What its owner gets back.
    uint128 owedNano;
    /// The leaf at the place, and the salt of what was opened there: who claimed knew both.
    bytes32 leaf;
    bytes32 salt;
    OpenedLeaf[] opened;
}

/// @title One kind of breach that the ledger decides alone
/// @notice Stateless: it compares evidence with what the books keep. It reverts when the evidence does
/// not lead to the kept seals (`SealMismatch`) or shows no breach (`BreachNotShown`); it finds "not
/// proven" only where no other evidence about the same place could prove it. Trust: nobody controls a
/// judge, and the one that is registered for a kind stays.
interface IBreachJudge {
    error SealMismatch(BookId book, uint64 sequence, bytes32 kept, bytes32 opened);
    error BreachNotShown(bytes32 field);
    error EvidenceUnfit(bytes32 field);
    /// @notice The pseudonym's own key did not agree that both sides of the charge are shown.
    error ConsentMissing(address disputeAddress);
    error SignatureNotOfOperator(address signer);

    /// @param evidence ABI-encoded; its shape is in the judge's contract.
    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory);

    /// @return Whether a place in a book of this kind (1 charges, 2 credits, 3 invoices, 4 taxes) can
    /// be alleged.
    function judgesBooksOf(uint8 bookKind) external pure returns (bool);

    /// @return Whether something is owed to the charge's owner. Only then is the operator asked first
    /// whether it concedes; else the evidence can be opened at once.
    function restores() external pure returns (bool);
}
