// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BookId } from "../types/Identifiers.sol";

/// @title Whether delivered evidence is what was demanded
/// @notice Stateless: it reads the bytes of docs/PROTOCOL.md section 12, hashes every group again and
/// compares with the seals that the books keep. It never reverts over what was delivered: whatever
/// does not lead to a kept seal does not open the demand. Trust: nobody controls it.
interface IDeliveries {
    /// @return Whether the bytes open the charge with this number of this pseudonym, in any batch.
    function opensCharge(
        BookId book,
        bytes32 pseudonym,
        uint64 chargeNumber,
        bytes calldata plain
    ) external view returns (bool);

    /// @return Whether the bytes open the 32 leaves from 32 · chunk of this batch.
    function opensChunk(
        BookId book,
        uint64 sequence,
        uint32 chunk,
        bytes calldata plain
    ) external view returns (bool);
}
