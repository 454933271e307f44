// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { MemberGated } from "./MemberGated.sol";
import { IAgreements, Split } from "./interfaces/IAgreements.sol";
import { Duty, IMembers } from "./interfaces/IMembers.sol";
import { ISettlement } from "./interfaces/ISettlement.sol";
import { IStatements, Obligation } from "./interfaces/IStatements.sol";
import { ExactTransfers } from "./libraries/ExactTransfers.sol";
import { Splitting } from "./libraries/Splitting.sol";
import { AgreementId, MemberId, ObligationId } from "./types/Identifiers.sol";

/// @notice What it promises, and whom it trusts, is written in {ISettlement}.
contract Settlement is ISettlement, MemberGated, ReentrancyGuard {
    using ExactTransfers for IERC20;

    uint8 private constant NANO_DECIMALS = 9;

    IAgreements public immutable agreements;
    IStatements public immutable statements;

    mapping(ObligationId obligation => bool) private _paid;
    mapping(address token => mapping(MemberId member => uint256 nano)) private _balances;
    mapping(AgreementId agreement => mapping(MemberId payer => uint256 nano)) private _prepaid;

    constructor(
        IMembers members_,
        IAgreements agreements_,
        IStatements statements_
    ) MemberGated(members_) {
        agreements = agreements_;
        statements = statements_;
    }

    /// @inheritdoc ISettlement
    function pay(ObligationId id) external nonReentrant {
        Obligation memory obligation = _known(id);
        require(!_paid[id], ObligationPaidAlready(id));
        _requireDuty(obligation.payer, Duty.Settle);
        (address token, uint8 decimals) = agreements.tokenOf(obligation.agreement);
        (uint256 units, uint256 prepaidNano) = _unitsDue(obligation, decimals);
        _paid[id] = true;
        _prepaid[obligation.agreement][obligation.payer] = prepaidNano;
        emit ObligationPaid(id, obligation.payer, token, units);
        _credit(id, obligation, token);
        if (units > 0) IERC20(token).pull(msg.sender, units);
    }

    /// @inheritdoc ISettlement
    function withdraw(address token, address to) external nonReentrant {
        MemberId member = _senderHolding(Duty.Settle);
        uint8 decimals = agreements.decimalsOf(token);
        uint256 units = _unitsDown(_balances[token][member], decimals);
        require(units > 0, NothingToWithdraw(member, token));
        _balances[token][member] -= _nanoOf(units, decimals);
        emit Withdrawn(member, token, to, units);
        IERC20(token).push(to, units);
    }

    /// @inheritdoc ISettlement
    function isPaid(ObligationId id) external view returns (bool) {
        return _paid[id];
    }

    /// @inheritdoc ISettlement
    function unitsDueFor(ObligationId id) external view returns (uint256 units) {
        Obligation memory obligation = _known(id);
        if (_paid[id]) return 0;
        (, uint8 decimals) = agreements.tokenOf(obligation.agreement);
        (units, ) = _unitsDue(obligation, decimals);
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
        return _unitsDown(_balances[token][member], agreements.decimalsOf(token));
    }

    function _credit(ObligationId id, Obligation memory obligation, address token) private {
        Split memory split = agreements.splitOf(obligation.agreement, obligation.split);
        (uint256[] memory sharesNano, uint256 remainderNano) = Splitting.divide(
            split,
            obligation.beforeNano,
            obligation.amountNano
        );
        for (uint256 i = 0; i < sharesNano.length; ++i) {
            _creditParty(id, token, split.shares[i].party, sharesNano[i]);
        }
        _creditParty(id, token, split.remainder, remainderNano);
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

    /// @dev Rounded up, less what was prepaid: so that what parties can withdraw is always funded.
    function _unitsDue(
        Obligation memory obligation,
        uint8 decimals
    ) private view returns (uint256 units, uint256 prepaidNano) {
        prepaidNano = _prepaid[obligation.agreement][obligation.payer];
        uint256 amountNano = obligation.amountNano;
        if (amountNano <= prepaidNano) return (0, prepaidNano - amountNano);
        uint256 owedNano = amountNano - prepaidNano;
        units = _unitsDown(owedNano, decimals);
        if (_nanoOf(units, decimals) < owedNano) units += 1;
        prepaidNano = _nanoOf(units, decimals) - owedNano;
    }

    function _known(ObligationId id) private view returns (Obligation memory obligation) {
        obligation = statements.obligationOf(id);
        require(obligation.amountNano > 0, ObligationUnknown(id));
    }

    function _unitsDown(uint256 nano, uint8 decimals) private pure returns (uint256) {
        return
            decimals > NANO_DECIMALS
                ? nano * 10 ** (decimals - NANO_DECIMALS)
                : nano / 10 ** (NANO_DECIMALS - decimals);
    }

    function _nanoOf(uint256 units, uint8 decimals) private pure returns (uint256) {
        return
            decimals > NANO_DECIMALS
                ? units / 10 ** (decimals - NANO_DECIMALS)
                : units * 10 ** (NANO_DECIMALS - decimals);
    }
}
