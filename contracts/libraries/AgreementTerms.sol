// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IAgreements,
    Period,
    RetailBounds,
    Share,
    Side,
    Split,
    Terms,
    Tolerance
} from "../interfaces/IAgreements.sol";
import { MemberId, NO_MEMBER } from "../types/Identifiers.sol";

/// @notice What terms have to satisfy before anyone can sign them.
library AgreementTerms {
    uint256 internal constant PARTIES_MAX = 8;
    uint256 internal constant SPLITS_MAX = 16;
    uint256 internal constant TOLERANCES_MAX = 32;
    uint256 internal constant PARTS_PER_MILLION = 1_000_000;
    uint256 private constant PERIOD_DAYS_MAX = 366;
    uint8 private constant SERVICE_MAX = 8;
    uint8 private constant DIRECTION_MAX = 3;
    uint8 private constant PAYS_MAX = 4;

    function requireUsable(Terms calldata terms) internal pure {
        _requireCount("parties", terms.parties.length, PARTIES_MAX);
        _requireCount("sides", terms.sides.length, PARTIES_MAX);
        _requireCount("splits", terms.splits.length, SPLITS_MAX);
        _requirePositive("challenge window", terms.windows.challenge);
        _requirePositive("claim window", terms.windows.claim);
        _requirePositive("record age", terms.windows.recordAgeMax);
        _requirePositive("credit window", terms.windows.credit);
        _requirePositive("demand window", terms.windows.demand);
        _requirePositive("dispute window", terms.windows.dispute);
        require(
            terms.stakes.concessionFee <= terms.stakes.bounty,
            IAgreements.TermsUnusable("concession fee", terms.stakes.concessionFee)
        );
        _requirePeriod(terms.period);
        _requireTolerances(terms.tolerances);
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
        _requireBetween(
            "demand window",
            terms.windows.demand,
            bounds.least.demand,
            bounds.most.demand
        );
        _requireBetween(
            "dispute window",
            terms.windows.dispute,
            bounds.least.dispute,
            bounds.most.dispute
        );
        _requireBetween(
            "payment term",
            terms.windows.payment,
            bounds.least.payment,
            bounds.most.payment
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
        _requireBetween(
            "concession fee",
            terms.stakes.concessionFee,
            bounds.leastStakes.concessionFee,
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

    /// @dev Letters, digits and what else names of zones hold; zeros only behind them.
    function _requirePeriod(Period calldata period) private pure {
        require(
            period.lengthDays <= PERIOD_DAYS_MAX,
            IAgreements.TermsUnusable("period days", period.lengthDays)
        );
        bool ended;
        for (uint256 i = 0; i < 32; ++i) {
            bytes1 char = period.zone[i];
            bool fits = char == 0 ? i > 0 : !ended && _isOfZone(char);
            require(fits, IAgreements.TermsUnusable("period zone", uint256(period.zone)));
            ended = char == 0;
        }
    }

    function _isOfZone(bytes1 char) private pure returns (bool) {
        return
            (char >= "a" && char <= "z") ||
            (char >= "A" && char <= "Z") ||
            (char >= "0" && char <= "9") ||
            char == "/" ||
            char == "_" ||
            char == "+" ||
            char == "-";
    }

    function _requireTolerances(Tolerance[] calldata tolerances) private pure {
        require(
            tolerances.length <= TOLERANCES_MAX,
            IAgreements.TermsUnusable("tolerances", tolerances.length)
        );
        for (uint256 i = 0; i < tolerances.length; ++i) {
            Tolerance calldata tolerance = tolerances[i];
            require(
                tolerance.service <= SERVICE_MAX,
                IAgreements.TermsUnusable("tolerance service", tolerance.service)
            );
            require(
                tolerance.direction <= DIRECTION_MAX,
                IAgreements.TermsUnusable("tolerance direction", tolerance.direction)
            );
            require(
                tolerance.partsPerMillion <= PARTS_PER_MILLION,
                IAgreements.TermsUnusable("tolerance parts", tolerance.partsPerMillion)
            );
            require(
                tolerance.pays > 0 && tolerance.pays <= PAYS_MAX,
                IAgreements.TermsUnusable("tolerance pays", tolerance.pays)
            );
            for (uint256 j = 0; j < i; ++j) {
                require(
                    tolerance.service != tolerances[j].service ||
                        tolerance.direction != tolerances[j].direction,
                    IAgreements.TermsUnusable("tolerance repeated", i)
                );
            }
        }
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
            require(
                share.maximumNano == 0 ||
                    (share.minimumNano <= share.maximumNano &&
                        share.fixedNano <= share.maximumNano),
                IAgreements.TermsUnusable("maximum of a share", share.maximumNano)
            );
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
