import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { TariffVersions } from "./tariff-pricers.ts";

/** The published versions of a tariff without their trees: for who prices and proves nothing. */
export class CompiledTariffs implements TariffVersions {
  readonly versions: readonly {
    version: number;
    validFromMilliseconds: number;
    compiled: CompiledTariff;
  }[];

  /** @throws TallystickError when a document is no valid tariff */
  constructor(published: { version: number; validFromSeconds: bigint; document: unknown }[]) {
    this.versions = published
      .map(({ version, validFromSeconds, document }) => ({
        version,
        validFromMilliseconds: Number(validFromSeconds) * 1000,
        compiled: compileTariff(document, version),
      }))
      .sort((a, b) => a.version - b.version);
  }

  /** The newest version that had begun by then. */
  inForce(startMilliseconds: number): { version: number } | undefined {
    return this.versions.findLast((one) => one.validFromMilliseconds <= startMilliseconds);
  }
}
