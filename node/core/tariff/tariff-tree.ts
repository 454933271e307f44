import { PackedBytes } from "../bytes.ts";
import { buildInclusionTree } from "../commitment/inclusion-tree.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { hash, hashDocument } from "../hash.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { CompiledTariff } from "./compile.ts";
import type { TariffDocument } from "./document.ts";
import { calendarRowDigest, intervalRowDigest, priceRowDigest } from "./rows.ts";

/** What the tariff root hashes (docs/PROTOCOL.md, section 8). */
export interface TariffHeader {
  currency: string;
  depth: number;
  count: number;
  rowsRoot: Uint8Array;
  documentHash: Uint8Array;
}

export interface TariffTree {
  header: TariffHeader;
  root: Uint8Array;
  /** Siblings of a row by its place among all rows, as `Rated.rows` names it. */
  path(row: number): Uint8Array[];
}

/** keccak-256 of the document in canonical form. */
export function tariffDocumentHash(document: TariffDocument): Uint8Array {
  return hashDocument(new TextEncoder().encode(canonicalJson(document)));
}

export function tariffRoot(header: TariffHeader): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.tariffRoot, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(new TextEncoder().encode(header.currency), 3)
      .unsigned(header.depth, 1)
      .unsigned(header.count, 4)
      .raw(header.rowsRoot, 32)
      .raw(header.documentHash, 32),
  );
}

/** The tree over all rows: interval rows, then calendar rows, then price rows. */
export function buildTariffTree(tariff: CompiledTariff): TariffTree {
  const leaves = [
    ...tariff.intervalRows.map(intervalRowDigest),
    ...tariff.calendarRows.map(calendarRowDigest),
    ...tariff.priceRows.map(priceRowDigest),
  ];
  const tree = buildInclusionTree(leaves, 0);
  const header: TariffHeader = {
    currency: tariff.currency,
    depth: tree.depth,
    count: leaves.length,
    rowsRoot: tree.root,
    documentHash: tariffDocumentHash(tariff.document),
  };
  return { header, root: tariffRoot(header), path: (row) => tree.path(row) };
}
