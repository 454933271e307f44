// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Cheats } from "./Cheats.sol";
import { DemandHandler } from "./DemandHandler.sol";
import { DemandState } from "../../../contracts/interfaces/IDemands.sol";
import { DemandId } from "../../../contracts/types/Identifiers.sol";

/// @notice What docs/INVARIANTS.md says of demands, one function for each name.
contract DemandInvariants is Cheats {
    uint256 private constant BOUNTY = 20;
    uint256 private constant PENALTY = 10;
    uint256 private constant OPEN_MAX = 8;

    DemandHandler private handler;

    function setUp() public {
        handler = DemandHandler(deployed("DemandHandler", ""));
    }

    /// @dev Steps that never got anywhere would let every invariant hold.
    function test_TheStepsReachWhatTheInvariantsSpeakOf() public {
        handler.demandCharge(0);
        handler.deliver(0, 0);
        handler.complain(0);
        require(handler.punishments() == 0 && handler.answers() == 1, "honest");
        handler.demandCharge(1);
        handler.deliver(1, 1);
        handler.complain(1);
        require(handler.punishments() == 1, "rubbish");
        handler.demandCharge(1);
        handler.passLong();
        handler.conclude(2);
        require(handler.punishments() == 1, "the same place again");
        handler.demandChunk(0);
        require(handler.demands().depositsOf(address(handler.token())) == BOUNTY, "deposit");
        handler.deliver(3, 0);
        handler.complain(3);
        handler.passLong();
        handler.release(3);
        require(handler.releases() == 1 && handler.punishments() == 1, "released");
        handler.demandChunk(1);
        handler.passLong();
        handler.conclude(4);
        handler.release(4);
        require(handler.releases() == 2 && handler.punishments() == 2, "withheld");
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_I40_DepositsAreWhatDemandsHolds() external view {
        uint256 open;
        for (uint256 i = 1; i <= handler.demands().demandCount(); ++i) {
            open += handler.demands().demandOf(handler.demands().demandAt(i)).deposit;
        }
        address token = address(handler.token());
        require(handler.demands().depositsOf(token) == open, "open deposits");
        require(handler.token().balanceOf(address(handler.demands())) == open, "held");
    }

    function invariant_I41_BondsAreConservedOverDemands() external view {
        address token = address(handler.token());
        uint256 bond = handler.bonds().bondOf(
            handler.agreement(),
            handler.idOf(handler.operator())
        );
        uint256 bounties =
            handler.bonds().bountyOf(token, handler.subscriber()) +
                handler.bonds().bountyOf(token, handler.PARTNER());
        uint256 fund = handler.bonds().fundOf(token);
        require(bond + bounties + fund == handler.deposited(), "conserved");
        require(handler.token().balanceOf(address(handler.bonds())) == handler.deposited(), "held");
        require(bounties + fund <= handler.punishments() * (BOUNTY + PENALTY), "no more than due");
    }

    function invariant_I42_EachPlaceIsPunishedOnceAndHonestAnswersNever() external view {
        require(!handler.punishedTwice(), "twice");
        require(!handler.honestWasPunished(), "honest");
    }

    function invariant_I43_FewDemandsAreOpenAtATime() external view {
        uint256 open;
        for (uint256 i = 1; i <= handler.demands().demandCount(); ++i) {
            DemandId id = handler.demands().demandAt(i);
            if (handler.demands().demandOf(id).place.pseudonym == bytes32(0)) continue;
            if (handler.demands().demandOf(id).state == DemandState.Asked) ++open;
        }
        require(open == handler.demands().openDemandsOf(handler.pseudonym()), "counted");
        require(open <= OPEN_MAX, "bounded");
    }
}
