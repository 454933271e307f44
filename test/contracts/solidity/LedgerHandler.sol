// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { Deployments } from "./Deployments.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Agreements } from "../../../contracts/Agreements.sol";
import { Bonds } from "../../../contracts/Bonds.sol";
import { Books } from "../../../contracts/Books.sol";
import { Claims } from "../../../contracts/Claims.sol";
import { Members } from "../../../contracts/Members.sol";
import { Periods } from "../../../contracts/Periods.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { Standings } from "../../../contracts/Standings.sol";
import { Statements } from "../../../contracts/Statements.sol";
import { AccountPairEvidence } from "../../../contracts/breaches/AccountPair.sol";
import { AccountOpening } from "../../../contracts/breaches/BreachJudge.sol";
import { ChargeNumberReused } from "../../../contracts/breaches/ChargeNumberReused.sol";
import {
    Share,
    Side,
    Split,
    Stakes,
    Terms,
    Windows
} from "../../../contracts/interfaces/IAgreements.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { Statement } from "../../../contracts/interfaces/IStatements.sol";
import { Commitments } from "../../../contracts/libraries/Commitments.sol";
import { Hashes } from "../../../contracts/libraries/Hashes.sol";
import { Leaves } from "../../../contracts/libraries/Leaves.sol";
import {
    AgreementId,
    BookId,
    ClaimId,
    MemberId,
    NO_BOOK,
    ObligationId,
    StatementId
} from "../../../contracts/types/Identifiers.sol";
import {
    AccountGroup,
    BatchPath,
    LeafRest,
    RunningOpening
} from "../../../contracts/types/Openings.sol";

/// @notice One operator, a payer, a city with a share and a finder on the real contracts. Each public
/// function is a step that the runner may take at any time with any numbers; what the ledger refuses is
/// left as it was. It keeps its own account of what happened, for the invariants to compare.
contract LedgerHandler is Deployments {
    uint256 private constant DEPTH = 5;
    bytes32 private constant TOTALS = keccak256("totals");
    bytes32 private constant SALT = keccak256("salt");

    address public constant OPERATOR = address(0x0E);
    address public constant PAYER = address(0xFA);
    address public constant CITY = address(0xC1);
    address public constant ARBITER = address(0xAB);
    address public constant FINDER = address(0xF1);

    HostileToken public token;
    Members public members;
    Agreements public agreements;
    Books public books;
    Bonds public bonds;
    Claims public claims;
    Statements public statements;
    Settlement public settlement;
    AgreementId public agreement;
    BookId public book;
    mapping(address key => MemberId) public idOf;

    struct Batch {
        uint128 sumNano;
        uint128 runningNano;
        uint64 runningCount;
        uint64 blockTime;
        bool voided;
        /// Whether both leaves carry one number.
        bool reused;
    }

    Batch[] public batches;
    mapping(uint64 sequence => uint256) public punishments;
    mapping(StatementId id => bytes32) public finalDigest;
    uint256 public paidIn;
    uint256 public withdrawn;
    uint256 public slashes;
    bool public suspended;
    bool public committedWhileSuspended;
    bool public committedOutOfOrder;
    bool public paidByAnother;
    uint256 public steps;

    constructor() {
        AccessManager authority = AccessManager(
            deployed("AccessManager", abi.encode(address(this)))
        );
        token = new HostileToken(6);
        members = Members(deployed("Members", abi.encode(address(authority))));
        agreements = Agreements(deployed("Agreements", abi.encode(members, address(authority))));
        books = Books(
            deployed("Books", abi.encode(members, agreements, 1 days, address(authority)))
        );
        bonds = Bonds(
            deployed("Bonds", abi.encode(members, agreements, books, address(authority)))
        );
        claims = Claims(
            deployed(
                "Claims",
                abi.encode(
                    members,
                    agreements,
                    books,
                    books,
                    bonds,
                    Standings(deployed("Standings", abi.encode(members, books))),
                    address(authority),
                    address(0)
                )
            )
        );
        Periods periods = Periods(
            deployed("Periods", abi.encode(members, agreements, books, books))
        );
        statements = _statements(members, agreements, books, periods, address(authority));
        settlement = _settlement(
            address(members),
            address(agreements),
            address(statements),
            address(authority),
            address(0)
        );
        members.followCommitKeys(address(books));
        agreements.allowToken(address(token));
        claims.registerJudge(
            3,
            ChargeNumberReused(deployed("ChargeNumberReused", abi.encode(books)))
        );
        _mayCall(authority, address(books), Books.noteReference.selector, 1, address(claims));
        authority.grantRole(1, address(statements), 0);
        _mayCall(authority, address(bonds), Bonds.slash.selector, 2, address(claims));
        _admit(OPERATOR, 1);
        _admit(PAYER, 1);
        _admit(CITY, 2);
        _admit(ARBITER, 8);
        _agree();
        books.askBonds(bonds);
        address[3] memory rich = [OPERATOR, PAYER, FINDER];
        for (uint256 i = 0; i < rich.length; ++i) {
            token.mint(rich[i], 1e18);
            vm.prank(rich[i]);
            token.approve(address(settlement), type(uint256).max);
            vm.prank(rich[i]);
            token.approve(address(bonds), type(uint256).max);
        }
        vm.prank(FINDER);
        bonds.deposit(agreement, idOf[OPERATOR], 100);
        vm.prank(OPERATOR);
        book = books.openBook(agreement, 1, 1, 1);
    }

    function pass(uint32 length) public {
        ++steps;
        vm.warp(block.timestamp + within(length, 1, 2 days));
        books.tick();
    }

    function commit(uint64 amount, bool reused) public {
        ++steps;
        uint128 sumNano = uint128(within(amount, 0, 1e12)) * 2;
        Batch memory batch;
        batch.sumNano = sumNano;
        batch.reused = reused;
        batch.blockTime = uint64(block.timestamp);
        (batch.runningNano, batch.runningCount) = _runningBefore(batches.length);
        batch.runningNano += sumNano;
        batch.runningCount += 2;
        uint64 sequence = uint64(batches.length) + 1;
        batches.push(batch);
        bytes32 commitment = _commitment(sequence);
        vm.prank(OPERATOR);
        try books.commit(book, sequence, commitment) {
            committedWhileSuspended = committedWhileSuspended || suspended;
        } catch {
            batches.pop();
        }
    }

    /// @dev A whole period at once, since single steps seldom meet in the right order.
    function settlePeriod(uint64 amount, uint128 undisputed, bool isDisputed) external {
        commit(amount, false);
        post(type(uint64).max - 1);
        uint256 count = statements.statementCount();
        if (count == 0) return;
        if (isDisputed) object(count - 1, undisputed);
        signReceipt(count - 1);
        for (uint256 i = 0; i < 5; ++i) pass(uint32(1 days - 1));
        finalize(count - 1);
        if (isDisputed) resolve(count - 1, undisputed / 2);
        pay(count - 1, 0, false);
        pay(count - 1, 1, false);
    }

    /// @dev Gaps and forks by the operator, and anything by anybody else.
    function commitElsewhere(uint64 sequence, address sender) external {
        ++steps;
        if (sequence % 2 == 0) sender = OPERATOR;
        if (sender == OPERATOR && sequence == batches.length + 1) return;
        vm.prank(sender);
        try books.commit(book, sequence, keccak256("another")) {
            committedOutOfOrder = true;
        } catch {}
    }

    function voidNewest() external {
        ++steps;
        if (batches.length == 0) return;
        vm.prank(OPERATOR);
        try books.voidNewest(book, uint64(batches.length)) {
            batches[batches.length - 1].voided = true;
        } catch {}
    }

    function suspendOrReinstate(uint8 dice) external {
        ++steps;
        if (suspended) {
            members.reinstate(idOf[OPERATOR]);
            suspended = false;
        } else if (dice % 4 == 0) {
            members.suspend(idOf[OPERATOR]);
            suspended = true;
        }
    }

    function post(uint64 seed) public {
        ++steps;
        if (batches.length == 0) return;
        // Often the newest: ranges that went backward are refused.
        uint64 to =
            seed % 2 == 0 ? uint64(batches.length) : uint64(within(seed, 1, batches.length));
        RunningOpening memory none;
        vm.prank(OPERATOR);
        try statements.post(book, to, _opening(to), NO_BOOK, 0, none) {} catch {}
    }

    function object(uint256 which, uint128 undisputed) public {
        ++steps;
        StatementId id = _statement(which);
        vm.prank(PAYER);
        try statements.object(id, uint128(within(undisputed, 0, 1e12)), "why") {} catch {}
    }

    function signReceipt(uint256 which) public {
        ++steps;
        StatementId id = _statement(which);
        vm.prank(PAYER);
        try statements.signReceipt(id, "data") {} catch {}
    }

    function finalize(uint256 which) public {
        ++steps;
        StatementId id = _statement(which);
        try statements.finalize(id) {
            finalDigest[id] = digestOf(id);
        } catch {}
    }

    function resolve(uint256 which, uint128 owed) public {
        ++steps;
        StatementId id = _statement(which);
        vm.prank(ARBITER);
        try statements.resolve(id, uint128(within(owed, 0, 1e12))) {} catch {}
    }

    function pay(uint256 which, uint8 part, bool byAnother) public {
        ++steps;
        ObligationId id = statements.obligationIdOf(_statement(which), part % 2);
        uint256 before = token.balanceOf(address(settlement));
        vm.prank(byAnother ? OPERATOR : PAYER);
        try settlement.pay(id) {
            paidIn += token.balanceOf(address(settlement)) - before;
            paidByAnother = paidByAnother || byAnother;
        } catch {}
    }

    function withdraw(uint8 who) public {
        ++steps;
        address party = [OPERATOR, PAYER, CITY][who % 3];
        uint256 before = token.balanceOf(address(settlement));
        vm.prank(party);
        try settlement.withdraw(address(token), party) {
            withdrawn += before - token.balanceOf(address(settlement));
        } catch {}
    }

    function deposit(uint32 units) public {
        ++steps;
        vm.prank(FINDER);
        bonds.deposit(agreement, idOf[OPERATOR], within(units, 1, 1e6));
    }

    function announceBond(uint32 units) external {
        ++steps;
        vm.prank(OPERATOR);
        try bonds.announceWithdrawal(agreement, units) {} catch {}
    }

    function withdrawBond() external {
        ++steps;
        vm.prank(OPERATOR);
        try bonds.withdraw(agreement, OPERATOR) {} catch {}
    }

    function collect() external {
        ++steps;
        try bonds.collectFor(address(token), FINDER) {} catch {}
    }

    function spendFund(uint32 units) external {
        ++steps;
        try bonds.spendFund(address(token), CITY, units) {} catch {}
    }

    /// @dev Claims a reused number at whatever place, right or wrong, as often as it likes.
    function punish(uint64 seed) public {
        ++steps;
        if (batches.length == 0) return;
        uint64 sequence = uint64(within(seed, 1, batches.length));
        AccountPairEvidence memory evidence = AccountPairEvidence(
            _leaf(sequence, 1),
            sequence,
            0,
            _leaf(sequence, 0)
        );
        bytes32 hash = Leaves.evidenceHash(FINDER, _digest(_leaf(sequence, 1)), SALT);
        vm.prank(FINDER);
        try claims.claim(3, book, sequence, 1, 1, hash) returns (ClaimId id) {
            vm.prank(OPERATOR);
            claims.contest(id);
            try claims.open(id, abi.encode(evidence)) {
                ++punishments[sequence];
                ++slashes;
            } catch {}
        } catch {}
    }

    function digestOf(StatementId id) public view returns (bytes32) {
        Statement memory statement = statements.statementOf(id);
        // Only a dispute that is still open may end.
        statement.disputeOpen = false;
        return keccak256(abi.encode(statement));
    }

    function batchCount() external view returns (uint256) {
        return batches.length;
    }

    function _runningBefore(uint256 count) private view returns (uint128, uint64) {
        for (uint256 i = count; i > 0; --i) {
            Batch memory before = batches[i - 1];
            if (!before.voided) return (before.runningNano, before.runningCount);
        }
        return (0, 0);
    }

    function _statement(uint256 which) private view returns (StatementId) {
        uint256 count = statements.statementCount();
        return count == 0 ? StatementId.wrap(0) : statements.statementAt((which % count) + 1);
    }

    function _opening(uint64 sequence) private view returns (RunningOpening memory opening) {
        Batch memory batch = batches[sequence - 1];
        opening.root = _root(sequence);
        opening.depth = uint8(DEPTH);
        opening.totals = TOTALS;
        opening.blockTime = batch.blockTime;
        opening.salt = SALT;
        opening.sumNano = batch.runningNano;
        opening.count = batch.runningCount;
    }

    function _commitment(uint64 sequence) private view returns (bytes32) {
        return
            Commitments.commitment(
                book,
                sequence,
                uint8(DEPTH),
                _root(sequence),
                TOTALS,
                _runningTotals(sequence)
            );
    }

    function _runningTotals(uint64 sequence) private view returns (bytes32) {
        Batch memory batch = batches[sequence - 1];
        return
            keccak256(
                abi.encodePacked(Hashes.RUNNING_TOTALS, SALT, batch.runningNano, batch.runningCount)
            );
    }

    function _root(uint64 sequence) private view returns (bytes32 root) {
        root = keccak256(
            abi.encodePacked(Hashes.NODE, _digest(_bare(sequence, 0)), _digest(_bare(sequence, 1)))
        );
        for (uint256 level = 1; level < DEPTH; ++level) {
            root = keccak256(abi.encodePacked(Hashes.NODE, root, _fill(level)));
        }
    }

    function _fill(uint256 level) private pure returns (bytes32 fill) {
        fill = keccak256(abi.encodePacked(Hashes.FILL));
        for (uint256 i = 0; i < level; ++i) {
            fill = keccak256(abi.encodePacked(Hashes.NODE, fill, fill));
        }
    }

    function _digest(AccountOpening memory opening) private view returns (bytes32) {
        LeafRest memory rest = LeafRest(
            Leaves.digest(opening.account),
            opening.party,
            opening.amountNano
        );
        return Leaves.leaf(book, opening.third, rest);
    }

    function _bare(
        uint64 sequence,
        uint256 index
    ) private view returns (AccountOpening memory opening) {
        Batch memory batch = batches[sequence - 1];
        AccountGroup memory account;
        account.salt = SALT;
        account.pseudonym = keccak256("subscriber");
        account.chargeNumber = sequence * 2 + (batch.reused ? 0 : uint64(index));
        opening.account = account;
        opening.amountNano = batch.sumNano / 2;
    }

    function _leaf(
        uint64 sequence,
        uint256 index
    ) private view returns (AccountOpening memory opening) {
        opening = _bare(sequence, index);
        bytes32[] memory siblings = new bytes32[](DEPTH);
        siblings[0] = _digest(_bare(sequence, 1 - index));
        for (uint256 level = 1; level < DEPTH; ++level) siblings[level] = _fill(level);
        opening.path = BatchPath(
            uint8(DEPTH),
            siblings,
            TOTALS,
            _runningTotals(sequence),
            batches[sequence - 1].blockTime
        );
    }

    function _admit(address key, uint8 roles) private {
        idOf[key] = members.admit("member", roles, IMembers.Keys(key, key, key));
    }

    function _agree() private {
        Terms memory terms;
        terms.parties = new MemberId[](3);
        (terms.parties[0], terms.parties[1], terms.parties[2]) = (
            idOf[OPERATOR],
            idOf[PAYER],
            idOf[CITY]
        );
        terms.sides = new Side[](1);
        terms.sides[0] = Side(idOf[OPERATOR], idOf[PAYER]);
        terms.splits = new Split[](1);
        terms.splits[0].remainder = idOf[OPERATOR];
        terms.splits[0].shares = new Share[](1);
        terms.splits[0].shares[0] = Share(idOf[CITY], 77, 123_457, 0, 0);
        terms.currency = "EUR";
        terms.token = address(token);
        terms.arbiter = idOf[ARBITER];
        terms.windows = Windows(3 days, 30 days, 30 days, 30 days, 0, 7 days, 7 days, 0);
        terms.period.zone = "Europe/Berlin";
        terms.stakes = Stakes(100, 20, 10, 1e9, 5);
        vm.prank(OPERATOR);
        agreement = agreements.propose(terms);
        vm.prank(PAYER);
        agreements.sign(agreement);
        vm.prank(CITY);
        agreements.sign(agreement);
    }

    function _mayCall(
        AccessManager authority,
        address target,
        bytes4 selector,
        uint64 role,
        address holder
    ) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
        authority.grantRole(role, holder, 0);
    }
}
