// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC2771Forwarder } from "@openzeppelin/contracts/metatx/ERC2771Forwarder.sol";
import { Deployments } from "./Deployments.sol";
import { ClaimSurroundings } from "./ClaimSignatures.t.sol";
import { HostileToken } from "./HostileTokens.sol";
import { Surroundings } from "./Settlement.t.sol";
import { Claims } from "../../../contracts/Claims.sol";
import { Settlement } from "../../../contracts/Settlement.sol";
import { IAgreements } from "../../../contracts/interfaces/IAgreements.sol";
import { IBonds } from "../../../contracts/interfaces/IBonds.sol";
import { IBooks } from "../../../contracts/interfaces/IBooks.sol";
import { ILedgerClock } from "../../../contracts/interfaces/ILedgerClock.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { ISettlement } from "../../../contracts/interfaces/ISettlement.sol";
import { IStandings } from "../../../contracts/interfaces/IStandings.sol";
import { BookId, MemberId, ObligationId } from "../../../contracts/types/Identifiers.sol";

/// @notice Calls that somebody signed and anybody carries.
contract ForwardingTest is Deployments {
    uint256 private constant KEY = 0xC17;
    address private constant PAYER = address(0xFA7);
    address private constant THIEF = address(0x7E1F);
    address private constant PURSE = address(0x9A5E);
    bytes32 private constant TYPEHASH = keccak256(
        "ForwardRequest(address from,address to,uint256 value,uint256 gas,uint256 nonce,"
        "uint48 deadline,bytes data)"
    );
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    ERC2771Forwarder private forwarder;
    HostileToken private token;
    Surroundings private around;
    Settlement private settlement;
    Claims private claims;
    address private payee;

    function setUp() public {
        forwarder = ERC2771Forwarder(
            deployed("ERC2771Forwarder", abi.encode("Tallystick Forwarder"))
        );
        token = new HostileToken(6);
        around = new Surroundings(address(token), 6);
        settlement = _newSettlement();
        claims = _newClaims();
        payee = vm.addr(KEY);
        around.splitRestTo(payee);
        token.mint(PAYER, 1e12);
        vm.prank(PAYER);
        token.approve(address(settlement), type(uint256).max);
        _payOne(1);
    }

    function test_AWithdrawalIsCarriedByAnybody() public {
        uint256 due = settlement.withdrawableOf(address(token), _member(payee));
        require(due > 0, "something is due");
        vm.prank(THIEF);
        forwarder.execute(_withdrawal(1 hours));
        assertEq(token.balanceOf(PURSE), due, "to whom the payee chose");
        assertEq(settlement.withdrawableOf(address(token), _member(payee)), 0, "taken");
    }

    function test_AClaimIsCarriedAndItsBountyIsTheSigners() public {
        forwarder.execute(_signed(KEY, address(claims), _claimCall(), _until(1 hours)));
        address finder = claims.claimOf(claims.claimAt(1)).finder;
        require(finder == payee, "the signer, not the carrier");
    }

    function test_ACarriedCallIsGoodOnce() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        forwarder.execute(request);
        _payOne(2);
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    function test_ACarriedCallIsGoodForOneChain() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        vm.chainId(99);
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    function test_ACarriedCallIsGoodForOneForwarder() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        ERC2771Forwarder other = ERC2771Forwarder(
            deployed("ERC2771Forwarder", abi.encode("Tallystick Forwarder"))
        );
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771UntrustfulTarget.selector);
        other.execute(request);
    }

    function test_ACarriedCallIsGoodForOneContract() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        request.to = address(_newSettlement());
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    function test_ACarriedCallIsGoodUntilItsDeadline() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 days);
        vm.warp(block.timestamp + 1 days + 1);
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderExpiredRequest.selector);
        forwarder.execute(request);
        request.deadline += 2 days;
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    function test_NothingInACarriedCallCanBeChanged() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        request.data = abi.encodeCall(settlement.withdraw, (address(token), THIEF));
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
        request = _withdrawal(1 hours);
        request.from = PAYER;
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
        request = _withdrawal(1 hours);
        request.gas += 1;
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    function test_ASuffixFromAnybodyElseIsNothing() public {
        uint256 due = settlement.withdrawableOf(address(token), _member(payee));
        bytes memory call = abi.encodePacked(
            abi.encodeCall(settlement.withdraw, (address(token), THIEF)),
            payee
        );
        vm.prank(THIEF);
        (bool succeeded, bytes memory refusal) = address(settlement).call(call);
        require(!succeeded, "refused");
        require(bytes4(refusal) == ISettlement.NothingToWithdraw.selector, "as the thief's own");
        assertEq(settlement.withdrawableOf(address(token), _member(payee)), due, "kept");
    }

    /// @dev As a forwarder does, but it is not the one that was named.
    function test_ASuffixFromAnotherForwarderIsNothing() public {
        ERC2771Forwarder other = ERC2771Forwarder(
            deployed("ERC2771Forwarder", abi.encode("Tallystick Forwarder"))
        );
        bytes memory call = abi.encodePacked(
            abi.encodeCall(settlement.withdraw, (address(token), THIEF)),
            payee
        );
        vm.prank(address(other));
        (bool succeeded, ) = address(settlement).call(call);
        require(!succeeded, "refused");
    }

    function test_NobodySignsForTheAddressOfNobody() public {
        ERC2771Forwarder.ForwardRequestData memory request = _withdrawal(1 hours);
        request.from = address(0);
        request.signature = new bytes(65);
        vm.expectPartialRevert(ERC2771Forwarder.ERC2771ForwarderInvalidSigner.selector);
        forwarder.execute(request);
    }

    /// @dev What the signer may not do, it may not do by another's hands.
    function test_ACarriedCallIsRefusedAsTheSignersOwnWouldBe() public {
        ERC2771Forwarder.ForwardRequestData memory request = _signed(
            0xBAD,
            address(settlement),
            abi.encodeCall(settlement.pay, (ObligationId.wrap(bytes32(uint256(1))))),
            _until(1 hours)
        );
        vm.expectRevert();
        forwarder.execute(request);
    }

    function _payOne(uint256 id) private {
        around.oblige(bytes32(id), PAYER, 1e9);
        vm.prank(PAYER);
        settlement.pay(ObligationId.wrap(bytes32(id)));
    }

    function _withdrawal(
        uint256 length
    ) private view returns (ERC2771Forwarder.ForwardRequestData memory) {
        bytes memory call = abi.encodeCall(settlement.withdraw, (address(token), PURSE));
        return _signed(KEY, address(settlement), call, _until(length));
    }

    function _claimCall() private view returns (bytes memory) {
        return
            abi.encodeCall(
                claims.claim,
                (100, BookId.wrap(bytes20(address(0xB00C))), 1, 0, 7, bytes32(uint256(1)))
            );
    }

    function _signed(
        uint256 key,
        address to,
        bytes memory data,
        uint48 deadline
    ) private view returns (ERC2771Forwarder.ForwardRequestData memory request) {
        request.from = vm.addr(key);
        request.to = to;
        request.gas = 1_000_000;
        request.deadline = deadline;
        request.data = data;
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256("Tallystick Forwarder"),
                keccak256("1"),
                block.chainid,
                address(forwarder)
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                TYPEHASH,
                request.from,
                to,
                uint256(0),
                request.gas,
                forwarder.nonces(request.from),
                deadline,
                keccak256(data)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        request.signature = abi.encodePacked(r, s, v);
    }

    function _newSettlement() private returns (Settlement) {
        return _settlementOver(address(around), address(this), address(forwarder));
    }

    function _newClaims() private returns (Claims) {
        address claimed = address(new ClaimSurroundings());
        return
            Claims(
                deployed(
                    "Claims",
                    abi.encode(
                        IMembers(claimed),
                        IAgreements(claimed),
                        IBooks(claimed),
                        ILedgerClock(claimed),
                        IBonds(claimed),
                        IStandings(claimed),
                        claimed,
                        address(forwarder)
                    )
                )
            );
    }

    function _until(uint256 length) private view returns (uint48) {
        return uint48(block.timestamp + length);
    }

    function _member(address key) private pure returns (MemberId) {
        return MemberId.wrap(bytes20(key));
    }
}
