// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { Deployments } from "./Deployments.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Agreements } from "../../../contracts/Agreements.sol";
import { Books } from "../../../contracts/Books.sol";
import { Members } from "../../../contracts/Members.sol";
import { Periods } from "../../../contracts/Periods.sol";
import { Statements } from "../../../contracts/Statements.sol";
import { Side, Split, Stakes, Terms, Windows } from "../../../contracts/interfaces/IAgreements.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { ClosedAt, Closing } from "../../../contracts/interfaces/IPeriods.sol";
import { Commitments } from "../../../contracts/libraries/Commitments.sol";
import { Hashes } from "../../../contracts/libraries/Hashes.sol";
import { AgreementId, BookId, MemberId, NO_BOOK } from "../../../contracts/types/Identifiers.sol";
import { RunningOpening } from "../../../contracts/types/Openings.sol";

/// @notice Two operators that close periods before either states them: each public function is a step
/// that the runner may take at any time. It keeps what it saw, for the invariants to compare.
contract PeriodsHandler is Deployments {
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant TOTALS = keccak256("totals");
    bytes32 private constant SALT = keccak256("salt");
    address private constant ARBITER = address(0xAB);
    uint128 private constant STEP = 1e9;

    Members public members;
    Agreements public agreements;
    Books public books;
    Periods public periods;
    Statements public statements;
    AgreementId public agreement;
    address[2] public operators = [address(0xA1), address(0xB1)];
    MemberId[2] public ids;
    BookId[2] public bookOf;
    uint64[] private _blockTimesA;
    uint64[] private _blockTimesB;
    /// What closings said when they were first seen.
    mapping(uint256 side => ClosedAt[]) private _seen;
    uint64[2] public closes;
    uint256 public posted;
    bool public postedUnopened;
    bool public postedElsewhere;
    uint256 public steps;

    constructor() {
        AccessManager authority = AccessManager(
            deployed("AccessManager", abi.encode(address(this)))
        );
        HostileToken token = new HostileToken(6);
        members = Members(deployed("Members", abi.encode(address(authority))));
        agreements = Agreements(deployed("Agreements", abi.encode(members, address(authority))));
        books = Books(
            deployed("Books", abi.encode(members, agreements, 1 days, address(authority)))
        );
        periods = Periods(deployed("Periods", abi.encode(members, agreements, books, books)));
        statements = _statements(members, agreements, books, periods, address(authority));
        members.followCommitKeys(address(books));
        agreements.allowToken(address(token));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = Books.noteReference.selector;
        authority.setTargetFunctionRole(address(books), selectors, 1);
        authority.grantRole(1, address(periods), 0);
        authority.grantRole(1, address(statements), 0);
        for (uint256 side = 0; side < 2; ++side) ids[side] = _admit(operators[side], 1);
        _agree(address(token), _admit(ARBITER, 8));
        for (uint256 side = 0; side < 2; ++side) {
            vm.prank(operators[side]);
            bookOf[side] = books.openBook(agreement, 1, 1, 1);
        }
    }

    function pass(uint32 length) public {
        ++steps;
        vm.warp(block.timestamp + within(length, 1, 1 days));
        books.tick();
    }

    function commit(bool second) public {
        ++steps;
        uint256 side = second ? 1 : 0;
        uint64[] storage times = _times(side);
        times.push(uint64(block.timestamp));
        uint64 sequence = uint64(times.length);
        bytes32 commitment = Commitments.commitment(
            bookOf[side],
            sequence,
            5,
            ROOT,
            TOTALS,
            keccak256(abi.encodePacked(Hashes.RUNNING_TOTALS, SALT, sequence * STEP, sequence))
        );
        vm.prank(operators[side]);
        books.commit(bookOf[side], sequence, commitment);
    }

    /// @param number Often the right one.
    function close(bool second, uint64 number, uint64 sequence, bool withBook) public {
        ++steps;
        uint256 side = second ? 1 : 0;
        uint64 expected = closes[side] + 1;
        uint64 given = number % 4 == 0 ? number : expected;
        Closing[] memory closings = new Closing[](withBook ? 1 : 0);
        uint64 last = uint64(_times(side).length);
        uint64 to = sequence == type(uint64).max ? last : uint64(within(sequence, 0, last + 1));
        if (withBook) closings[0] = Closing(bookOf[side], to);
        vm.prank(operators[side]);
        try periods.close(agreement, given, closings, SALT) {
            closes[side] += 1;
            uint256 count = periods.closingCount(bookOf[side]);
            if (count > _seen[side].length) {
                _seen[side].push(periods.closingAt(bookOf[side], count));
            }
        } catch {}
    }

    function voidNewest(bool second) public {
        ++steps;
        uint256 side = second ? 1 : 0;
        uint64 newest = uint64(_times(side).length);
        vm.prank(operators[side]);
        try books.voidNewest(bookOf[side], newest) {} catch {}
    }

    function post(bool second, uint64 seed, bool atClosing) public {
        ++steps;
        uint256 side = second ? 1 : 0;
        uint64[] storage times = _times(side);
        if (times.length == 0) return;
        uint64 to = uint64(within(seed, 1, times.length));
        (uint64 stated, , ) = statements.lastStatedOf(bookOf[side]);
        uint64 number;
        for (uint256 i = 0; i < _seen[side].length; ++i) {
            if (_seen[side][i].sequence <= stated) continue;
            if (number == 0 && atClosing) to = _seen[side][i].sequence;
            if (number == 0) number = _seen[side][i].number;
        }
        bool isOpen = number > 0 && periods.isOpen(agreement, number);
        RunningOpening memory none;
        vm.prank(operators[side]);
        try statements.post(bookOf[side], to, _opening(side, to), NO_BOOK, 0, none) {
            ++posted;
            postedUnopened = postedUnopened || !isOpen;
            postedElsewhere = postedElsewhere || periods.sequenceAt(bookOf[side], number) != to;
        } catch {}
    }

    /// @dev Both in the right order, since single steps seldom meet.
    function closeAndPost(bool second) external {
        commit(false);
        commit(true);
        uint64 most = type(uint64).max;
        close(second, 1, most, true);
        post(second, most, true);
        close(!second, 1, most, true);
        post(second, most, true);
    }

    function seenCount(uint256 side) external view returns (uint256) {
        return _seen[side].length;
    }

    function seenAt(uint256 side, uint256 index) external view returns (ClosedAt memory) {
        return _seen[side][index];
    }

    function _opening(
        uint256 side,
        uint64 to
    ) private view returns (RunningOpening memory opening) {
        opening = RunningOpening(ROOT, 5, TOTALS, _times(side)[to - 1], SALT, to * STEP, to);
    }

    function _times(uint256 side) private view returns (uint64[] storage) {
        return side == 0 ? _blockTimesA : _blockTimesB;
    }

    function _admit(address key, uint8 roles) private returns (MemberId) {
        return members.admit("member", roles, IMembers.Keys(key, key, key));
    }

    function _agree(address token, MemberId arbiter) private {
        Terms memory terms;
        terms.parties = new MemberId[](2);
        terms.sides = new Side[](2);
        for (uint256 side = 0; side < 2; ++side) {
            terms.parties[side] = ids[side];
            terms.sides[side] = Side(ids[side], ids[1 - side]);
        }
        terms.splits = new Split[](1);
        terms.splits[0].remainder = ids[0];
        terms.period.zone = "Europe/Berlin";
        terms.period.closedByBoth = true;
        terms.currency = "EUR";
        terms.token = token;
        terms.arbiter = arbiter;
        terms.windows = Windows(3 days, 30 days, 30 days, 30 days, 0, 7 days, 2 days, 0);
        terms.stakes = Stakes(0, 0, 0, 0, 0);
        vm.prank(operators[0]);
        agreement = agreements.propose(terms);
        vm.prank(operators[1]);
        agreements.sign(agreement);
    }
}
