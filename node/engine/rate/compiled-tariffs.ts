import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import type { TariffVersions } from "./tariff-pricers.ts";
import type { PublishedDocument } from "./tariff-shelf.ts";

interface CompiledVersion {
  version: number;
  validFromSeconds: bigint;
  compiled: CompiledTariff;
}

/** The published versions of a tariff without their trees: for who prices and proves nothing. */
export class CompiledTariffs implements TariffVersions {
  #versions: readonly CompiledVersion[];
  readonly #onAdd: ((version: CompiledVersion) => void)[] = [];

  /** @throws TallystickError when a document is no valid tariff */
  constructor(published: readonly PublishedDocument[]) {
    this.#versions = published.map(compiled).sort((a, b) => a.version - b.version);
  }

  get versions(): readonly CompiledVersion[] {
    return this.#versions;
  }

  onAdd(fits: (version: CompiledVersion) => void): void {
    this.#onAdd.push(fits);
  }

  /**
   * A version that came while this runs; one that is known changes nothing.
   * @throws TallystickError when it is no valid tariff, or does not fit who uses it; it is not added then
   */
  add(published: PublishedDocument): void {
    if (this.#versions.some(({ version }) => version === published.version)) return;
    const added = compiled(published);
    for (const fits of this.#onAdd) fits(added);
    this.#versions = [...this.#versions, added].sort((a, b) => a.version - b.version);
  }

  /** The newest version that had begun by then. */
  inForce(startMilliseconds: number): { version: number } | undefined {
    return this.#versions.findLast(
      (one) => 1000 * Number(one.validFromSeconds) <= startMilliseconds,
    );
  }
}

const compiled = ({ version, validFromSeconds, document }: PublishedDocument): CompiledVersion => ({
  version,
  validFromSeconds,
  compiled: compileTariff(document, version),
});
