import { fromHex, type Hex, PackedBytes, toHex } from "../bytes.ts";
import { BATCH_DEPTH_MIN, buildInclusionTree, rootFromPath } from "../commitment/inclusion-tree.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { hash } from "../hash.ts";

/*
 * One side's evidence in a bilateral dispute (docs/PROTOCOL.md, section 13): a root over line items on
 * the ledger, and single lines with their paths for the arbiter.
 */

export interface DisputeLine {
  /** 32 random bytes: nobody can guess a line from the others' paths. */
  salt: Uint8Array;
  /** The charge that the line is about; sequence 0 for use that was not recorded. */
  sequence: bigint;
  leafIndex: number;
  /** Milliseconds. */
  start: bigint;
  /** In the unit of the service's quantity, as this side recorded it. */
  quantity: bigint;
  /** What this side says is owed for it, in nano-units. */
  amountNano: bigint;
  /** keccak-256 of this side's own record. */
  recordHash: Uint8Array;
}

export interface EvidenceHeader {
  depth: number;
  count: number;
  totalNano: bigint;
}

export interface DisputeEvidence {
  header: EvidenceHeader;
  root: Hex;
  /** What is shown to the arbiter of one line, beside the line. */
  path(index: number): Hex[];
}

/** @param side the member whose evidence it is @param lines 1 to 2^20 */
export function disputeEvidence(
  statement: Hex,
  side: Hex,
  lines: readonly DisputeLine[],
): DisputeEvidence {
  const tree = buildInclusionTree(lines.map(disputeLineDigest), BATCH_DEPTH_MIN);
  const totalNano = lines.reduce((sum, line) => sum + line.amountNano, 0n);
  const header = { depth: tree.depth, count: lines.length, totalNano };
  return {
    header,
    root: evidenceRoot(statement, side, header, tree.root),
    path: (index) => tree.path(index).map(toHex),
  };
}

/** The evidence root that a line at this place leads to. @throws as `rootFromPath` */
export const rootOfDisputeLine = (
  statement: Hex,
  side: Hex,
  header: EvidenceHeader,
  line: DisputeLine,
  index: number,
  path: readonly Hex[],
): Hex =>
  evidenceRoot(
    statement,
    side,
    header,
    rootFromPath(
      disputeLineDigest(line),
      index,
      path.map((sibling) => fromHex(sibling, 32)),
    ),
  );

export const disputeLineDigest = (line: DisputeLine): Uint8Array =>
  hash(
    new PackedBytes()
      .unsigned(TAG.disputeLine, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(line.salt, 32)
      .unsigned(line.sequence, 8)
      .unsigned(line.leafIndex, 4)
      .unsigned(line.start, 8)
      .unsigned(line.quantity, 8)
      .unsigned(line.amountNano, 16)
      .raw(line.recordHash, 32)
      .done(),
  );

function evidenceRoot(statement: Hex, side: Hex, header: EvidenceHeader, root: Uint8Array): Hex {
  return toHex(
    hash(
      new PackedBytes()
        .unsigned(TAG.disputeRoot, 1)
        .unsigned(PROTOCOL_VERSION, 1)
        .raw(fromHex(statement, 32), 32)
        .raw(fromHex(side, 20), 20)
        .unsigned(header.depth, 1)
        .unsigned(header.count, 4)
        .unsigned(header.totalNano, 16)
        .raw(root, 32)
        .done(),
    ),
  );
}
