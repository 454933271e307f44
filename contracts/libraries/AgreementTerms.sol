// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IAgreements,
    RetailBounds,
    Share,
    Side,
    Split,
    Terms
} from "../interfaces/IAgreements.sol";
import { MemberId, NO_MEMBER } from "../types/Identifiers.sol";

/// @notice What terms have to satisfy before anyone can sign them.
library AgreementTerms {
    uint256 internal constant PARTIES_MAX = 8;
    uint256 internal constant SPLITS_MAX = 16;
    uint256 internal constant PARTS_PER_MILLION = 1_000_000;

    function requireUsable(Terms calldata terms) internal pure {
        _requireCount("parties", terms.parties.length, PARTIES_MAX);
        _requireCount("sides", terms.sides.length, PARTIES_MAX);
        _requireCount("splits", terms.splits.length, SPLITS_MAX);
        _requirePositive("challenge window", terms.windows.challenge);
        _requirePositive("claim window", terms.windows.claim);
        _requirePositive("record age", terms.windows.recordAgeMax);
        _requirePositive("credit window", terms.windows.credit);
        for (uint256 i = 0; i < 3; ++i) {
            uint8 letter = uint8(terms.currency[i]);
            require(
                letter >= 0x41 && letter <= 0x5A,
                IAgreements.TermsUnusable("currency", uint24(terms.currency))
            );
        }
        for (uint256 i = 0; i < terms.parties.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                require(
                    terms.parties[i] != terms.parties[j],
                    IAgreements.PartyUnusable(terms.parties[i])
                );
            }
        }
        _requireSides(terms);
        for (uint256 i = 0; i < terms.splits.length; ++i) {
            _requireSplit(terms.parties, terms.splits[i]);
        }
    }

    /// @return Whether an operator pays itself: then its subscribers have no counterparty's protection.
    function isRetail(Terms calldata terms) internal pure returns (bool) {
        for (uint256 i = 0; i < terms.sides.length; ++i) {
            if (terms.sides[i].operator == terms.sides[i].payer) return true;
        }
        return false;
    }

    function requireWithin(Terms calldata terms, RetailBounds memory bounds) internal pure {
        _requireBetween(
            "challenge window",
            terms.windows.challenge,
            bounds.least.challenge,
            bounds.most.challenge
        );
        _requireBetween("claim window", terms.windows.claim, bounds.least.claim, bounds.most.claim);
        _requireBetween(
            "record age",
            terms.windows.recordAgeMax,
            bounds.least.recordAgeMax,
            bounds.most.recordAgeMax
        );
        _requireBetween(
            "credit window",
            terms.windows.credit,
            bounds.least.credit,
            bounds.most.credit
        );
        _requireBetween(
            "tariff notice",
            terms.windows.tariffNotice,
            bounds.least.tariffNotice,
            bounds.most.tariffNotice
        );
        _requireBetween("bond", terms.stakes.bondMin, bounds.leastStakes.bondMin, 0);
        _requireBetween("bounty", terms.stakes.bounty, bounds.leastStakes.bounty, 0);
        _requireBetween("penalty", terms.stakes.penalty, bounds.leastStakes.penalty, 0);
        _requireBetween(
            "concession cap",
            terms.stakes.concessionCapNano,
            bounds.leastStakes.concessionCapNano,
            0
        );
        require(
            bounds.arbiter == NO_MEMBER || terms.arbiter == bounds.arbiter,
            IAgreements.ArbiterUnusable(terms.arbiter)
        );
    }

    function isParty(MemberId[] calldata parties, MemberId member) internal pure returns (bool) {
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i] == member) return true;
        }
        return false;
    }

    function _requireSides(Terms calldata terms) private pure {
        for (uint256 i = 0; i < terms.sides.length; ++i) {
            Side calldata side = terms.sides[i];
            _requireParty(terms.parties, side.operator);
            _requireParty(terms.parties, side.payer);
            for (uint256 j = 0; j < i; ++j) {
                require(
                    side.operator != terms.sides[j].operator,
                    IAgreements.PartyUnusable(side.operator)
                );
            }
        }
    }

    function _requireSplit(MemberId[] calldata parties, Split calldata split) private pure {
        require(
            split.shares.length <= PARTIES_MAX,
            IAgreements.TermsUnusable("shares", split.shares.length)
        );
        _requireParty(parties, split.remainder);
        uint256 parts;
        for (uint256 i = 0; i < split.shares.length; ++i) {
            Share calldata share = split.shares[i];
            _requireParty(parties, share.party);
            parts += share.partsPerMillion;
            for (uint256 j = 0; j < i; ++j) {
                require(
                    share.party != split.shares[j].party,
                    IAgreements.PartyUnusable(share.party)
                );
            }
        }
        require(parts <= PARTS_PER_MILLION, IAgreements.TermsUnusable("parts per million", parts));
    }

    function _requireParty(MemberId[] calldata parties, MemberId member) private pure {
        require(isParty(parties, member), IAgreements.PartyUnusable(member));
    }

    function _requireCount(bytes32 field, uint256 count, uint256 most) private pure {
        require(count > 0 && count <= most, IAgreements.TermsUnusable(field, count));
    }

    /// @param most Zero for none.
    function _requireBetween(
        bytes32 field,
        uint256 value,
        uint256 least,
        uint256 most
    ) private pure {
        require(
            value >= least && (most == 0 || value <= most),
            IAgreements.OutsideRetailBounds(field, value)
        );
    }

    function _requirePositive(bytes32 field, uint256 value) private pure {
        require(value > 0, IAgreements.TermsUnusable(field, value));
    }
}
