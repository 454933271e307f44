import { type Hex, toHex } from "../../core/bytes.ts";
import { versionInForce } from "../../core/evidence/check-price.ts";
import { CompiledRater } from "../../core/rating/compiled-rater.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { TariffDocument } from "../../core/tariff/document.ts";
import { buildTariffTree, type TariffTree } from "../../core/tariff/tariff-tree.ts";

export interface ShelvedTariff {
  version: number;
  validFromSeconds: bigint;
  compiled: CompiledTariff;
  rater: CompiledRater;
  document: TariffDocument;
  root: Hex;
  tree: TariffTree;
}

/** The published versions of one agreement's tariff, compiled once. */
export class TariffShelf {
  readonly versions: readonly ShelvedTariff[];

  /** @throws TallystickError when a document is no valid tariff */
  constructor(published: { version: number; validFromSeconds: bigint; document: unknown }[]) {
    this.versions = published.map(({ version, validFromSeconds, document }) => {
      const compiled = compileTariff(document, version);
      const tree = buildTariffTree(compiled);
      return {
        version,
        validFromSeconds,
        compiled,
        rater: new CompiledRater(compiled),
        document: compiled.document,
        root: toHex(tree.root),
        tree,
      };
    });
  }

  inForce(startMilliseconds: number): ShelvedTariff | undefined {
    return versionInForce(this.versions, BigInt(startMilliseconds));
  }

  /** Around an instant, the stretch of time (half-open, milliseconds) in which no other version begins. */
  spanAround(startMilliseconds: number): { from: number; to: number } {
    let from = Number.NEGATIVE_INFINITY;
    let to = Number.POSITIVE_INFINITY;
    for (const { validFromSeconds } of this.versions) {
      const begins = 1000 * Number(validFromSeconds);
      if (begins <= startMilliseconds) from = Math.max(from, begins);
      else to = Math.min(to, begins);
    }
    return { from, to };
  }
}
