// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IAgreements } from "../interfaces/IAgreements.sol";
import { IBooks } from "../interfaces/IBooks.sol";
import { Allegation, Finding } from "../interfaces/IBreachJudge.sol";
import { ILedgerClock } from "../interfaces/ILedgerClock.sol";
import { IMembers } from "../interfaces/IMembers.sol";
import { ChargeGroup } from "../types/Openings.sol";
import { BreachJudge, UsageOpening } from "./BreachJudge.sol";

/// @notice The charge was committed before it was due, or later after that than the agreement's
/// maximum record age, whatever its flags; or it says of a call that it began more than a day before
/// (docs/PROTOCOL.md section 4). Evidence: a `UsageOpening`. Owed: all of it. Time in which the ledger stood still or the operator was suspended does not count
/// as age, so that nobody is late who could not commit.
contract UntimelyCharge is BreachJudge {
    uint8 private constant KIND_USAGE = 1;
    uint8 private constant VOICE = 1;
    uint8 private constant DATA = 4;
    uint8 private constant ENERGY = 5;
    uint8 private constant TIME = 6;
    uint256 private constant SECOND_MILLISECONDS = 1000;
    uint16 private constant CALL_MINUTES_MAX = 24 * 60;

    IAgreements public immutable agreements;
    ILedgerClock public immutable clock;
    IMembers public immutable members;

    constructor(
        IBooks books_,
        IAgreements agreements_,
        ILedgerClock clock_,
        IMembers members_
    ) BreachJudge(books_) {
        agreements = agreements_;
        clock = clock_;
        members = members_;
    }

    function judge(
        Allegation calldata allegation,
        bytes calldata evidence
    ) external view returns (Finding memory finding) {
        UsageOpening memory shown = abi.decode(evidence, (UsageOpening));
        finding = _atPlace(allegation, shown);
        uint256 dueMilliseconds = _dueOf(shown.charge);
        uint64 committedAt = shown.path.blockTime;
        // Plans are assigned ahead, and hold for long.
        finding.proven =
            shown.charge.kind != KIND_ASSIGNMENT &&
            (_isSessionImpossible(shown.charge) ||
                dueMilliseconds > committedAt * SECOND_MILLISECONDS ||
                _ageSeconds(allegation, dueMilliseconds / SECOND_MILLISECONDS, committedAt) >
                    agreements.windowsOf(allegation.agreement).recordAgeMax);
        if (finding.proven) finding.owedNano = finding.amountNano;
    }

    /// @dev By its session's first minute a charge chooses its band, and its operator alone says it.
    function _isSessionImpossible(ChargeGroup memory charge) private pure returns (bool) {
        return
            charge.kind == KIND_USAGE &&
            charge.service == VOICE &&
            charge.sessionMinutes > CALL_MINUTES_MAX;
    }

    /// @dev `due` is not later than `committedAt`.
    function _ageSeconds(
        Allegation calldata allegation,
        uint256 due,
        uint64 committedAt
    ) private view returns (uint256) {
        uint64 from = uint64(due);
        uint256 stood = clock.lostSecondsAt(committedAt) - clock.lostSecondsAt(from);
        uint256 suspended =
            members.suspendedSecondsAt(allegation.operator, committedAt) -
                members.suspendedSecondsAt(allegation.operator, from);
        uint256 age = committedAt - from;
        return age > stood + suspended ? age - stood - suspended : 0;
    }

    /// @return When the charge was due, in milliseconds: at most 2^65.
    function _dueOf(ChargeGroup memory charge) private pure returns (uint256) {
        if (charge.kind != KIND_USAGE) return charge.start;
        if (charge.service == VOICE || charge.service == TIME) {
            return uint256(charge.start) + charge.quantity;
        }
        if (charge.service == DATA || charge.service == ENERGY) {
            return uint256(charge.start) + charge.secondQuantity;
        }
        return charge.start;
    }
}
