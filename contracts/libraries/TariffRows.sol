// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    CalendarRow,
    IntervalRow,
    PriceEvidence,
    PriceRow,
    RowPath,
    TariffHeader
} from "../types/Rows.sol";
import { Hashes } from "./Hashes.sol";
import { InclusionProof } from "./InclusionProof.sol";

/// @notice Digests of tariff rows and their place under a published root (docs/PROTOCOL.md section 8).
library TariffRows {
    error RowNotInTariff(bytes32 row, uint32 index);
    error RowBeyondCount(uint32 count, uint32 index);

    function digest(IntervalRow memory row) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.INTERVAL_ROW,
                    Hashes.VERSION,
                    row.service,
                    row.direction,
                    row.low,
                    row.high,
                    row.zone
                )
            );
    }

    function digest(CalendarRow memory row) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(Hashes.CALENDAR_ROW, Hashes.VERSION, row.from, row.to, row.band)
            );
    }

    function digest(PriceRow memory row) internal pure returns (bytes32) {
        return
            keccak256(
                bytes.concat(
                    abi.encodePacked(
                        Hashes.PRICE_ROW,
                        Hashes.VERSION,
                        row.zone,
                        row.area,
                        row.origin,
                        row.band,
                        row.class,
                        row.kind,
                        row.provable
                    ),
                    abi.encodePacked(
                        row.price,
                        row.per,
                        row.setUp,
                        row.first,
                        row.step,
                        row.minimum,
                        row.maximum
                    ),
                    abi.encodePacked(row.tierFrom, row.tierTo, row.mode, row.scale, row.split)
                )
            );
    }

    function root(TariffHeader memory header) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    Hashes.TARIFF_ROOT,
                    Hashes.VERSION,
                    header.currency,
                    header.depth,
                    header.count,
                    header.rowsRoot,
                    header.documentHash
                )
            );
    }

    /// @dev Reverts unless every row stands at its index under the header's root.
    function requireRows(PriceEvidence memory evidence) internal pure {
        TariffHeader memory header = evidence.header;
        requireRow(header, digest(evidence.interval), evidence.intervalPath);
        requireRow(header, digest(evidence.calendar), evidence.calendarPath);
        requireRow(header, digest(evidence.price), evidence.pricePath);
        for (uint256 i = 0; i < evidence.further.length; ++i) {
            requireRow(header, digest(evidence.further[i].row), evidence.further[i].path);
        }
    }

    /// @dev Reverts unless the row stands at its index under the header's root.
    function requireRow(
        TariffHeader memory header,
        bytes32 row,
        RowPath memory path
    ) internal pure {
        require(path.index < header.count, RowBeyondCount(header.count, path.index));
        require(
            InclusionProof.rootOfRows(row, path.index, header.depth, path.siblings) ==
                header.rowsRoot,
            RowNotInTariff(row, path.index)
        );
    }
}
