// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { MemberGated } from "./MemberGated.sol";
import { TermsRules } from "./TermsRules.sol";
import {
    IAgreements,
    Period,
    RetailBounds,
    Share,
    Side,
    Split,
    Stakes,
    Terms,
    Tolerance,
    Windows
} from "./interfaces/IAgreements.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { AgreementTerms } from "./libraries/AgreementTerms.sol";
import { Pages } from "./libraries/Pages.sol";
import { AgreementId, MemberId, NO_MEMBER } from "./types/Identifiers.sol";
import { ROLE_ARBITER, ROLE_OPERATOR } from "./types/Roles.sol";

/// @notice What it promises, and whom it trusts, is written in {IAgreements}.
contract Agreements is IAgreements, MemberGated, AccessManaged, EIP712 {
    uint256 private constant TOKEN_DECIMALS_MAX = 18;
    uint64 private constant TERMINATION_NOTICE = 30 days;
    /// @dev Splits above are those that give all to the operator of a side, in the order of the sides.
    uint32 private constant WHOLE_SPLITS = 1 << 31;
    bytes32 private constant AGREE_TYPEHASH = keccak256(
        "Agree(bytes32 agreement,bytes20 party,uint64 validUntil)"
    );

    struct AllowedToken {
        bool known;
        bool allowed;
        uint8 decimals;
    }

    struct Agreement {
        bool inForce;
        uint8 signatures;
        uint64 endsAt;
        Terms terms;
        mapping(MemberId party => bool) signed;
        mapping(MemberId operator => MemberId) payer;
    }

    /// @notice Made with this contract, so that nobody can put others in their place.
    TermsRules public immutable rules;

    mapping(AgreementId agreement => Agreement) private _agreements;
    mapping(address token => AllowedToken) private _tokens;
    address[] private _tokenList;
    AgreementId[] private _proposed;
    RetailBounds private _retailBounds;

    constructor(
        IMembers members_,
        address authority
    ) MemberGated(members_) AccessManaged(authority) EIP712("Tallystick Agreements", "1") {
        rules = new TermsRules();
    }

    /// @inheritdoc IAgreements
    function allowToken(address token) external restricted {
        uint8 decimals = IERC20Metadata(token).decimals();
        require(decimals <= TOKEN_DECIMALS_MAX, TermsUnusable("token decimals", decimals));
        // Balances elsewhere are counted in these decimals: they never change.
        require(
            !_tokens[token].known || _tokens[token].decimals == decimals,
            TermsUnusable("token decimals", decimals)
        );
        if (!_tokens[token].known) _tokenList.push(token);
        _tokens[token] = AllowedToken({ known: true, allowed: true, decimals: decimals });
        emit TokenAllowed(token, decimals);
    }

    /// @inheritdoc IAgreements
    function refuseToken(address token) external restricted {
        require(_tokens[token].allowed, TokenNotAllowed(token));
        _tokens[token].allowed = false;
        emit TokenRefused(token);
    }

    /// @inheritdoc IAgreements
    function propose(Terms calldata terms) external returns (AgreementId agreement) {
        MemberId proposer = _activeSenderHolding(Duty.Govern);
        require(_tokens[terms.token].allowed, TokenNotAllowed(terms.token));
        rules.requireUsable(terms, _retailBounds);
        _requireMembers(terms);

        bytes32 termsHash = keccak256(abi.encode(terms));
        uint256 ordinal = _proposed.length + 1;
        agreement = AgreementId.wrap(
            keccak256(abi.encode(block.chainid, this, ordinal, proposer, termsHash))
        );
        require(AgreementTerms.isParty(terms.parties, proposer), NotAParty(agreement, proposer));
        _proposed.push(agreement);
        Agreement storage stored = _agreements[agreement];
        stored.terms = terms;
        for (uint256 i = 0; i < terms.sides.length; ++i) {
            stored.payer[terms.sides[i].operator] = terms.sides[i].payer;
        }
        emit AgreementProposed(agreement, proposer, termsHash, terms);
        _sign(agreement, proposer);
    }

    /// @inheritdoc IAgreements
    function sign(AgreementId agreement) external {
        _sign(agreement, _activeSenderHolding(Duty.Govern));
    }

    /// @inheritdoc IAgreements
    function signBySignature(
        AgreementId agreement,
        MemberId party,
        uint64 validUntil,
        bytes calldata signature
    ) external {
        require(block.timestamp <= validUntil, SignatureExpired(validUntil));
        require(members.isActive(party), IMembers.MemberIsSuspended(party));
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(AGREE_TYPEHASH, agreement, party, validUntil))
        );
        address key = members.detailsOf(party).keys.govern;
        require(
            SignatureChecker.isValidSignatureNow(key, digest, signature),
            SignatureInvalid(party)
        );
        _sign(agreement, party);
    }

    /// @inheritdoc IAgreements
    function announceTermination(AgreementId agreement) external {
        MemberId party = _senderHolding(Duty.Govern);
        require(isParty(agreement, party), NotAParty(agreement, party));
        Agreement storage stored = _agreements[agreement];
        require(stored.inForce, AgreementNotInForce(agreement));
        require(stored.endsAt == 0, TerminationAnnouncedAlready(agreement, stored.endsAt));
        stored.endsAt = uint64(block.timestamp) + TERMINATION_NOTICE;
        emit TerminationAnnounced(agreement, party, stored.endsAt);
    }

    /// @inheritdoc IAgreements
    function setRetailBounds(RetailBounds calldata bounds) external restricted {
        _retailBounds = bounds;
        emit RetailBoundsSet(bounds);
    }

    /// @inheritdoc IAgreements
    function retailBounds() external view returns (RetailBounds memory) {
        return _retailBounds;
    }

    /// @inheritdoc IAgreements
    function endOf(AgreementId agreement) external view returns (uint64) {
        return _agreements[agreement].endsAt;
    }

    /// @inheritdoc IAgreements
    function isInForce(AgreementId agreement) external view returns (bool) {
        Agreement storage stored = _agreements[agreement];
        return stored.inForce && (stored.endsAt == 0 || block.timestamp < stored.endsAt);
    }

    /// @inheritdoc IAgreements
    function hasSigned(AgreementId agreement, MemberId party) external view returns (bool) {
        return _agreements[agreement].signed[party];
    }

    /// @inheritdoc IAgreements
    function isParty(AgreementId agreement, MemberId member) public view returns (bool) {
        MemberId[] storage parties = _known(agreement).parties;
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i] == member) return true;
        }
        return false;
    }

    /// @inheritdoc IAgreements
    function payerOf(AgreementId agreement, MemberId operator) external view returns (MemberId) {
        return _agreements[agreement].payer[operator];
    }

    /// @inheritdoc IAgreements
    function partiesOf(AgreementId agreement) external view returns (MemberId[] memory) {
        return _known(agreement).parties;
    }

    /// @inheritdoc IAgreements
    function sidesOf(AgreementId agreement) external view returns (Side[] memory) {
        return _known(agreement).sides;
    }

    /// @inheritdoc IAgreements
    function termsOf(AgreementId agreement) external view returns (Terms memory) {
        return _known(agreement);
    }

    /// @inheritdoc IAgreements
    function windowsOf(AgreementId agreement) external view returns (Windows memory) {
        return _known(agreement).windows;
    }

    /// @inheritdoc IAgreements
    function stakesOf(AgreementId agreement) external view returns (Stakes memory) {
        return _known(agreement).stakes;
    }

    /// @inheritdoc IAgreements
    function periodOf(AgreementId agreement) external view returns (Period memory) {
        return _known(agreement).period;
    }

    /// @inheritdoc IAgreements
    function tolerancesOf(AgreementId agreement) external view returns (Tolerance[] memory) {
        return _known(agreement).tolerances;
    }

    /// @inheritdoc IAgreements
    function isNetted(AgreementId agreement) external view returns (bool) {
        return _known(agreement).netted;
    }

    /// @inheritdoc IAgreements
    function arbiterOf(AgreementId agreement) external view returns (MemberId) {
        return _known(agreement).arbiter;
    }

    /// @inheritdoc IAgreements
    function currencyOf(AgreementId agreement) external view returns (bytes3) {
        return _known(agreement).currency;
    }

    /// @inheritdoc IAgreements
    function tokenOf(AgreementId agreement) external view returns (address token, uint8 decimals) {
        token = _known(agreement).token;
        decimals = _tokens[token].decimals;
    }

    /// @inheritdoc IAgreements
    function decimalsOf(address token) external view returns (uint8) {
        require(_tokens[token].known, TokenNotAllowed(token));
        return _tokens[token].decimals;
    }

    /// @inheritdoc IAgreements
    function splitOf(AgreementId agreement, uint32 number) external view returns (Split memory) {
        Terms storage terms = _known(agreement);
        if (number > WHOLE_SPLITS && number - WHOLE_SPLITS <= terms.sides.length) {
            MemberId operator = terms.sides[number - WHOLE_SPLITS - 1].operator;
            return Split({ remainder: operator, shares: new Share[](0) });
        }
        Split[] storage splits = terms.splits;
        require(number > 0 && number <= splits.length, SplitUnknown(agreement, number));
        return splits[number - 1];
    }

    /// @inheritdoc IAgreements
    function wholeSplitOf(AgreementId agreement, MemberId operator) external view returns (uint32) {
        Side[] storage sides = _known(agreement).sides;
        for (uint256 i = 0; i < sides.length; ++i) {
            if (sides[i].operator == operator) return WHOLE_SPLITS + uint32(i) + 1;
        }
        revert NotAParty(agreement, operator);
    }

    /// @inheritdoc IAgreements
    function tokenCount() external view returns (uint256) {
        return _tokenList.length;
    }

    /// @inheritdoc IAgreements
    function tokenAt(
        uint256 ordinal
    ) external view returns (address token, bool allowed, uint8 decimals) {
        token = _tokenList[Pages.indexOf(_tokenList.length, ordinal)];
        return (token, _tokens[token].allowed, _tokens[token].decimals);
    }

    /// @inheritdoc IAgreements
    function agreementCount() external view returns (uint256) {
        return _proposed.length;
    }

    /// @inheritdoc IAgreements
    function agreementAt(uint256 ordinal) external view returns (AgreementId) {
        return _proposed[Pages.indexOf(_proposed.length, ordinal)];
    }

    /// @inheritdoc IAgreements
    function agreementsFrom(
        uint256 from,
        uint256 size
    ) external view returns (AgreementId[] memory found) {
        found = new AgreementId[](Pages.lengthOf(_proposed.length, from, size));
        for (uint256 i = 0; i < found.length; ++i) found[i] = _proposed[from - 1 + i];
    }

    function _sign(AgreementId agreement, MemberId party) private {
        require(isParty(agreement, party), NotAParty(agreement, party));
        Agreement storage stored = _agreements[agreement];
        require(!stored.signed[party], AlreadySigned(agreement, party));
        stored.signed[party] = true;
        stored.signatures += 1;
        emit AgreementSigned(agreement, party);
        if (stored.signatures == stored.terms.parties.length) {
            stored.inForce = true;
            emit AgreementInForce(agreement);
        }
    }

    function _requireMembers(Terms calldata terms) private view {
        for (uint256 i = 0; i < terms.parties.length; ++i) {
            require(members.isActive(terms.parties[i]), PartyUnusable(terms.parties[i]));
        }
        for (uint256 i = 0; i < terms.sides.length; ++i) {
            MemberId operator = terms.sides[i].operator;
            require(
                members.hasRoles(operator, ROLE_OPERATOR),
                IMembers.RoleMissing(operator, ROLE_OPERATOR)
            );
        }
        // Whoever is judged does not judge: the arbiter is no party.
        require(
            terms.arbiter != NO_MEMBER &&
                members.hasRoles(terms.arbiter, ROLE_ARBITER) &&
                !AgreementTerms.isParty(terms.parties, terms.arbiter),
            ArbiterUnusable(terms.arbiter)
        );
    }

    function _known(AgreementId agreement) private view returns (Terms storage terms) {
        terms = _agreements[agreement].terms;
        require(terms.parties.length > 0, AgreementUnknown(agreement));
    }
}
