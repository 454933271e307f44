// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { Forwarded } from "./Forwarded.sol";
import { IAgreements, Split } from "./interfaces/IAgreements.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ISettlement, ObligationRoute, Shares } from "./interfaces/ISettlement.sol";
import { IStatements, Obligation } from "./interfaces/IStatements.sol";
import { ExactTransfers } from "./libraries/ExactTransfers.sol";
import { Splitting } from "./libraries/Splitting.sol";
import { TokenUnits } from "./libraries/TokenUnits.sol";
import { AgreementId, MemberId, ObligationId } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {ISettlement}.
contract Settlement is ISettlement, Forwarded, ReentrancyGuard {
    using ExactTransfers for IERC20;
    using TokenUnits for uint256;

    struct Kept {
        uint128 nano;
        uint128 ofNano;
    }

    struct SetOff {
        uint128 nano;
        MemberId party;
    }

    IAgreements public immutable agreements;
    IStatements public immutable statements;

    mapping(ObligationId obligation => ObligationRoute) private _routes;
    mapping(ObligationId obligation => Kept) private _kept;
    mapping(ObligationId obligation => SetOff) private _setOffs;
    mapping(ObligationId obligation => ObligationId against) private _offers;
    mapping(address token => mapping(MemberId member => uint256 nano)) private _balances;
    mapping(AgreementId agreement => mapping(MemberId payer => uint256 nano)) private _prepaid;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IStatements statements_,
        address authority,
        address forwarder
    ) Forwarded(members_, authority, forwarder) {
        agreements = agreements_;
        statements = statements_;
    }

    /// @inheritdoc ISettlement
    function pay(ObligationId id) external nonReentrant {
        Obligation memory obligation = _known(id);
        _requireUnpaid(id, obligation.agreement);
        _requireDuty(obligation.payer, Duty.Settle);
        (address token, uint8 decimals) = agreements.tokenOf(obligation.agreement);
        (Shares memory due, uint256 dueNano) = _due(id, obligation);
        (uint256 units, uint256 prepaidNano) = _unitsDue(obligation, dueNano, decimals);
        _routes[id] = ObligationRoute.Paid;
        _prepaid[obligation.agreement][obligation.payer] = prepaidNano;
        emit ObligationPaid(id, obligation.payer, token, units);
        for (uint256 i = 0; i < due.parties.length; ++i) {
            _creditParty(id, token, due.parties[i], due.nano[i]);
        }
        if (units > 0) IERC20(token).pull(_msgSender(), units);
    }

    /// @inheritdoc ISettlement
    function setOff(ObligationId own, ObligationId against) external {
        Obligation memory mine = _known(own);
        Obligation memory theirs = _known(against);
        _requireDuty(mine.payer, Duty.Settle);
        require(mine.payer != theirs.payer, SetOffUnfit(own, against, "payer"));
        _requireDirect(own, against, own, mine.agreement);
        _requireDirect(own, against, against, theirs.agreement);
        (address token, ) = agreements.tokenOf(mine.agreement);
        (address otherToken, ) = agreements.tokenOf(theirs.agreement);
        require(token == otherToken, SetOffUnfit(own, against, "token"));
        if (ObligationId.unwrap(_offers[against]) != ObligationId.unwrap(own)) {
            _offers[own] = against;
            emit SetOffOffered(own, against);
            return;
        }
        uint256 mineToThem = _shareOf(own, theirs.payer);
        uint256 theirsToMe = _shareOf(against, mine.payer);
        uint128 amountNano = uint128(mineToThem < theirsToMe ? mineToThem : theirsToMe);
        require(amountNano > 0, SetOffUnfit(own, against, "shares"));
        _setOffs[own] = SetOff(amountNano, theirs.payer);
        _setOffs[against] = SetOff(amountNano, mine.payer);
        emit ObligationsSetOff(own, against, amountNano);
    }

    /// @inheritdoc ISettlement
    function withdraw(address token, address to) external nonReentrant {
        MemberId member = _senderHolding(Duty.Settle);
        uint8 decimals = agreements.decimalsOf(token);
        uint256 units = _balances[token][member].unitsDown(decimals);
        require(units > 0, NothingToWithdraw(member, token));
        _balances[token][member] -= units.nanoDown(decimals);
        emit Withdrawn(member, token, to, units);
        IERC20(token).push(to, units);
    }

    /// @inheritdoc ISettlement
    function takeForNetting(ObligationId id) external restricted returns (Shares memory shares) {
        Obligation memory obligation = _known(id);
        require(
            _routes[id] == ObligationRoute.Direct && agreements.isNetted(obligation.agreement),
            ObligationNotNetted(id)
        );
        shares = _shares(obligation);
        _routes[id] = ObligationRoute.Netted;
        emit ObligationNetted(id);
    }

    /// @inheritdoc ISettlement
    function fallBack(ObligationId id, uint128 keptNano, uint128 ofNano) external restricted {
        require(_routes[id] == ObligationRoute.Netted, ObligationNotNetted(id));
        _routes[id] = keptNano == ofNano ? ObligationRoute.Paid : ObligationRoute.FellBack;
        _kept[id] = Kept(keptNano, ofNano);
        emit ObligationFellBack(id, keptNano, ofNano);
    }

    /// @inheritdoc ISettlement
    function routeOf(ObligationId id) external view returns (ObligationRoute) {
        return _routes[id];
    }

    /// @inheritdoc ISettlement
    function isPaid(ObligationId id) external view returns (bool) {
        return _routes[id] == ObligationRoute.Paid;
    }

    /// @inheritdoc ISettlement
    function sharesOf(ObligationId id) external view returns (Shares memory) {
        return _shares(_known(id));
    }

    /// @inheritdoc ISettlement
    function setOffOf(ObligationId id) external view returns (uint128, MemberId) {
        SetOff memory setOff_ = _setOffs[id];
        return (setOff_.nano, setOff_.party);
    }

    /// @inheritdoc ISettlement
    function unitsDueFor(ObligationId id) external view returns (uint256 units) {
        Obligation memory obligation = _known(id);
        ObligationRoute route = _routes[id];
        if (route == ObligationRoute.Paid || route == ObligationRoute.Netted) return 0;
        (, uint8 decimals) = agreements.tokenOf(obligation.agreement);
        (, uint256 dueNano) = _due(id, obligation);
        (units, ) = _unitsDue(obligation, dueNano, decimals);
    }

    /// @inheritdoc ISettlement
    function balanceNanoOf(address token, MemberId member) external view returns (uint256) {
        return _balances[token][member];
    }

    /// @inheritdoc ISettlement
    function prepaidNanoOf(AgreementId agreement, MemberId payer) external view returns (uint256) {
        return _prepaid[agreement][payer];
    }

    /// @inheritdoc ISettlement
    function withdrawableOf(address token, MemberId member) external view returns (uint256) {
        return _balances[token][member].unitsDown(agreements.decimalsOf(token));
    }

    function _creditParty(
        ObligationId id,
        address token,
        MemberId party,
        uint256 amountNano
    ) private {
        if (amountNano == 0) return;
        _balances[token][party] += amountNano;
        emit ShareCredited(id, party, amountNano);
    }

    /// @dev The shares as they are still owed here: without what a cycle settled or was set off.
    function _due(
        ObligationId id,
        Obligation memory obligation
    ) private view returns (Shares memory due, uint256 dueNano) {
        due = _shares(obligation);
        Kept memory kept = _kept[id];
        SetOff memory setOff_ = _setOffs[id];
        uint256 left = setOff_.nano;
        for (uint256 i = 0; i < due.parties.length; ++i) {
            uint256 nano = due.nano[i];
            if (kept.ofNano > 0) {
                nano = due.parties[i] == due.payer ? 0 : nano - (nano * kept.nano) / kept.ofNano;
            }
            if (left > 0 && due.parties[i] == setOff_.party) {
                uint256 taken = left < nano ? left : nano;
                left -= taken;
                nano -= taken;
            }
            due.nano[i] = nano;
            dueNano += nano;
        }
    }

    function _shares(Obligation memory obligation) private view returns (Shares memory shares) {
        Split memory split = agreements.splitOf(obligation.agreement, obligation.split);
        (uint256[] memory sharesNano, uint256 remainderNano) = Splitting.divide(
            split,
            obligation.beforeNano,
            obligation.amountNano
        );
        uint256 count = sharesNano.length;
        shares.payer = obligation.payer;
        (shares.token, ) = agreements.tokenOf(obligation.agreement);
        shares.parties = new MemberId[](count + 1);
        shares.nano = new uint256[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            (shares.parties[i], shares.nano[i]) = (split.shares[i].party, sharesNano[i]);
        }
        (shares.parties[count], shares.nano[count]) = (split.remainder, remainderNano);
    }

    function _shareOf(ObligationId id, MemberId party) private view returns (uint256 nano) {
        Shares memory shares = _shares(_known(id));
        for (uint256 i = 0; i < shares.parties.length; ++i) {
            if (shares.parties[i] == party) nano += shares.nano[i];
        }
    }

    /// @dev Rounded up, less what was prepaid: so that what parties can withdraw is always funded.
    function _unitsDue(
        Obligation memory obligation,
        uint256 dueNano,
        uint8 decimals
    ) private view returns (uint256 units, uint256 prepaidNano) {
        prepaidNano = _prepaid[obligation.agreement][obligation.payer];
        if (dueNano <= prepaidNano) return (0, prepaidNano - dueNano);
        uint256 owedNano = dueNano - prepaidNano;
        units = owedNano.unitsUp(decimals);
        prepaidNano = units.nanoDown(decimals) - owedNano;
    }

    function _requireUnpaid(ObligationId id, AgreementId agreement) private view {
        ObligationRoute route = _routes[id];
        require(route != ObligationRoute.Paid, ObligationPaidAlready(id));
        bool direct = route == ObligationRoute.Direct && !agreements.isNetted(agreement);
        require(direct || route == ObligationRoute.FellBack, ObligationIsNetted(id));
    }

    function _requireDirect(
        ObligationId own,
        ObligationId against,
        ObligationId id,
        AgreementId agreement
    ) private view {
        require(
            _routes[id] == ObligationRoute.Direct && !agreements.isNetted(agreement),
            SetOffUnfit(own, against, "route")
        );
        require(_setOffs[id].nano == 0, SetOffUnfit(own, against, "set off already"));
    }

    function _known(ObligationId id) private view returns (Obligation memory obligation) {
        obligation = statements.obligationOf(id);
        require(obligation.amountNano > 0, ObligationUnknown(id));
    }
}
