// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { Cheats } from "./Cheats.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Agreements } from "../../../contracts/Agreements.sol";
import { Bonds } from "../../../contracts/Bonds.sol";
import { Books } from "../../../contracts/Books.sol";
import { Deliveries } from "../../../contracts/Deliveries.sol";
import { Demands } from "../../../contracts/Demands.sol";
import { Members } from "../../../contracts/Members.sol";
import { Standings } from "../../../contracts/Standings.sol";
import { Side, Split, Stakes, Terms, Windows } from "../../../contracts/interfaces/IAgreements.sol";
import { Demand, DemandState } from "../../../contracts/interfaces/IDemands.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { Owner, ReceiptStanding } from "../../../contracts/interfaces/IStandings.sol";
import { Commitments } from "../../../contracts/libraries/Commitments.sol";
import { Hashes } from "../../../contracts/libraries/Hashes.sol";
import { CurvePoint } from "../../../contracts/libraries/SealedDelivery.sol";
import { AgreementId, BookId, DemandId, MemberId } from "../../../contracts/types/Identifiers.sol";

/// @notice An operator with one charge on the ledger, its subscriber, and a partner, on the real
/// contracts. Each public function is a step that the runner may take at any time with any numbers; what
/// the ledger refuses is left as it was. It keeps its own account of punishments.
/// @dev One-time private keys of both sides are 1: public keys and the shared point are the generator, so
/// that nothing has to be multiplied to encrypt.
contract DemandHandler is Cheats {
    uint256 private constant OPERATOR_KEY = 0x0E;
    uint256 private constant SUBSCRIBER_KEY = 0x5B;
    uint256 private constant ONE_TIME_KEY = 1;
    uint256 private constant NUMBERS = 3;
    uint256 private constant BOUNTY = 20;
    uint256 private constant PENALTY = 10;
    address public constant PARTNER = address(0xC17);
    address public constant ARBITER = address(0xAB);
    uint256 private constant GENERATOR_X =
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GENERATOR_Y =
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;
    uint256 private constant OPENING = 386;

    HostileToken public token;
    Members public members;
    Agreements public agreements;
    Books public books;
    Bonds public bonds;
    Standings public standings;
    Demands public demands;
    AgreementId public agreement;
    BookId public book;
    address public operator;
    address public subscriber;
    bytes32 public pseudonym;
    mapping(address key => MemberId) public idOf;

    /// @dev What was delivered on a demand, and whether it is what was asked for.
    mapping(DemandId => bytes32[]) private _delivered;
    mapping(DemandId => bool) public isHonest;
    uint64 private _blockTime;
    bytes private _opening;

    uint256 public deposited;
    uint256 public punishments;
    mapping(bytes32 place => uint256) public punishmentsAt;
    bool public honestWasPunished;
    bool public punishedTwice;
    uint256 public answers;
    uint256 public releases;

    constructor() {
        AccessManager authority = AccessManager(
            deployed("AccessManager", abi.encode(address(this)))
        );
        operator = vm.addr(OPERATOR_KEY);
        subscriber = vm.addr(SUBSCRIBER_KEY);
        token = new HostileToken(6);
        members = Members(deployed("Members", abi.encode(address(authority))));
        agreements = Agreements(deployed("Agreements", abi.encode(members, address(authority))));
        books = Books(
            deployed("Books", abi.encode(members, agreements, 1 days, address(authority)))
        );
        bonds = Bonds(
            deployed("Bonds", abi.encode(members, agreements, books, address(authority)))
        );
        standings = Standings(deployed("Standings", abi.encode(members, books)));
        demands = Demands(
            deployed(
                "Demands",
                abi.encode(
                    members,
                    agreements,
                    books,
                    books,
                    bonds,
                    standings,
                    Deliveries(deployed("Deliveries", abi.encode(books))),
                    730 days
                )
            )
        );
        members.followCommitKeys(address(books));
        agreements.allowToken(address(token));
        _mayCall(authority, address(books), Books.noteReference.selector, 1);
        _mayCall(authority, address(bonds), Bonds.slash.selector, 2);
        _admit(operator, 1);
        _admit(PARTNER, 2);
        _admit(ARBITER, 8);
        _agree();
        books.askBonds(bonds);
        token.mint(PARTNER, 1e18);
        vm.prank(PARTNER);
        token.approve(address(demands), type(uint256).max);
        vm.prank(PARTNER);
        token.approve(address(bonds), type(uint256).max);
        deposit(9_999);
        vm.prank(operator);
        book = books.openBook(agreement, 1, 1, 1);
        _commitCharge();
        _showStanding();
    }

    function deposit(uint16 units) public {
        uint256 amount = within(units, 1, 10_000);
        vm.prank(PARTNER);
        try bonds.deposit(agreement, idOf[operator], amount) {
            deposited += amount;
        } catch {}
    }

    function pass(uint32 length) public {
        vm.warp(block.timestamp + within(length, 1, 2 days));
        books.tick();
    }

    function passLong() external {
        for (uint256 i = 0; i < 8; ++i) pass(uint32(1 days - 1));
    }

    /// @dev Only the first number is that of a charge which exists; the operator promised all.
    function demandCharge(uint8 dice) public {
        uint64 number = uint64(within(dice, 1, NUMBERS));
        uint256 nonce = demands.nonces(subscriber);
        uint64 until = uint64(block.timestamp + 1 hours);
        bytes32 digest = _digest(
            "Tallystick Demands",
            address(demands),
            keccak256(
                abi.encode(
                    keccak256(
                        "Demand(bytes32 pseudonym,uint64 chargeNumber,uint256 keyX,uint256 keyY,uint256 nonce,uint64 validUntil)"
                    ),
                    pseudonym,
                    number,
                    GENERATOR_X,
                    GENERATOR_Y,
                    nonce,
                    until
                )
            )
        );
        bytes memory signature = _sign(SUBSCRIBER_KEY, digest);
        try
            demands.demandCharge(pseudonym, number, _generator(), nonce, until, signature)
        {} catch {}
    }

    function demandChunk(uint8 dice) public {
        vm.prank(PARTNER);
        try
            demands.demandChunk(book, 1, uint32(dice % 2), _generator(), _commitment(), _blockTime)
        {} catch {}
    }

    function deliver(uint8 which, uint8 spoil) public {
        DemandId id = _demand(which);
        Demand memory demand = demands.demandOf(id);
        bool exists =
            demand.place.pseudonym == bytes32(0)
                ? demand.place.chunk == 0
                : demand.place.number == 1;
        bytes memory plain = demand.place.pseudonym == bytes32(0) ? _chunk() : _charge();
        bool spoilt = spoil % 2 == 1;
        if (spoilt) plain[uint256(spoil) % plain.length] ^= 0x01;
        bytes32[] memory words = _encrypt(id, plain);
        vm.prank(operator);
        try demands.deliver(id, _generator(), words) {
            _delivered[id] = words;
            isHonest[id] = exists && !spoilt;
            ++answers;
        } catch {}
    }

    function complain(uint8 which) public {
        DemandId id = _demand(which);
        uint256 before = bonds.bondOf(agreement, idOf[operator]);
        try demands.showRubbish(id, ONE_TIME_KEY, _generator(), _delivered[id]) {
            honestWasPunished = honestWasPunished || isHonest[id];
            _note(id, before);
        } catch {}
    }

    function conclude(uint8 which) public {
        DemandId id = _demand(which);
        uint256 before = bonds.bondOf(agreement, idOf[operator]);
        try demands.concludeSilence(id) {
            _note(id, before);
        } catch {}
    }

    function release(uint8 which) public {
        DemandId id = _demand(which);
        Demand memory demand = demands.demandOf(id);
        try demands.releaseDeposit(id) {
            ++releases;
            if (demand.state == DemandState.Answered) deposited += demand.deposit;
        } catch {}
    }

    function suspendOrReinstate() external {
        if (members.isActive(idOf[operator])) members.suspend(idOf[operator]);
        else members.reinstate(idOf[operator]);
    }

    function _note(DemandId id, uint256 before) private {
        uint256 taken = before - bonds.bondOf(agreement, idOf[operator]);
        if (taken == 0) return;
        bytes32 place = keccak256(abi.encode(demands.demandOf(id).place));
        punishedTwice = punishedTwice || punishmentsAt[place] > 0;
        ++punishmentsAt[place];
        ++punishments;
    }

    function _demand(uint8 which) private view returns (DemandId) {
        uint256 count = demands.demandCount();
        return count == 0 ? DemandId.wrap(bytes32(0)) : demands.demandAt(1 + (which % count));
    }

    function _generator() private pure returns (CurvePoint memory) {
        return CurvePoint(GENERATOR_X, GENERATOR_Y);
    }

    function _encrypt(
        DemandId id,
        bytes memory plain
    ) private pure returns (bytes32[] memory words) {
        address shared = address(
            uint160(uint256(keccak256(abi.encodePacked(GENERATOR_X, GENERATOR_Y))))
        );
        bytes32 key = keccak256(abi.encodePacked(bytes1(0x40), bytes1(0x01), id, shared));
        words = new bytes32[]((plain.length + 31) / 32);
        for (uint256 i = 0; i < words.length; ++i) {
            bytes32 word;
            for (uint256 j = 0; j < 32; ++j) {
                uint256 from = 32 * i + j;
                if (from < plain.length) word |= bytes32(plain[from]) >> (8 * j);
            }
            words[i] = word ^ keccak256(abi.encodePacked(bytes1(0x41), key, uint32(i)));
        }
    }

    /// @dev One charge of number 1 in a batch of depth 5; salts and other fields are what they are.
    function _commitCharge() private {
        pseudonym = keccak256(
            abi.encodePacked(Hashes.PSEUDONYM, book, subscriber, keccak256("blind"))
        );
        bytes memory account = abi.encodePacked(
            keccak256("salt"),
            pseudonym,
            uint64(1),
            uint128(5),
            bytes24(0),
            bytes16(0)
        );
        _opening = bytes.concat(
            account,
            new bytes(109),
            new bytes(133),
            abi.encodePacked(uint128(5))
        );
        _blockTime = uint64(block.timestamp);
        vm.prank(operator);
        books.commit(book, 1, _commitment());
    }

    function _commitment() private view returns (bytes32) {
        return
            Commitments.commitment(
                book,
                1,
                5,
                _root(),
                keccak256("totals"),
                keccak256("running totals")
            );
    }

    function _root() private view returns (bytes32 node) {
        bytes memory account = new bytes(128);
        for (uint256 i = 0; i < 128; ++i) account[i] = _opening[i];
        node = keccak256(
            abi.encodePacked(
                Hashes.LEAF,
                Hashes.VERSION,
                book,
                keccak256(bytes.concat(Hashes.ACCOUNT, Hashes.VERSION, account)),
                keccak256(bytes.concat(Hashes.PARTY, Hashes.VERSION, new bytes(109))),
                keccak256(bytes.concat(Hashes.CHARGE, Hashes.VERSION, new bytes(133))),
                uint128(5)
            )
        );
        bytes32[] memory siblings = _siblings();
        for (uint256 i = 0; i < 5; ++i) {
            node = keccak256(abi.encodePacked(Hashes.NODE, node, siblings[i]));
        }
    }

    function _siblings() private pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](5);
        siblings[0] = keccak256(abi.encodePacked(Hashes.FILL));
        for (uint256 i = 1; i < 5; ++i) {
            siblings[i] = keccak256(
                abi.encodePacked(Hashes.NODE, siblings[i - 1], siblings[i - 1])
            );
        }
    }

    function _batch() private view returns (bytes memory) {
        return
            abi.encodePacked(
                uint8(5),
                keccak256("totals"),
                keccak256("running totals"),
                _blockTime
            );
    }

    function _charge() private view returns (bytes memory) {
        return
            bytes.concat(
                _opening,
                abi.encodePacked(uint64(1), uint32(0)),
                _batch(),
                abi.encodePacked(_siblings())
            );
    }

    function _chunk() private view returns (bytes memory) {
        return bytes.concat(_batch(), bytes1(0x01), _opening, new bytes(31 * OPENING));
    }

    function _showStanding() private {
        bytes32 digest = _digest(
            "Tallystick Standings",
            address(standings),
            keccak256(
                abi.encode(
                    keccak256(
                        "Receipt(bytes20 book,bytes32 pseudonym,uint64 lastChargeNumber,uint64 issuedAt)"
                    ),
                    book,
                    pseudonym,
                    uint64(NUMBERS),
                    uint64(block.timestamp)
                )
            )
        );
        standings.showByReceipt(
            book,
            Owner(subscriber, keccak256("blind")),
            ReceiptStanding(
                uint64(NUMBERS),
                uint64(block.timestamp),
                operator,
                _sign(OPERATOR_KEY, digest)
            )
        );
    }

    function _digest(
        string memory name,
        address target,
        bytes32 struct_
    ) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                target
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, struct_));
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _admit(address key, uint8 roles) private {
        idOf[key] = members.admit("member", roles, IMembers.Keys(key, key, key));
    }

    function _agree() private {
        Terms memory terms;
        terms.parties = new MemberId[](2);
        (terms.parties[0], terms.parties[1]) = (idOf[operator], idOf[PARTNER]);
        terms.sides = new Side[](1);
        terms.sides[0] = Side(idOf[operator], idOf[operator]);
        terms.splits = new Split[](1);
        terms.splits[0].remainder = idOf[operator];
        terms.currency = "EUR";
        terms.token = address(token);
        terms.arbiter = idOf[ARBITER];
        terms.windows = Windows(3 days, 7 days, 30 days, 30 days, 0, 7 days, 7 days, 0);
        terms.period.zone = "Europe/Berlin";
        terms.stakes = Stakes(100, uint128(BOUNTY), uint128(PENALTY), 1e9, 5);
        vm.prank(operator);
        agreement = agreements.propose(terms);
        vm.prank(PARTNER);
        agreements.sign(agreement);
    }

    function _mayCall(
        AccessManager authority,
        address target,
        bytes4 selector,
        uint64 role
    ) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
        authority.grantRole(role, address(demands), 0);
    }
}
