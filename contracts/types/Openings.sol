// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BookId, ClaimId } from "./Identifiers.sol";

/// @notice The place of a running quantity before a charge moved it.
struct ScopeUse {
    bytes8 scope;
    uint64 scopeSequence;
    uint64 counterBefore;
}

/// @notice The group of a charge that decides its price (docs/PROTOCOL.md section 4).
/// @dev `start` in milliseconds; `decidingDigits` and `originDigits` as packed digits.
struct ChargeGroup {
    bytes32 salt;
    uint8 kind;
    uint8 service;
    uint8 flags;
    uint64 start;
    uint16 sessionMinutes;
    uint64 quantity;
    uint64 secondQuantity;
    uint64 decidingDigits;
    uint64 originDigits;
    bytes3 visitedNetwork;
    uint8 class;
    uint32 tariffVersion;
    ScopeUse[2] scopes;
}

/// @notice The group that stands in a credit where a charge has its charge group.
struct CreditGroup {
    bytes32 salt;
    BookId targetBook;
    uint64 targetSequence;
    uint32 targetIndex;
    uint8 reason;
    ClaimId claim;
}

/// @notice What is shown of a leaf beside its third group: two digests, never opened together with
/// it, and the amount in nano-units.
struct LeafRest {
    bytes32 account;
    bytes32 party;
    uint128 amountNano;
}

/// @notice The group of a charge that says whose it is (docs/PROTOCOL.md section 4). The running total
/// in nano-units, this charge included.
struct AccountGroup {
    bytes32 salt;
    bytes32 pseudonym;
    uint64 chargeNumber;
    uint128 runningTotalNano;
    bytes24 sourceTag;
    bytes16 deviceTag;
}

/// @notice The document of an invoice as its leaf binds it (docs/PROTOCOL.md section 7).
struct InvoiceDocument {
    bytes32 salt;
    bytes32 documentHash;
    bytes32 closingState;
}

/// @notice What an invoice binds beside its charges and its document (docs/PROTOCOL.md section 7).
struct InvoiceBody {
    bytes32 salt;
    bytes32 pseudonym;
    uint64 lastChargeNumber;
    uint64 lastCreditNumber;
    uint128 creditsNano;
    uint128 taxNano;
}

/// @notice The totals of one batch (docs/PROTOCOL.md section 6). Instants in milliseconds.
struct BatchTotals {
    bytes32 salt;
    bytes32 sumRoot;
    uint128 sumNano;
    uint64 count;
    uint64 from;
    uint64 to;
    uint64 suspended;
    uint64 oldestSuspended;
}

/// @notice What leads from a leaf to the word that the ledger keeps. `blockTime` in seconds.
struct BatchPath {
    uint8 depth;
    bytes32[] siblings;
    bytes32 totals;
    bytes32 runningTotals;
    uint64 blockTime;
}

/// @notice What opens the running totals of one batch (docs/PROTOCOL.md section 9).
struct RunningOpening {
    bytes32 root;
    uint8 depth;
    bytes32 totals;
    uint64 blockTime;
    bytes32 salt;
    uint128 sumNano;
    uint64 count;
}

/// @notice The 32 leaves of one chunk of a batch and what leads from them to the word that the ledger
/// keeps: siblings from level 5 on. `blockTime` in seconds.
struct ShownChunk {
    uint8 depth;
    bytes32[] leaves;
    bytes32[] siblings;
    bytes32 totals;
    bytes32 runningTotals;
    uint64 blockTime;
}
