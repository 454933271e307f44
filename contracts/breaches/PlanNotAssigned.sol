// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding, OpenedLeaf } from "../interfaces/IBreachJudge.sol";
import { Leaves } from "../libraries/Leaves.sol";
import { TypedData } from "../libraries/TypedData.sol";
import { AccountGroup, BatchPath, ChargeGroup, LeafRest } from "../types/Openings.sol";
import { AssignedPlans, Assignment, AssignmentOpening } from "./AssignedPlans.sol";
import { BreachJudge } from "./BreachJudge.sol";

/// @notice A charge by both its sides, and the subscriber's signature that this may be.
struct ConsentedOpening {
    AccountGroup account;
    ChargeGroup charge;
    bytes32 party;
    uint128 amountNano;
    BatchPath path;
    address disputeAddress;
    bytes32 blind;
    bytes signature;
}

/// @notice One assignment, or two whose ordinals are neighbours, of the subscriber.
struct PlanEvidence {
    ConsentedOpening claimed;
    AssignmentOpening[] assignments;
}

/// @notice A charge was priced by a plan that its subscriber did not have at its start: the assignment
/// that it names is of another plan or time, an assignment of that time is of another plan, or the time
/// lies before the first assignment or between two neighbouring ones.
/// It needs both sides of the charge, which only the subscriber can allow: the pseudonym's own key
/// signs `Consent(bytes20 book,uint64 sequence,uint32 leafIndex)` (EIP-712, or ERC-1271 for a contract)
/// for the contract of books. Evidence: a `PlanEvidence`. What another plan would have asked the
/// ledger does not see: nothing is owed, the arbiter decides the amount.
contract PlanNotAssigned is AssignedPlans {
    using Leaves for AccountGroup;
    using Leaves for ChargeGroup;

    bytes32 private constant CONSENT_TYPEHASH = keccak256(
        "Consent(bytes20 book,uint64 sequence,uint32 leafIndex)"
    );

    constructor(IBooks books_) BreachJudge(books_) {}

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        PlanEvidence memory shown = abi.decode(evidence, (PlanEvidence));
        ConsentedOpening memory claimed = shown.claimed;
        LeafRest memory rest = LeafRest({
            account: claimed.account.digest(),
            party: claimed.party,
            amountNano: claimed.amountNano
        });
        finding.leaf = Leaves.leaf(allegation.book, claimed.charge.digest(), rest);
        finding.salt = claimed.charge.salt;
        finding.amountNano = claimed.amountNano;
        finding.opened = new OpenedLeaf[](0);
        _requireLeaf(
            allegation.book,
            allegation.sequence,
            allegation.leafIndex,
            finding.leaf,
            claimed.path
        );
        _requireConsent(allegation, claimed);
        (uint32 plan, uint64 ordinal) = _planNamedBy(claimed.charge);
        uint256 count = shown.assignments.length;
        require(count == 1 || count == 2, EvidenceUnfit("assignments"));
        Assignment[] memory assigned = new Assignment[](count);
        for (uint256 i = 0; i < count; ++i) {
            assigned[i] = _assignmentAt(allegation, shown.assignments[i], finding);
            require(
                shown.assignments[i].account.pseudonym == claimed.account.pseudonym,
                BreachNotShown("pseudonym")
            );
        }
        uint64 start = claimed.charge.start;
        require(
            count == 1
                ? _isOther(plan, ordinal, start, assigned[0])
                : _isBetween(start, assigned[0], assigned[1]),
            BreachNotShown("plan")
        );
        finding.proven = true;
    }

    function restores() external pure override returns (bool) {
        return false;
    }

    function _requireConsent(
        Allegation calldata allegation,
        ConsentedOpening memory claimed
    ) private view {
        address signer = claimed.disputeAddress;
        require(
            Leaves.pseudonym(allegation.book, signer, claimed.blind) == claimed.account.pseudonym,
            EvidenceUnfit("pseudonym")
        );
        bytes32 digest = TypedData.digest(
            "Tallystick Consents",
            address(books),
            keccak256(
                abi.encode(
                    CONSENT_TYPEHASH,
                    allegation.book,
                    allegation.sequence,
                    allegation.leafIndex
                )
            )
        );
        require(
            SignatureChecker.isValidSignatureNow(signer, digest, claimed.signature),
            ConsentMissing(signer)
        );
    }

    function _isOther(
        uint32 plan,
        uint64 ordinal,
        uint64 start,
        Assignment memory assigned
    ) private pure returns (bool) {
        bool isHeld = assigned.from <= start && start < assigned.to;
        if (assigned.ordinal == ordinal) return !isHeld || plan != assigned.plan;
        if (assigned.ordinal == 1 && start < assigned.from) return true;
        return isHeld && plan != assigned.plan;
    }

    function _isBetween(
        uint64 start,
        Assignment memory a,
        Assignment memory b
    ) private pure returns (bool) {
        return uint256(a.ordinal) + 1 == b.ordinal && a.to <= start && start < b.from;
    }
}
