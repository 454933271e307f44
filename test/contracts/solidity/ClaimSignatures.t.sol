// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { Cheats } from "./Cheats.sol";
import { Claims } from "../../../contracts/Claims.sol";
import { IAgreements, Windows } from "../../../contracts/interfaces/IAgreements.sol";
import { IBonds } from "../../../contracts/interfaces/IBonds.sol";
import { Book, IBooks } from "../../../contracts/interfaces/IBooks.sol";
import { ClaimState, IClaims, Request } from "../../../contracts/interfaces/IClaims.sol";
import { ILedgerClock } from "../../../contracts/interfaces/ILedgerClock.sol";
import { IMembers } from "../../../contracts/interfaces/IMembers.sol";
import { IStandings } from "../../../contracts/interfaces/IStandings.sol";
import { AgreementId, BookId, ClaimId, MemberId } from "../../../contracts/types/Identifiers.sol";

/// @notice A wallet that is a contract: it agrees to one digest, and can be told to misbehave.
contract Wallet is IERC1271 {
    bytes32 public agreed;
    bool public reverts;
    bool public burnsGas;

    error Refused();

    function agreeTo(bytes32 digest) external {
        agreed = digest;
    }

    function misbehave(bool reverts_, bool burnsGas_) external {
        (reverts, burnsGas) = (reverts_, burnsGas_);
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        require(!reverts, Refused());
        if (burnsGas) {
            for (uint256 i = 0; gasleft() > 2_000; ++i) {}
        }
        return digest == agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Everything around claims that lodging one needs.
contract ClaimSurroundings {
    function bookOf(BookId) external pure returns (Book memory book) {
        book.kind = 1;
        book.operator = MemberId.wrap(bytes20(address(0x0E)));
    }

    function noteReference(BookId, uint64) external pure {}

    function ledgerTime() external view returns (uint64) {
        return uint64(block.timestamp);
    }

    function windowsOf(AgreementId) external pure returns (Windows memory windows) {
        windows.claim = 1 days;
    }

    function suspendedSecondsOf(MemberId) external pure returns (uint64) {
        return 0;
    }

    function memberOf(address) external pure returns (MemberId) {
        return MemberId.wrap(bytes20(0));
    }

    function isSubscriber(MemberId, AgreementId, address) external pure returns (bool) {
        return false;
    }
}

contract ClaimSignaturesTest is Cheats {
    uint256 private constant KEY = 0xA11CE;
    uint256 private constant ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    bytes32 private constant TYPEHASH = keccak256(
        "Claim(uint8 kind,bytes20 book,uint64 sequence,uint32 leafIndex,uint128 claimedNano,"
        "bytes32 evidenceHash,address finder,uint256 nonce,uint64 validUntil)"
    );

    Claims private claims;
    Claims private otherClaims;
    Wallet private wallet;
    address private finder;

    function setUp() public {
        claims = _newClaims();
        otherClaims = _newClaims();
        wallet = new Wallet();
        finder = vm.addr(KEY);
    }

    function test_AnyoneCarriesWhatTheFinderSigned() public {
        bytes memory signature = _signed(claims, finder, 0);
        ClaimId id = claims.claimBySignature(_request(), finder, 0, _until(), signature);
        require(claims.claimOf(id).finder == finder, "the finder's");
    }

    function test_ASignatureIsGoodOnce() public {
        bytes memory signature = _signed(claims, finder, 0);
        claims.claimBySignature(_request(), finder, 0, _until(), signature);
        vm.expectPartialRevert(Nonces.InvalidAccountNonce.selector);
        claims.claimBySignature(_request(), finder, 0, _until(), signature);
    }

    function test_ASignatureIsGoodForOneContract() public {
        bytes memory signature = _signed(claims, finder, 0);
        _refused(otherClaims, finder, signature);
    }

    function test_ASignatureIsGoodForOneChain() public {
        bytes memory signature = _signed(claims, finder, 0);
        vm.chainId(4711);
        _refused(claims, finder, signature);
    }

    function test_ASignatureIsGoodUntilItsTime() public {
        bytes memory signature = _signed(claims, finder, 0);
        uint64 until = _until();
        vm.warp(until + 1);
        vm.expectPartialRevert(IClaims.SignatureExpired.selector);
        claims.claimBySignature(_request(), finder, 0, until, signature);
    }

    function testFuzz_NothingInItCanBeChanged(uint8 field, uint64 by) public {
        bytes memory signature = _signed(claims, finder, 0);
        Request memory request = _request();
        uint64 change = uint64(within(by, 1, 1_000));
        if (field % 5 == 0) request.sequence += change;
        else if (field % 5 == 1) request.leafIndex += uint32(change);
        else if (field % 5 == 2) request.claimedNano += change;
        else if (field % 5 == 3) request.evidenceHash = bytes32(uint256(change) + 1);
        else request.book = BookId.wrap(bytes20(uint160(change)));
        vm.expectPartialRevert(IClaims.SignatureInvalid.selector);
        claims.claimBySignature(request, finder, 0, _until(), signature);
    }

    /// @dev (r, n - s) with the other v signs the same digest; only the lower half is taken.
    function test_TheMirroredSignatureIsRefused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _digest(claims, finder, 0));
        bytes32 mirrored = bytes32(ORDER - uint256(s));
        _refused(claims, finder, abi.encodePacked(r, mirrored, v == 27 ? uint8(28) : uint8(27)));
        claims.claimBySignature(_request(), finder, 0, _until(), abi.encodePacked(r, s, v));
    }

    function test_TheCompactFormIsRefused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _digest(claims, finder, 0));
        bytes32 compact = bytes32(uint256(s) | (uint256(v - 27) << 255));
        _refused(claims, finder, abi.encodePacked(r, compact));
    }

    function test_NoSignatureSpeaksForNobody() public {
        _refused(claims, address(0), new bytes(65));
        _refused(claims, address(0), "");
    }

    function test_AWalletThatIsAContractAgreesByItsOwnRule() public {
        address owner = address(wallet);
        wallet.agreeTo(_digest(claims, owner, 0));
        ClaimId id = claims.claimBySignature(_request(), owner, 0, _until(), "anything");
        require(claims.claimOf(id).finder == owner, "the wallet's");
    }

    function test_AWalletThatDoesNotAgreeIsARefusal() public {
        _refused(claims, address(wallet), "anything");
    }

    function test_AWalletThatRevertsIsARefusalAndNothingElse() public {
        wallet.agreeTo(_digest(claims, address(wallet), 0));
        wallet.misbehave(true, false);
        _refused(claims, address(wallet), "anything");
    }

    /// @dev It can burn what it is given; the sixty-fourth that the call keeps ends in a refusal.
    function test_AWalletThatBurnsItsGasLodgesNothing() public {
        wallet.misbehave(false, true);
        (bool lodged, ) = address(claims).call{ gas: 1_000_000 }(
            abi.encodeCall(
                claims.claimBySignature,
                (_request(), address(wallet), 0, _until(), "anything")
            )
        );
        require(!lodged && claims.claimCount() == 0, "nothing");
    }

    function _refused(Claims target, address signer, bytes memory signature) private {
        vm.expectPartialRevert(IClaims.SignatureInvalid.selector);
        target.claimBySignature(_request(), signer, 0, _until(), signature);
        assertEq(target.claimCount(), 0, "nothing lodged");
    }

    function _signed(
        Claims target,
        address signer,
        uint256 nonce
    ) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _digest(target, signer, nonce));
        return abi.encodePacked(r, s, v);
    }

    function _digest(Claims target, address signer, uint256 nonce) private view returns (bytes32) {
        (, string memory name, string memory version, uint256 chainId, address target_, , ) = target
            .eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                target_
            )
        );
        bytes32 claim = keccak256(abi.encode(TYPEHASH, _request(), signer, nonce, _until()));
        return keccak256(abi.encodePacked(hex"1901", domain, claim));
    }

    function _request() private pure returns (Request memory) {
        return
            Request({
                kind: 100,
                book: BookId.wrap(bytes20(uint160(0xB00C))),
                sequence: 1,
                leafIndex: 0,
                claimedNano: 7,
                evidenceHash: bytes32(uint256(1))
            });
    }

    function _until() private view returns (uint64) {
        return uint64(block.timestamp) + 1 hours;
    }

    function _newClaims() private returns (Claims) {
        address around = address(new ClaimSurroundings());
        return
            Claims(
                deployed(
                    "Claims",
                    abi.encode(
                        IMembers(around),
                        IAgreements(around),
                        IBooks(around),
                        ILedgerClock(around),
                        IBonds(around),
                        IStandings(around),
                        around,
                        address(0)
                    )
                )
            );
    }
}
