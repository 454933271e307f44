// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements, Side } from "./interfaces/IAgreements.sol";
import { Amendment, IAmendments } from "./interfaces/IAmendments.sol";
import { IBooks } from "./interfaces/IBooks.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ITariffs } from "./interfaces/ITariffs.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {IAmendments}.
contract Amendments is IAmendments, MemberGated, EIP712 {
    bytes32 private constant AMEND_TYPEHASH = keccak256(
        "Amend(uint256 amendment,bytes32 agreement,bytes20 operator,bytes32 root,uint64 from,"
        "uint64 until,bytes20 party,uint64 validUntil)"
    );

    IAgreements public immutable agreements;

    Amendment[] private _amendments;
    mapping(uint256 amendment => mapping(MemberId party => bool)) private _signed;

    constructor(
        IMembers members_,
        IAgreements agreements_
    ) MemberGated(members_) EIP712("Tallystick Amendments", "1") {
        agreements = agreements_;
    }

    /// @inheritdoc IAmendments
    function propose(
        AgreementId agreement,
        MemberId operator,
        bytes32 root,
        uint64 from,
        uint64 until
    ) external returns (uint256 amendment) {
        MemberId party = _activeSenderHolding(Duty.Govern);
        require(agreements.isInForce(agreement), IAgreements.AgreementNotInForce(agreement));
        require(
            agreements.payerOf(agreement, operator) != NO_MEMBER,
            IBooks.OperatorHasNoSide(agreement, operator)
        );
        _requireNoRetail(agreement);
        require(root != bytes32(0), ITariffs.TariffRootEmpty());
        require(from < until, AmendmentEmpty(from, until));
        require(until <= block.timestamp, AmendmentOfTheFuture(uint64(block.timestamp), until));
        _amendments.push(Amendment(agreement, operator, root, from, until, 0, 0));
        amendment = _amendments.length;
        emit AmendmentProposed(amendment, agreement, operator, root, from, until);
        _sign(amendment, party);
    }

    /// @inheritdoc IAmendments
    function sign(uint256 amendment) external {
        _sign(amendment, _activeSenderHolding(Duty.Govern));
    }

    /// @inheritdoc IAmendments
    function signBySignature(
        uint256 amendment,
        MemberId party,
        uint64 validUntil,
        bytes calldata signature
    ) external {
        require(block.timestamp <= validUntil, IAgreements.SignatureExpired(validUntil));
        require(members.isActive(party), IMembers.MemberIsSuspended(party));
        Amendment storage stored = _known(amendment);
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    AMEND_TYPEHASH,
                    amendment,
                    stored.agreement,
                    stored.operator,
                    stored.root,
                    stored.from,
                    stored.until,
                    party,
                    validUntil
                )
            )
        );
        address key = members.detailsOf(party).keys.govern;
        require(
            SignatureChecker.isValidSignatureNow(key, digest, signature),
            IAgreements.SignatureInvalid(party)
        );
        _sign(amendment, party);
    }

    /// @inheritdoc IAmendments
    function hasSigned(uint256 amendment, MemberId party) external view returns (bool) {
        return _signed[amendment][party];
    }

    /// @inheritdoc IAmendments
    function amendmentCount() external view returns (uint256) {
        return _amendments.length;
    }

    /// @inheritdoc IAmendments
    function amendmentAt(uint256 amendment) external view returns (Amendment memory) {
        return _known(amendment);
    }

    /// @inheritdoc IAmendments
    function amendmentsFrom(
        uint256 from,
        uint256 size
    ) external view returns (Amendment[] memory found) {
        found = new Amendment[](Pages.lengthOf(_amendments.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _amendments[from - 1 + i];
    }

    function _sign(uint256 amendment, MemberId party) private {
        Amendment storage stored = _known(amendment);
        AgreementId agreement = stored.agreement;
        require(agreements.isParty(agreement, party), IAgreements.NotAParty(agreement, party));
        require(!_signed[amendment][party], AmendmentSignedAlready(amendment, party));
        _signed[amendment][party] = true;
        stored.signatures += 1;
        emit AmendmentSigned(amendment, party);
        if (stored.signatures == agreements.partiesOf(agreement).length) {
            stored.agreedAt = uint64(block.timestamp);
            emit AmendmentAgreed(amendment, stored.agreedAt);
        }
    }

    function _requireNoRetail(AgreementId agreement) private view {
        Side[] memory sides = agreements.sidesOf(agreement);
        for (uint256 i = 0; i < sides.length; ++i) {
            require(sides[i].operator != sides[i].payer, RetailNeverAmended(agreement));
        }
    }

    function _known(uint256 amendment) private view returns (Amendment storage) {
        require(amendment > 0 && amendment <= _amendments.length, AmendmentUnknown(amendment));
        return _amendments[amendment - 1];
    }
}
